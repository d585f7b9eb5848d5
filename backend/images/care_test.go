package images

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// TestCare holds it to its contract on a pool that files are uploaded to, and on
// one that they are moved into.
func TestCare(t *testing.T) {
	needsQEMUImg(t)
	labtest.CarerSuite(t, func(t *testing.T) (labtest.CaringLibrary, lab.Pool) {
		l, w := newLibrary(t)
		l.pool = labtest.Placing{Pool: w.Pool, Dir: t.TempDir()}
		return l, w.Pool
	})
	labtest.CarerSuite(t, func(t *testing.T) (labtest.CaringLibrary, lab.Pool) {
		l, w := newLibrary(t)
		return l, w.Pool
	})
}

// A byte that changed while size and time stayed is found by reading all of it,
// and every process knows then.
func TestVerifyFindsASilentChange(t *testing.T) {
	l, w := newLibrary(t)
	path := disk(t)
	image := mustAdd(t, l, "tiny", path)
	w.Pool.Spoil(image.Volume)
	if got, err := l.Check(t.Context(), "tiny"); err != nil || got.State != lab.ImageReady {
		t.Fatalf("got %+v, %v, want nothing noticed by size and time", got, err)
	}
	got, err := l.Verify(t.Context(), "tiny", nil)
	if err != nil || got.State != lab.ImageChanged || !strings.Contains(got.Problem.Message, image.Volume+", was changed") {
		t.Fatalf("got %+v, %v, want it changed", got, err)
	}
	other := newProcess(w, l.dir)
	_, err = other.Check(t.Context(), "tiny")
	mustBeKind(t, err, lab.KindUnavailable)
	w.Pool.Spoil(image.Volume) // as it was
	if got, err := other.Verify(t.Context(), "tiny", nil); err != nil || got.State != lab.ImageReady {
		t.Errorf("got %+v, %v, want it ready again", got, err)
	}
	if _, err := l.Check(t.Context(), "tiny"); err != nil {
		t.Errorf("got %v, want it ready again", err)
	}
}

// The same file added again repairs what a verification found.
func TestSilentChangeIsRepairedByItsFile(t *testing.T) {
	l, w := newLibrary(t)
	path := disk(t)
	image := mustAdd(t, l, "tiny", path)
	v, err := w.Pool.Volume(t.Context(), image.Volume)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.sums.of(t.Context(), v); err != nil { // it remembers that all was well
		t.Fatal(err)
	}
	w.Pool.Spoil(image.Volume)
	if got, err := newProcess(w, l.dir).Verify(t.Context(), "tiny", nil); err != nil || got.State != lab.ImageChanged {
		t.Fatalf("got %+v, %v, want it changed", got, err)
	}
	mustAdd(t, l, "tiny", path)
	if got, err := l.Verify(t.Context(), "tiny", nil); err != nil || got.State != lab.ImageReady {
		t.Errorf("got %+v, %v, want it whole", got, err)
	}
}

// A fault in a base is not made one of a new base, whose checksum would hide it.
func TestRemakeRefusesASilentChange(t *testing.T) {
	needsQEMUImg(t)
	for _, how := range []lab.Remaking{{Compress: true}, {VirtualBytes: 16 * mib}} {
		l, w := newLibrary(t)
		image := mustAdd(t, l, "tiny", disk(t))
		w.Pool.Spoil(image.Volume)
		_, err := l.Remake(t.Context(), "tiny", how, nil)
		if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Message, "was changed") || !strings.Contains(p.Hint, "image verify tiny") {
			t.Errorf("%+v: got %+v, want it refused, with a remedy", how, p)
		}
		if names := w.Pool.Names(); len(names) != 1 || names[0] != image.Volume {
			t.Errorf("%+v: got %v, want the old one alone", how, names)
		}
		mustBeUnstaged(t, l)
	}
}

// mustCompressible adds an image of a disk whose half can be made smaller.
func mustCompressible(t *testing.T, l *Library) (image lab.Image, rawDisk string) {
	t.Helper()
	dir := mustRaw(t)
	rawDisk = filepath.Join(dir, "disk.raw")
	mustRunIn(t, dir, "sh", "-c", "yes sandboxlabs | head -c 3000000 | dd of=disk.raw bs=1M seek=8 conv=notrunc status=none; qemu-img convert -f raw -O qcow2 disk.raw disk.qcow2")
	return mustAdd(t, l, "disk", filepath.Join(dir, "disk.qcow2")), rawDisk
}

func TestCompressedDiskHoldsTheSame(t *testing.T) {
	needsQEMUImg(t)
	l, w := newLibrary(t)
	was, rawDisk := mustCompressible(t, l)
	is, err := l.Remake(t.Context(), "disk", lab.Remaking{Compress: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Pool.Spoil(is.Volume)
	if bad, err := l.Verify(t.Context(), "disk", nil); err != nil || bad.Problem == nil || !strings.Contains(bad.Problem.Hint, "made anew here") {
		t.Errorf("got %+v, %v, want no advice to add a file that nobody has", bad, err)
	}
	w.Pool.Spoil(is.Volume)
	if was.Compression != "none" || is.Compression != "zstd" || is.Bytes > was.Bytes*3/4 || is.Origin.SHA256 != was.SHA256 {
		t.Errorf("got %+v of %+v, want it smaller, with the checksum of what came", is, was)
	}
	mustEqual(t, w, is.Volume, rawDisk)
}

// A compressed disk that grows stays compressed.
func TestGrownDiskHoldsTheSame(t *testing.T) {
	needsQEMUImg(t)
	l, w := newLibrary(t)
	_, rawDisk := mustCompressible(t, l)
	for _, how := range []lab.Remaking{{Compress: true}, {VirtualBytes: 24 * mib}} {
		if _, err := l.Remake(t.Context(), "disk", how, nil); err != nil {
			t.Fatal(err)
		}
	}
	is, err := l.Check(t.Context(), "disk")
	if err != nil || is.VirtualBytes != 24*mib || is.Compression != "zstd" {
		t.Errorf("got %+v, %v, want 24 MiB, compressed", is, err)
	}
	mustRun(t, "truncate", "-s", "24M", rawDisk)
	mustEqual(t, w, is.Volume, rawDisk)
}

func TestCompressionIsTold(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	for file, want := range map[string]string{
		"plain": "none", "-c -o compat=0.10": "zlib", "-c": "zlib", "-c -o compression_type=zstd": "zstd", "-c -o compression_type=zstd,extended_l2=on": "zstd",
		"-o extended_l2=on": "none",
	} {
		options := strings.TrimPrefix(file, "plain")
		mustRunIn(t, dir, "sh", "-c", "rm -f disk.qcow2; qemu-img convert -f raw -O qcow2 "+options+" disk.raw disk.qcow2")
		l, _ := newLibrary(t)
		if got := mustAdd(t, l, "disk", filepath.Join(dir, "disk.qcow2")); got.Compression != want {
			t.Errorf("%s: got %q, want %q", file, got.Compression, want)
		}
	}
}

func TestRemakeFindsNoRoom(t *testing.T) {
	needsQEMUImg(t)
	for _, how := range []lab.Remaking{{Compress: true}, {VirtualBytes: 24 * mib}} {
		l, w := newLibrary(t)
		was, _ := mustCompressible(t, l)
		l.free = func(string) (int64, error) { return reserveBytes + mib, nil }
		_, err := l.Remake(t.Context(), "disk", how, nil)
		if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Message, "no room") || p.Hint == "" {
			t.Errorf("%+v: got %+v, want to be told that there is no room", how, p)
		}
		if names := w.Pool.Names(); len(names) != 1 || names[0] != was.Volume {
			t.Errorf("%+v: got %v, want the old one alone", how, names)
		}
		mustBeUnstaged(t, l)
	}
}

// Where only the old volume could not be removed, the new image is there, and
// the old volume is a stray, also under a name of its own.
func TestOldVolumeThatStays(t *testing.T) {
	needsQEMUImg(t)
	l, w := newLibrary(t)
	was := mustAdd(t, l, "tiny", disk(t))
	if _, err := l.Rename(t.Context(), "tiny", "small"); err != nil {
		t.Fatal(err)
	}
	var is lab.Image
	how := lab.Remaking{VirtualBytes: 16 * mib, Confirm: func(context.Context) error {
		w.Fail("Pool.Delete "+was.Volume, labtest.FailBefore, lab.Errorf(lab.KindDenied, "refused"))
		return nil
	}}
	is, err := l.Remake(t.Context(), "small", how, nil)
	if p := lab.ProblemOf(err); p == nil || !strings.Contains(p.Hint, "prune") || is.VirtualBytes != 16*mib {
		t.Errorf("got %+v, %+v, want it anew, and to be told of the old file", is, p)
	}
	if got := mustImages(t, l); len(got) != 1 || got[0].Volume != is.Volume {
		t.Errorf("got %+v, want small alone", got)
	}
	strays, err := l.Strays(t.Context())
	if err != nil || len(strays) != 1 || strays[0].Name != was.Volume {
		t.Errorf("got %+v, %v, want %s", strays, err, was.Volume)
	}
	mustRemove(t, l, "small")
	mustBeEmpty(t, l, w)
}

// TestDeathInARemake lets the process die before and after each call to the pool.
// The next one finds the image whole, old or new, and nothing but strays beside it.
func TestDeathInARemake(t *testing.T) {
	needsQEMUImg(t)
	for n := range 20 {
		for _, fault := range []labtest.Fault{labtest.DieBefore, labtest.DieAfter} {
			l, w := newLibrary(t)
			mustAdd(t, l, "tiny", disk(t))
			w.Reboot()
			w.FailAt(n, fault)
			done := make(chan struct{})
			go func() {
				defer close(done)
				if _, err := l.Remake(t.Context(), "tiny", lab.Remaking{VirtualBytes: 16 * mib}, nil); err != nil {
					t.Errorf("call %d: %v", n, err)
				}
			}()
			<-done
			died := w.Dead()
			w.Reboot()
			mustRecover(t, newProcess(w, l.dir), w)
			if !died {
				if n < 4 {
					t.Errorf("it made %d calls, want more", n)
				}
				return
			}
		}
	}
	t.Error("it did not come to its end")
}

func mustRecover(t *testing.T, l *Library, w *labtest.World) {
	t.Helper()
	if _, err := l.Interrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustBeUnstaged(t, l)
	got := mustImages(t, l)
	if len(got) != 1 || got[0].State != lab.ImageReady || got[0].VirtualBytes != 8*mib && got[0].VirtualBytes != 16*mib {
		t.Fatalf("got %+v, want the one image, old or new", got)
	}
	strays, err := l.Strays(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range strays {
		if err := l.RemoveStray(t.Context(), v.Name); err != nil {
			t.Error(err)
		}
	}
	if names := w.Pool.Names(); !slices.Equal(names, []string{got[0].Volume}) {
		t.Errorf("got %v, want %s alone", names, got[0].Volume)
	}
}

// A crash in the middle of a renaming leaves both names, and either can go.
func TestDeathInARenaming(t *testing.T) {
	for _, gone := range []string{"tiny", "small"} {
		l, w := newLibrary(t)
		image := mustAdd(t, l, "tiny", disk(t))
		r, err := l.read("tiny")
		if err != nil {
			t.Fatal(err)
		}
		r.Name = "small"
		if err := l.write(r); err != nil {
			t.Fatal(err)
		}
		if got := mustImages(t, l); len(got) != 2 || got[0].Volume != got[1].Volume {
			t.Fatalf("got %+v, want both on one volume", got)
		}
		_, err = l.Rename(t.Context(), "tiny", "small")
		mustBeKind(t, err, lab.KindExists)
		mustRemove(t, l, gone)
		if got := mustImages(t, l); len(got) != 1 || got[0].Name == gone || got[0].State != lab.ImageReady || got[0].Volume != image.Volume {
			t.Errorf("got %+v, want the other one", got)
		}
		mustRemove(t, l, map[string]string{"tiny": "small", "small": "tiny"}[gone])
		mustBeEmpty(t, l, w)
	}
}

// Who works on an image keeps its neighbours away, and its volumes are no strays.
func TestCareIsExclusive(t *testing.T) {
	l, w := newLibrary(t)
	mustAdd(t, l, "tiny", disk(t))
	other, told := newProcess(w, l.dir), false
	half := lab.BaseVolume("tiny", "0123456789ab")
	content := strings.NewReader("what another is just writing, and is not yet whole")
	if _, err := w.Pool.Upload(t.Context(), half, content.Size(), content); err != nil {
		t.Fatal(err)
	}
	_, err := l.Verify(t.Context(), "tiny", func(lab.Image) {
		if told {
			return
		}
		told = true
		_, err := other.Rename(t.Context(), "tiny", "small")
		mustBeKind(t, err, lab.KindBusy)
		mustBeKind(t, other.Remove(t.Context(), "tiny"), lab.KindBusy)
		mustBeKind(t, other.RemoveStray(t.Context(), half), lab.KindBusy)
		if strays, err := other.Strays(t.Context()); len(strays) > 0 || err != nil {
			t.Errorf("got %+v, %v, want none while somebody is at work", strays, err)
		}
		if _, err := other.Check(t.Context(), "tiny"); err != nil {
			t.Errorf("got %v, want it usable meanwhile", err)
		}
	})
	if err != nil || !told {
		t.Errorf("got %v, told %v, want it verified", err, told)
	}
}

func TestInterruptedRemakeIsTold(t *testing.T) {
	l, w := newLibrary(t)
	mustAdd(t, l, "tiny", disk(t))
	s, err := l.newStage(t.Context(), lab.Addition{Name: "tiny", Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s.path(diskFile), "half of it")
	got, err := newProcess(w, l.dir).Interrupted(t.Context())
	if err != nil || len(got) != 1 || got[0].Addition.Name != "tiny" || !got[0].Remaking || got[0].Resumed {
		t.Errorf("got %+v, %v, want a remaking", got, err)
	}
	mustBeUnstaged(t, l)
}

// An ISO is no disk, but can be verified and renamed as one.
func TestCareOfAMedium(t *testing.T) {
	l, w := newLibrary(t)
	const text = "any bytes, as many as the fake pool wants to see"
	volume := lab.MediumVolume("setup", fmt.Sprintf("%x", sha256.Sum256([]byte(text))))
	content := strings.NewReader(text)
	if _, err := w.Pool.Upload(t.Context(), volume, content.Size(), content); err != nil {
		t.Fatal(err)
	}
	mustImages(t, l)
	_, err := l.Remake(t.Context(), "setup", lab.Remaking{Compress: true}, nil)
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindInvalid || !strings.Contains(p.Message, "medium") {
		t.Errorf("got %+v, want it refused as a medium", p)
	}
	if _, err := l.Rename(t.Context(), "setup", "installer"); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Verify(t.Context(), "installer", nil); err != nil || got.State != lab.ImageReady || got.Volume != volume {
		t.Errorf("got %+v, %v, want it whole", got, err)
	}
}
