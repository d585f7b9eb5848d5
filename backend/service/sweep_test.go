package service

import (
	"context"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// hurried is a hypervisor for a person who only wants the list: as soon as the
// nodes are read, the service is to end.
type hurried struct {
	lab.Hypervisor
	leave func()
}

func (h hurried) Domains(ctx context.Context) ([]lab.Domain, error) {
	defer h.leave()
	return h.Hypervisor.Domains(ctx)
}

// A run that is over when its nodes are read has swept all the same: else
// nothing would, where only the command line is used.
func TestShortRunSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		h := mustEnter(t, w, Options{})
		orphan := (&lab.NodeSpec{ID: "11111111-1111-4111-8111-111111111111"}).OverlayVolume(1)
		if _, err := w.Pool.CreateOverlay(t.Context(), orphan, h.made("web", "").Base); err != nil {
			t.Fatal(err)
		}
		h.leave()

		ctx, leave := context.WithCancel(t.Context())
		s := New(Options{Hypervisor: hurried{w.Hypervisor, leave}, Pool: w.Pool, Library: w.Library, Store: w.Store})
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if _, ok := w.Pool.Read(orphan); ok {
			t.Error("the orphan is still there")
		}
	})
}
