package images

import (
	"context"
	"os"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// newLibrary gives a library on a fake pool. Without -short qemu-img is used.
func newLibrary(t *testing.T) (*Library, *labtest.World) {
	t.Helper()
	w := labtest.NewWorld()
	l := New(w.Pool, t.TempDir()+"/images")
	if testing.Short() {
		l.inspect = func(context.Context, *os.File) error { return nil }
	}
	return l, w
}

func TestConformance(t *testing.T) {
	labtest.LibrarySuite(t, func(t *testing.T) (lab.Library, lab.Pool) {
		l, w := newLibrary(t)
		return l, w.Pool
	})
}
