package labtest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sandboxlabs/backend/lab"
)

// AdoptingLibrary is a library that takes in overlays.
type AdoptingLibrary interface {
	lab.Library
	lab.Adopter
}

// AdopterSuite holds a lab.Adopter to its contract. fresh gives an empty library
// and the pool it keeps its volumes in.
func AdopterSuite(t *testing.T, fresh func(t *testing.T) (AdoptingLibrary, lab.Pool)) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, l AdoptingLibrary, p lab.Pool)
	}{
		{"an overlay's file is told", adopterInspects},
		{"what can not be taken in is refused", adopterRefuses},
		{"an adopted overlay stands on its base", adopterAdopts},
		{"an adoption that is not settled is begun anew", adopterAgain},
		{"a volume that is somebody's is left alone", adopterTaken},
		{"a name that is none, or a base that is not there, is refused", adopterBadInput},
		{"a cancelled adoption leaves nothing", adopterCancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, p := fresh(t)
			tt.run(t, l, p)
		})
	}
}

// MustOverlay writes an empty overlay of virtualBytes on another file into a new
// directory, and gives its path.
func MustOverlay(t testing.TB, on string, virtualBytes int64) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "overlay.qcow2")
	if err := os.WriteFile(path, QCOW2On(on, virtualBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func adopterInspects(t *testing.T, l AdoptingLibrary, _ lab.Pool) {
	for _, backing := range []string{"", "/images/tiny.qcow2", "../images/tiny.qcow2"} {
		path := MustOverlay(t, backing, 8*mib)
		got, err := l.Inspect(t.Context(), path)
		if want := (lab.DiskFile{Bytes: 4 * clusterSize, VirtualBytes: 8 * mib, Backing: backing}); got != want || err != nil {
			t.Errorf("on %q: got %+v, %v, want %+v", backing, got, err, want)
		}
	}
	_, err := l.Inspect(t.Context(), "/no/such/file.qcow2")
	mustBeKind(t, err, lab.KindNotFound)
}

func adopterRefuses(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	for _, flaw := range Flaws {
		if flaw == WithBacking {
			continue
		}
		path := MustQCOW2(t, "disk.qcow2", 8*mib, flaw)
		_, err := l.Inspect(t.Context(), path)
		wantKind(t, "Inspect: "+string(flaw), err, lab.KindInvalid)
		_, err = l.Adopt(t.Context(), lab.Adoption{Volume: OverlayName(), Path: path, Base: base.Volume}, nil)
		wantKind(t, "Adopt: "+string(flaw), err, lab.KindInvalid)
	}
	mustBeUnsettled(t, l)
	mustHaveVolumes(t, p, 1)
}

func mustBeUnsettled(t *testing.T, l lab.Adopter, want ...string) {
	t.Helper()
	if got, err := l.Unsettled(t.Context()); !slices.Equal(got, want) || err != nil {
		t.Errorf("got %v unsettled, %v, want %v", got, err, want)
	}
}

func adopterAdopts(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	path, name := MustOverlay(t, "/images/tiny.qcow2", 16*mib), OverlayName()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if near, err := l.Near(t.Context(), path); err != nil {
		t.Errorf("near: got %t, %v, want either and no error", near, err)
	}
	told := int64(-1)
	v, err := l.Adopt(t.Context(), lab.Adoption{Volume: name, Path: path, Base: base.Volume}, func(bytes int64) {
		if bytes < told || bytes > int64(len(before)) {
			t.Errorf("got %d bytes after %d of %d", bytes, told, len(before))
		}
		told = bytes
	})
	if err != nil || v.Name != name || v.Backing != base.Path || v.VirtualBytes != 16*mib || told != int64(len(before)) {
		t.Fatalf("got %+v after %d bytes, %v, want it on %s", v, told, err, base.Path)
	}
	wantVolume(t, mustVolume(t, p, name), v)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was written to, %v", err)
	}
	mustBeUnsettled(t, l, name)
	for range 2 {
		if err := l.Settle(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	mustBeUnsettled(t, l)
	wantVolume(t, mustVolume(t, p, name), v)
}

func adopterAgain(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	name := OverlayName()
	for _, size := range []int64{8 * mib, 16 * mib} {
		v, err := l.Adopt(t.Context(), lab.Adoption{Volume: name, Path: MustOverlay(t, "x", size), Base: base.Volume}, nil)
		if err != nil || v.VirtualBytes != size {
			t.Fatalf("got %+v, %v, want %d bytes of disk", v, err, size)
		}
	}
	mustBeUnsettled(t, l, name)
	mustHaveVolumes(t, p, 2)
}

func adopterTaken(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	name := OverlayName()
	v := mustCreateOverlay(t, p, name, base.Volume)
	_, err := l.Adopt(t.Context(), lab.Adoption{Volume: name, Path: MustOverlay(t, "x", 16*mib), Base: base.Volume}, nil)
	mustBeKind(t, err, lab.KindExists)
	wantVolume(t, mustVolume(t, p, name), v)
	mustBeUnsettled(t, l)
}

func adopterBadInput(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	path := MustOverlay(t, "x", 8*mib)
	for _, name := range []string{"", ".", "..", "../x", base.Volume, SeedName()} {
		_, err := l.Adopt(t.Context(), lab.Adoption{Volume: name, Path: path, Base: base.Volume}, nil)
		wantKind(t, "Adopt as "+name, err, lab.KindInvalid)
		wantKind(t, "Settle of "+name, l.Settle(t.Context(), name), lab.KindInvalid)
	}
	_, err := l.Adopt(t.Context(), lab.Adoption{Volume: OverlayName(), Path: path, Base: lab.BaseVolume("other", "0123456789ab")}, nil)
	mustBeKind(t, err, lab.KindNotFound)
	_, err = l.Adopt(t.Context(), lab.Adoption{Volume: OverlayName(), Path: path + ".none", Base: base.Volume}, nil)
	mustBeKind(t, err, lab.KindNotFound)
	mustHaveVolumes(t, p, 1)
	mustBeUnsettled(t, l)
}

func adopterCancelled(t *testing.T, l AdoptingLibrary, p lab.Pool) {
	base := mustAdd(t, l, "tiny", MustQCOW2(t, "tiny.qcow2", 8*mib, NoFlaw))
	path := MustOverlay(t, "x", 8*mib)
	_, err := l.Adopt(cancelled(t), lab.Adoption{Volume: OverlayName(), Path: path, Base: base.Volume}, nil)
	mustBeKind(t, err, lab.KindUnavailable)
	_, err = l.Inspect(cancelled(t), path)
	mustBeKind(t, err, lab.KindUnavailable)
	mustHaveVolumes(t, p, 1)
	mustBeUnsettled(t, l)
}
