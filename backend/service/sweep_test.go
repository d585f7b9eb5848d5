package service

import (
	"context"
	"strings"
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
		if _, err := w.Pool.CreateOverlay(t.Context(), orphan, h.made("web", "").Base, 0); err != nil {
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

// What somebody wrote is deleted only where a sound node says that it is not
// its disk; otherwise it is told.
func TestSweepKeepsWhatWasWritten(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web, db := h.made("web", "file"), h.made("db", "file")
		stranger := &lab.NodeSpec{ID: "11111111-1111-4111-8111-111111111111"}
		written, empty, left := stranger.OverlayVolume(1), stranger.OverlayVolume(2), web.OverlayVolume(7)
		doubtful := db.OverlayVolume(7)
		for _, volume := range []string{written, empty, left, doubtful} {
			if _, err := h.Pool.CreateOverlay(h.Context(), volume, web.Base, 0); err != nil {
				t.Fatal(err)
			}
			if volume != empty {
				h.Pool.Write(volume, "thesis")
			}
		}
		h.Hypervisor.Spoil(db.ID, &lab.Problem{Kind: lab.KindInvalid, Message: "the metadata is damaged"})
		h.leave()
		h = mustEnter(t, h.World, Options{})
		for volume, want := range map[string]bool{
			written: true, doubtful: true, empty: false, left: false,
			web.OverlayVolume(1): true, db.OverlayVolume(1): true,
		} {
			if _, got := h.Pool.Read(volume); got != want {
				t.Errorf("%s is there: %v, want %v", volume, got, want)
			}
		}
		if told := h.check("orphans"); told.Status != lab.CheckWarning || !strings.Contains(told.Remedy, written) {
			t.Errorf("got %+v, want to be told of %s", told, written)
		}
	})
}
