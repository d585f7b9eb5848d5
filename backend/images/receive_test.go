package images

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// newReceiver gives a library over a pool in whose folder it can make files.
func newReceiver(t *testing.T) (*Library, labtest.Placing) {
	t.Helper()
	p := labtest.Placing{Pool: labtest.NewWorld().Pool, Dir: t.TempDir() + "/incoming"}
	return New(p, t.TempDir()+"/images"), p
}

func TestReceiver(t *testing.T) {
	if testing.Short() {
		t.Skip("needs qemu-img; run without -short")
	}
	labtest.ReceiverSuite(t, func(t *testing.T) (lab.Receiver, lab.Pool) { return newReceiver(t) })
	labtest.ReceiverSuite(t, func(t *testing.T) (lab.Receiver, lab.Pool) { // where files can not be moved into the pool
		l, w := newLibrary(t)
		return l, w.Pool
	})
}

func mustReceive(t *testing.T, l *Library) *reception {
	t.Helper()
	r, err := l.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.(*reception)
}

// What is zero takes no room, wherever it is.
func TestReceivedHoles(t *testing.T) {
	l, _ := newReceiver(t)
	r := mustReceive(t, l)
	content := make([]byte, 32*mib+7)
	copy(content[5*mib+1:], "something")
	if err := r.Take(t.Context(), "disk", int64(len(content)), bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(r.Path("disk"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d other bytes, %v", len(got), err)
	}
	info, err := os.Stat(r.Path("disk"))
	if err != nil {
		t.Fatal(err)
	}
	if taken := info.Sys().(*syscall.Stat_t).Blocks * 512; taken > mib {
		t.Errorf("%d bytes are taken by %d, nearly all of them zero", taken, len(content))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// A reception whose process died is swept, and one at work is left.
func TestReceptionsAreSwept(t *testing.T) {
	l, p := newReceiver(t)
	alive, dead := mustReceive(t, l), mustReceive(t, l)
	for _, r := range []*reception{alive, dead} {
		if err := r.Take(t.Context(), "disk", 4, strings.NewReader("disk")); err != nil {
			t.Fatal(err)
		}
	}
	dead.unlock()
	if err := l.SweepReceptions(t.Context()); err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(p.Dir + "/" + receptionPrefix + "*")
	if err != nil || len(left) != 2 || !slices.Contains(left, alive.stage.dir) {
		t.Errorf("got %v, %v, want the reception at work and its lock", left, err)
	}
	interrupted, err := l.Interrupted(t.Context())
	if err != nil || len(interrupted) != 0 {
		t.Errorf("got %v, %v, want no addition", interrupted, err)
	}
	if err := alive.Close(); err != nil {
		t.Error(err)
	}
}

// A disk that fills up in the middle is told, and its reception closes whole.
func TestReceptionOnAFullDisk(t *testing.T) {
	l, _ := newReceiver(t)
	r := mustReceive(t, l)
	if err := os.Symlink("/dev/full", r.Path("disk")); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(r.Path("disk"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.fill(t.Context(), f, bytes.NewReader(bytes.Repeat([]byte("x"), mib)))
	if lab.KindOf(err) != lab.KindUnavailable || lab.ProblemOf(err).Hint == "" {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if err := errors.Join(f.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}

// A received base is moved into the pool, not copied.
func TestReceivedBase(t *testing.T) {
	l, p := newReceiver(t)
	l.inspect = func(context.Context, *os.File) error { return nil }
	r := mustReceive(t, l)
	content := labtest.QCOW2(8*mib, labtest.NoFlaw)
	if err := r.Take(t.Context(), "base", int64(len(content)), bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	image, err := l.Add(t.Context(), lab.Addition{Name: "base", Path: r.Path("base"), Link: true}, nil)
	if err != nil || image.State != lab.ImageReady || len(p.Names()) != 1 {
		t.Errorf("got %+v, %v, volumes %v, want the base", image, err, p.Names())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
