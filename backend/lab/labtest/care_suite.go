package labtest

import (
	"context"
	"testing"

	"sandboxlabs/backend/lab"
)

// CaringLibrary is a library that looks after its images.
type CaringLibrary interface {
	lab.Library
	lab.Carer
}

// CarerSuite holds a lab.Carer to its contract. fresh gives an empty one and the
// pool it keeps its volumes in.
func CarerSuite(t *testing.T, fresh func(t *testing.T) (CaringLibrary, lab.Pool)) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, l CaringLibrary, p lab.Pool)
	}{
		{"a whole image is verified", carerVerifies},
		{"a changed image is found", carerFinds},
		{"a grown base takes the place of the old one", carerGrows},
		{"a compressed base takes the place of the old one, once", carerCompresses},
		{"what can not be made anew is refused", carerRefuses},
		{"a remake that is not confirmed leaves all as it was", carerConfirms},
		{"a cancelled care leaves all as it was", carerCancelled},
		{"a renamed image keeps its volume", carerRenames},
		{"a name that is taken is refused", carerNameTaken},
		{"what is not there is not found", carerMissing},
		{"strays are what no image has", carerStrays},
		{"a stray that is none is kept", carerKeeps},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, p := fresh(t)
			tt.run(t, l, p)
		})
	}
}

func carerVerifies(t *testing.T, l CaringLibrary, _ lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	var last lab.Image
	got, err := l.Verify(t.Context(), "tiny", func(i lab.Image) {
		if i.Name != "tiny" || i.State != lab.ImageReady || i.Step == nil || i.Step.Name != lab.StepVerifying || i.Progress < last.Progress {
			t.Errorf("got %+v after %v, want tiny, ready, being verified", i, last.Progress)
		}
		last = i
	})
	if err != nil || got.State != lab.ImageReady || got.Volume != image.Volume || got.Step != nil || last.Name == "" {
		t.Errorf("got %+v, %v after %+v, want it ready and progress", got, err, last)
	}
}

func carerFinds(t *testing.T, l CaringLibrary, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	image := mustAdd(t, l, "tiny", path)
	content := QCOW2(8*mib, NoFlaw)
	content[len(content)-1] ^= 1
	mustDelete(t, p, image.Volume)
	mustUpload(t, p, image.Volume, content)
	got, err := l.Verify(t.Context(), "tiny", nil)
	if err != nil || got.State != lab.ImageChanged || got.Problem == nil || got.Problem.Hint == "" {
		t.Errorf("got %+v, %v, want it changed, with a problem and a remedy", got, err)
	}
	mustBeChanged(t, l, "tiny")
	mustDelete(t, p, image.Volume)
	mustAdd(t, l, "tiny", path)
	if got, err := l.Verify(t.Context(), "tiny", nil); err != nil || got.State != lab.ImageReady {
		t.Errorf("got %+v, %v, want it whole again", got, err)
	}
	mustDelete(t, p, image.Volume)
	if got, err := l.Verify(t.Context(), "tiny", nil); err != nil || got.State != lab.ImageChanged {
		t.Errorf("got %+v, %v, want it changed without its file", got, err)
	}
}

func carerGrows(t *testing.T, l CaringLibrary, p lab.Pool) {
	was := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	mustRemake(t, l, p, was, lab.Remaking{VirtualBytes: 64 * mib}, 64*mib)
}

func carerCompresses(t *testing.T, l CaringLibrary, p lab.Pool) {
	was := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	is, err := l.Remake(t.Context(), "tiny", lab.Remaking{Compress: true}, nil)
	if err != nil || is.Bytes > was.Bytes || is.VirtualBytes != was.VirtualBytes {
		t.Errorf("got %+v, %v, want it no larger than %+v", is, err, was)
	}
	again, err := l.Remake(t.Context(), "tiny", lab.Remaking{Compress: true}, nil)
	if err != nil || again.Volume != is.Volume {
		t.Errorf("got %+v, %v, want it as it is: nothing is gained", again, err)
	}
	mustHaveVolumes(t, p, 1)
	mustRemake(t, l, p, is, lab.Remaking{Compress: true, VirtualBytes: 16 * mib}, 16*mib)
}

// mustRemake makes the one image anew and wants that to take its place.
func mustRemake(t *testing.T, l CaringLibrary, p lab.Pool, was lab.Image, how lab.Remaking, bytes int64) {
	t.Helper()
	var last lab.Image
	is, err := l.Remake(t.Context(), was.Name, how, func(i lab.Image) {
		if i.State != lab.ImageReady || i.Step == nil || i.Progress < last.Progress || i.Progress > 1 {
			t.Errorf("got %+v after %v, want it ready, with a step, at least as far as before", i, last.Progress)
		}
		last = i
	})
	if err != nil || is.Volume == was.Volume || is.SHA256 == was.SHA256 || is.VirtualBytes != bytes || is.Step != nil || last.Name == "" {
		t.Fatalf("got %+v, %v, want it anew with %d bytes", is, err, bytes)
	}
	if !is.AddedAt.Equal(was.AddedAt) || is.Defaults != was.Defaults || is.Origin.Of != was.Origin.Of {
		t.Errorf("got %+v, want what was said of %+v", is, was)
	}
	if v := mustVolume(t, p, is.Volume); v.VirtualBytes != bytes || v.Path != is.Path || v.Bytes != is.AllocatedBytes {
		t.Errorf("got volume %+v, want that of %+v", v, is)
	}
	mustHaveVolumes(t, p, 1)
	mustHaveImages(t, l, was.Name)
	if got, err := l.Check(t.Context(), was.Name); err != nil || got.Volume != is.Volume {
		t.Errorf("got %+v, %v, want the new one", got, err)
	}
}

func carerRefuses(t *testing.T, l CaringLibrary, p lab.Pool) {
	was := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	for _, bytes := range []int64{-1, 0, 1, 4 * mib, 8 * mib, 9*mib + 1, lab.MaxDiskBytes + 512} {
		_, err := l.Remake(t.Context(), "tiny", lab.Remaking{VirtualBytes: bytes}, nil)
		if lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%d bytes: got %v, want KindInvalid", bytes, err)
		}
	}
	mustDelete(t, p, was.Volume)
	_, err := l.Remake(t.Context(), "tiny", lab.Remaking{VirtualBytes: 16 * mib}, nil)
	mustBeKind(t, err, lab.KindUnavailable)
	mustHaveVolumes(t, p, 0)
}

func carerConfirms(t *testing.T, l CaringLibrary, p lab.Pool) {
	was := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	no := lab.Errorf(lab.KindBusy, "somebody stands on it")
	how := lab.Remaking{VirtualBytes: 16 * mib, Confirm: func(context.Context) error { return no }}
	_, err := l.Remake(t.Context(), "tiny", how, nil)
	mustBeKind(t, err, lab.KindBusy)
	mustBeAsItWas(t, l, p, was)
}

func mustBeAsItWas(t *testing.T, l CaringLibrary, p lab.Pool, was lab.Image) {
	t.Helper()
	if got, err := l.Check(t.Context(), was.Name); err != nil || got.Volume != was.Volume || got.Bytes != was.Bytes {
		t.Errorf("got %+v, %v, want %+v", got, err, was)
	}
	mustHaveVolumes(t, p, 1)
}

func carerCancelled(t *testing.T, l CaringLibrary, p lab.Pool) {
	was := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := l.Remake(ctx, "tiny", lab.Remaking{VirtualBytes: 16 * mib}, func(lab.Image) { cancel() })
	mustBeKind(t, err, lab.KindUnavailable)
	_, err = l.Verify(cancelled(t), "tiny", nil)
	mustBeKind(t, err, lab.KindUnavailable)
	mustBeAsItWas(t, l, p, was)
}

func carerRenames(t *testing.T, l CaringLibrary, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	was := mustAdd(t, l, "tiny", path)
	is, err := l.Rename(t.Context(), "tiny", "small")
	if err != nil || is.Name != "small" || is.Volume != was.Volume || is.State != lab.ImageReady || !is.AddedAt.Equal(was.AddedAt) {
		t.Errorf("got %+v, %v, want %+v as small", is, err, was)
	}
	mustHaveImages(t, l, "small")
	_, err = l.Check(t.Context(), "tiny")
	mustBeKind(t, err, lab.KindNotFound)
	mustHaveImages(t, l, "small")
	if same, err := l.Rename(t.Context(), "small", "small"); err != nil || same.Name != "small" {
		t.Errorf("got %+v, %v, want it to keep its name", same, err)
	}
	mustAdd(t, l, "tiny", path) // the volume of that name is there, and another image's
	if err := l.Remove(t.Context(), "tiny"); err != nil {
		t.Fatal(err)
	}
	mustBeAsItWas(t, l, p, is)
	mustRemake(t, l, p, is, lab.Remaking{VirtualBytes: 16 * mib}, 16*mib)
	if err := l.Remove(t.Context(), "small"); err != nil {
		t.Fatal(err)
	}
	mustBeEmpty(t, l, p)
}

func carerNameTaken(t *testing.T, l CaringLibrary, p lab.Pool) {
	mustAdd(t, l, "a", MustQCOW2(t, "a.qcow2", 8*mib, NoFlaw))
	mustAdd(t, l, "b", MustQCOW2(t, "b.qcow2", 9*mib, NoFlaw))
	_, err := l.Rename(t.Context(), "a", "b")
	mustBeKind(t, err, lab.KindExists)
	for _, name := range []string{"", "../x", "a b"} {
		_, err := l.Rename(t.Context(), "a", name)
		mustBeKind(t, err, lab.KindInvalid)
	}
	mustHaveImages(t, l, "a", "b")
	mustHaveVolumes(t, p, 2)
}

func carerMissing(t *testing.T, l CaringLibrary, p lab.Pool) {
	_, err := l.Verify(t.Context(), "absent", nil)
	mustBeKind(t, err, lab.KindNotFound)
	_, err = l.Remake(t.Context(), "absent", lab.Remaking{Compress: true}, nil)
	mustBeKind(t, err, lab.KindNotFound)
	_, err = l.Rename(t.Context(), "absent", "other")
	mustBeKind(t, err, lab.KindNotFound)
	if err := l.RemoveStray(t.Context(), lab.BaseVolume("absent", "0123456789ab")); err != nil {
		t.Errorf("got %v, want no harm in removing what is gone", err)
	}
	mustBeEmpty(t, l, p)
}

func carerStrays(t *testing.T, l CaringLibrary, p lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	if _, err := l.Rename(t.Context(), "tiny", "small"); err != nil {
		t.Fatal(err)
	}
	half := lab.BaseVolume("half", "0123456789ab")
	mustUpload(t, p, half, QCOW2(8*mib, NoFlaw))
	mustCreateOverlay(t, p, OverlayName(), image.Volume)
	mustHaveImages(t, l, "small")
	strays, err := l.Strays(t.Context())
	if err != nil || len(strays) != 1 || strays[0].Name != half || strays[0].Bytes == 0 {
		t.Fatalf("got %+v, %v, want %s", strays, err, half)
	}
	for range 2 {
		if err := l.RemoveStray(t.Context(), half); err != nil {
			t.Errorf("got %v, want it gone", err)
		}
	}
	mustHaveVolumes(t, p, 2)
	if strays, err := l.Strays(t.Context()); len(strays) > 0 || err != nil {
		t.Errorf("got %+v, %v, want none", strays, err)
	}
}

func carerKeeps(t *testing.T, l CaringLibrary, p lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	mustBeKind(t, l.RemoveStray(t.Context(), image.Volume), lab.KindBusy)
	overlay := OverlayName()
	mustCreateOverlay(t, p, overlay, image.Volume)
	mustBeKind(t, l.RemoveStray(t.Context(), overlay), lab.KindInvalid)
	mustBeKind(t, l.RemoveStray(t.Context(), "../x"), lab.KindInvalid)
	mustHaveVolumes(t, p, 2)
}
