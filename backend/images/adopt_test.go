package images

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// placingLibrary is a library whose pool's folder can be written to.
func placingLibrary(t *testing.T) (*Library, *labtest.World) {
	t.Helper()
	w := labtest.NewWorld()
	dir := t.TempDir()
	return New(labtest.Placing{Pool: w.Pool, Dir: filepath.Join(dir, "incoming")}, filepath.Join(dir, "images")), w
}

func TestAdopter(t *testing.T) {
	needsQEMUImg(t)
	for name, fresh := range map[string]func(*testing.T) (*Library, *labtest.World){"placing": placingLibrary, "uploading": newLibrary} {
		t.Run(name, func(t *testing.T) {
			labtest.AdopterSuite(t, func(t *testing.T) (labtest.AdoptingLibrary, lab.Pool) {
				l, w := fresh(t)
				return l, w.Pool
			})
		})
	}
}

// mustPrototype makes a base and an overlay on it that has content, in a folder.
func mustPrototype(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	mustRunIn(t, dir, "qemu-img", "create", "-q", "-f", qcow2, "base.qcow2", "16M")
	mustRunIn(t, dir, "qemu-io", "-f", qcow2, "-c", "write -P 0x11 0 4M", "base.qcow2")
	mustRunIn(t, dir, "qemu-img", "create", "-q", "-f", qcow2, "-b", "base.qcow2", "-F", qcow2, "overlay.qcow2", "32M")
	mustRunIn(t, dir, "qemu-io", "-f", qcow2, "-c", "write -P 0x5a 2M 1M", "-c", "write -P 0x5b 20M 64k", "overlay.qcow2")
	return dir
}

// TestAdoptedDiskIsTheSame takes in an overlay with content: on our copy of its
// base it is the same disk, bit for bit.
func TestAdoptedDiskIsTheSame(t *testing.T) {
	needsQEMUImg(t)
	dir := mustPrototype(t)
	l, w := placingLibrary(t)
	base := mustAdd(t, l, "base", filepath.Join(dir, "base.qcow2"))
	name := labtest.OverlayName()
	v, err := l.Adopt(t.Context(), lab.Adoption{Volume: name, Path: filepath.Join(dir, "overlay.qcow2"), Base: base.Volume}, nil)
	if err != nil || v.Backing != base.Path {
		t.Fatalf("got %+v, %v, want it on %s", v, err, base.Path)
	}
	content, ok := w.Pool.Read(name)
	if !ok {
		t.Fatal("there is no volume")
	}
	ours := filepath.Join(dir, "ours.qcow2")
	if err := os.WriteFile(ours, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRunIn(t, dir, "qemu-img", "rebase", "-u", "-f", qcow2, "-b", "base.qcow2", "-F", qcow2, ours)
	mustRunIn(t, dir, "qemu-img", "compare", "-f", qcow2, "-F", qcow2, "overlay.qcow2", ours)
}

// TestAdoptRefuses: a file that a machine writes to, one whose base is never
// looked at, and one for which there is no room. Nothing is left of any.
func TestAdoptRefuses(t *testing.T) {
	needsQEMUImg(t)
	dir := mustPrototype(t)
	overlay := filepath.Join(dir, "overlay.qcow2")
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, l *Library)
		want    lab.Kind
		says    string
	}{
		"running": {func(t *testing.T, _ *Library) { mustHoldOpen(t, overlay) }, lab.KindBusy, "a running machine writes to it"},
		"no room": {func(_ *testing.T, l *Library) { l.free = func(string) (int64, error) { return reserveBytes, nil } }, lab.KindUnavailable, "no room"},
	} {
		t.Run(name, func(t *testing.T) {
			l, w := placingLibrary(t)
			base := mustAdd(t, l, "base", filepath.Join(dir, "base.qcow2"))
			tt.prepare(t, l)
			_, err := l.Adopt(t.Context(), lab.Adoption{Volume: labtest.OverlayName(), Path: overlay, Base: base.Volume}, nil)
			if lab.KindOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) || lab.ProblemOf(err).Hint == "" {
				t.Errorf("got %v, want %s saying %q with a hint", err, tt.want, tt.says)
			}
			left, err := l.Unsettled(t.Context())
			if names := w.Pool.Names(); len(names) != 1 || len(left) > 0 || err != nil {
				t.Errorf("got volumes %v, unsettled %v, %v, want the base alone", names, left, err)
			}
		})
	}
}

// TestAdoptOpensNoBase: what an overlay calls its base may be anything.
func TestAdoptOpensNoBase(t *testing.T) {
	needsQEMUImg(t)
	dir := mustPrototype(t)
	overlay := filepath.Join(dir, "overlay.qcow2")
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil { // whoever opens it waits for ever
		t.Fatal(err)
	}
	mustRunIn(t, dir, "qemu-img", "rebase", "-u", "-f", qcow2, "-b", pipe, "-F", qcow2, overlay)
	l, _ := placingLibrary(t)
	base := mustAdd(t, l, "base", filepath.Join(dir, "base.qcow2"))
	if got, err := l.Inspect(t.Context(), overlay); err != nil || got.Backing != pipe || got.BackingFormat != qcow2 {
		t.Errorf("got %+v, %v, want the pipe told", got, err)
	}
	if _, err := l.Adopt(t.Context(), lab.Adoption{Volume: labtest.OverlayName(), Path: overlay, Base: base.Volume}, nil); err != nil {
		t.Error(err)
	}
}

// mustHoldOpen has a file open for writing, as QEMU has the disk of a machine.
func mustHoldOpen(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "qemu-io", "-f", qcow2, path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = in.Close()
		_ = cmd.Wait() // it was killed
	})
	if _, err := in.Write([]byte("length\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has opened the file
		t.Fatal(err)
	}
}

// TestLinkedBase: a base that may be taken as it is becomes the image without a
// copy, and is still where it was.
func TestLinkedBase(t *testing.T) {
	l, w := placingLibrary(t)
	if testing.Short() {
		l.inspect = func(context.Context, *os.File) error { return nil }
	}
	dir := filepath.Dir(l.dir)
	path := filepath.Join(dir, "base.qcow2")
	if err := os.WriteFile(path, labtest.QCOW2(8*mib, labtest.NoFlaw), 0o600); err != nil {
		t.Fatal(err)
	}
	if near, err := l.Near(t.Context(), path); err != nil || !near {
		t.Errorf("got %t, %v, want it near", near, err)
	}
	l.free = func(string) (int64, error) { return 0, nil } // there is no room for a copy
	image, err := l.Add(t.Context(), lab.Addition{Name: "base", Path: path, Link: true}, nil)
	if err != nil || image.State != lab.ImageReady || len(w.Pool.Names()) != 1 {
		t.Fatalf("got %+v, %v, want the image", image, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
