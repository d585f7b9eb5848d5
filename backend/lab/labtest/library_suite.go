package labtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"sandboxlabs/backend/lab"
)

const mib = 1 << 20

// LibrarySuite holds a lab.Library to its contract. fresh gives an empty one
// and the pool it keeps its volumes in.
func LibrarySuite(t *testing.T, fresh func(t *testing.T) (lab.Library, lab.Pool)) {
	tests := []struct {
		name string
		run  func(t *testing.T, l lab.Library, p lab.Pool)
	}{
		{"an empty library has no images", libraryEmpty},
		{"an added image is published", libraryAdd},
		{"progress grows and ends", libraryProgress},
		{"what can not be a base is refused", libraryRefuses},
		{"a name holds one content", libraryNameTaken},
		{"a name is checked", libraryBadName},
		{"of two who add one name one wins", libraryAddRace},
		{"a cancelled add leaves nothing", libraryCancelled},
		{"images come sorted", librarySorted},
		{"a missing volume is told", libraryVolumeGone},
		{"a changed volume is told", libraryVolumeChanged},
		{"a touched volume is still good", libraryVolumeTouched},
		{"a lost volume comes back with its file", libraryRepair},
		{"a volume without a record is adopted if it is whole", libraryAdopts},
		{"a foreign volume is left alone", libraryIgnores},
		{"removing is final and can be repeated", libraryRemove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, p := fresh(t)
			tt.run(t, l, p)
		})
	}
}

func libraryEmpty(t *testing.T, l lab.Library, _ lab.Pool) {
	mustHaveImages(t, l)
	_, err := l.Check(t.Context(), "tiny")
	mustBeKind(t, err, lab.KindNotFound)
}

func libraryAdd(t *testing.T, l lab.Library, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	got := mustAdd(t, l, "tiny", path)
	sum := sha256.Sum256(QCOW2(8*mib, NoFlaw))
	sha := hex.EncodeToString(sum[:])
	if got.Name != "tiny" || got.SHA256 != sha || got.Volume != lab.BaseVolume("tiny", sha) || got.State != lab.ImageReady {
		t.Errorf("got %+v, want tiny with checksum %s, ready", got, sha)
	}
	if got.Bytes != 4*clusterSize || got.VirtualBytes != 8*mib || got.AddedAt.IsZero() || got.Progress != 0 || got.Step != nil {
		t.Errorf("got %+v, want %d bytes, %d virtual, a date and no progress", got, 4*clusterSize, 8*mib)
	}
	volume := mustVolume(t, p, got.Volume)
	if got.Path != volume.Path || !got.ModTime.Equal(volume.ModTime) {
		t.Errorf("got %s at %s, want that of the volume %+v", got.Path, got.ModTime, volume)
	}
	mustHaveImages(t, l, "tiny")
	if checked, err := l.Check(t.Context(), "tiny"); err != nil || checked.Volume != got.Volume {
		t.Errorf("got %+v, %v, want the image", checked, err)
	}
}

func libraryProgress(t *testing.T, l lab.Library, _ lab.Pool) {
	var last lab.Image
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, func(i lab.Image) {
		if i.Name != "tiny" || i.State != lab.ImageAdding || i.Progress < last.Progress || i.Progress > 1 {
			t.Errorf("got %+v after %v, want tiny, adding, at least as far as before", i, last.Progress)
		}
		last = i
	})
	if err != nil || last.Name == "" {
		t.Errorf("got %v and last progress %+v, want success and at least one call", err, last)
	}
}

func libraryRefuses(t *testing.T, l lab.Library, p lab.Pool) {
	for _, flaw := range Flaws {
		_, err := l.Add(t.Context(), lab.Addition{Name: "bad", Path: MustQCOW2(t, "bad.qcow2", 8*mib, flaw)}, nil)
		if lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%s: got %v, want KindInvalid", flaw, err)
		}
	}
	_, err := l.Add(t.Context(), lab.Addition{Name: "bad", Path: t.TempDir()}, nil)
	mustBeKind(t, err, lab.KindInvalid)
	_, err = l.Add(t.Context(), lab.Addition{Name: "bad", Path: filepath.Join(t.TempDir(), "absent")}, nil)
	mustBeKind(t, err, lab.KindNotFound)
	mustBeEmpty(t, l, p)
}

func libraryNameTaken(t *testing.T, l lab.Library, p lab.Pool) {
	first := mustAdd(t, l, "tiny", MustQCOW2(t, "a.qcow2", 8*mib, NoFlaw))
	again := mustAdd(t, l, "tiny", MustQCOW2(t, "b.qcow2", 8*mib, NoFlaw))
	if again.Volume != first.Volume {
		t.Errorf("got %s, want %s", again.Volume, first.Volume)
	}
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: MustQCOW2(t, "c.qcow2", 9*mib, NoFlaw)}, nil)
	mustBeKind(t, err, lab.KindExists)
	mustAdd(t, l, "twin", MustQCOW2(t, "d.qcow2", 8*mib, NoFlaw))
	mustHaveImages(t, l, "tiny", "twin")
	mustHaveVolumes(t, p, 2)
}

func libraryBadName(t *testing.T, l lab.Library, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	for _, name := range []string{"", "../x", ".hidden", "a b", "a/b"} {
		_, err := l.Add(t.Context(), lab.Addition{Name: name, Path: path}, nil)
		mustBeKind(t, err, lab.KindInvalid)
		_, err = l.Check(t.Context(), name)
		mustBeKind(t, err, lab.KindInvalid)
		mustBeKind(t, l.Remove(t.Context(), name), lab.KindInvalid)
	}
	mustBeEmpty(t, l, p)
}

func libraryAddRace(t *testing.T, l lab.Library, p lab.Pool) {
	var wg sync.WaitGroup
	var won atomic.Int32
	for i := range 4 {
		path := MustQCOW2(t, "disk.qcow2", int64(8+i)*mib, NoFlaw)
		wg.Go(func() {
			_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
			switch kind := lab.KindOf(err); kind {
			case "":
				won.Add(1)
			case lab.KindExists, lab.KindBusy:
			default:
				t.Errorf("got %v, want success, KindExists or KindBusy", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("got %d winners, want 1", won.Load())
	}
	mustHaveImages(t, l, "tiny")
	mustHaveVolumes(t, p, 1)
}

func libraryCancelled(t *testing.T, l lab.Library, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	_, err := l.Add(cancelled(t), lab.Addition{Name: "tiny", Path: path}, nil)
	if lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v, want KindUnavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = l.Add(ctx, lab.Addition{Name: "tiny", Path: path}, func(lab.Image) { cancel() })
	if lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v, want KindUnavailable", err)
	}
	mustBeEmpty(t, l, p)
	mustAdd(t, l, "tiny", path)
}

func librarySorted(t *testing.T, l lab.Library, _ lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	for _, name := range []string{"b", "c", "a"} {
		mustAdd(t, l, name, path)
	}
	mustHaveImages(t, l, "a", "b", "c")
}

func libraryVolumeGone(t *testing.T, l lab.Library, p lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	mustDelete(t, p, image.Volume)
	mustBeChanged(t, l, "tiny")
}

func libraryVolumeChanged(t *testing.T, l lab.Library, p lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	mustDelete(t, p, image.Volume)
	mustUpload(t, p, image.Volume, QCOW2(9*mib, NoFlaw))
	mustBeChanged(t, l, "tiny")
}

func libraryVolumeTouched(t *testing.T, l lab.Library, p lab.Pool) {
	image := mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	mustDelete(t, p, image.Volume)
	mustUpload(t, p, image.Volume, QCOW2(8*mib, NoFlaw))
	got, err := l.Check(t.Context(), "tiny")
	if err != nil || got.State != lab.ImageReady || !got.ModTime.Equal(mustVolume(t, p, image.Volume).ModTime) {
		t.Errorf("got %+v, %v, want it ready with the volume's time", got, err)
	}
}

func libraryRepair(t *testing.T, l lab.Library, p lab.Pool) {
	path := MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw)
	image := mustAdd(t, l, "tiny", path)
	mustDelete(t, p, image.Volume)
	mustAdd(t, l, "tiny", path)
	if _, err := l.Check(t.Context(), "tiny"); err != nil {
		t.Errorf("got %v, want it whole again", err)
	}
}

func libraryAdopts(t *testing.T, l lab.Library, p lab.Pool) {
	content := QCOW2(8*mib, NoFlaw)
	sum := sha256.Sum256(content)
	sha := hex.EncodeToString(sum[:])
	mustUpload(t, p, lab.BaseVolume("found", sha), content)
	images := mustHaveImages(t, l, "found")
	if got := images[0]; got.SHA256 != sha || got.State != lab.ImageReady || got.VirtualBytes != 8*mib {
		t.Errorf("got %+v, want it ready with checksum %s", got, sha)
	}
	if _, err := l.Check(t.Context(), "found"); err != nil {
		t.Errorf("got %v, want the adopted image", err)
	}
}

func libraryIgnores(t *testing.T, l lab.Library, p lab.Pool) {
	volume := lab.BaseVolume("half", "0123456789ab")
	mustUpload(t, p, volume, QCOW2(8*mib, NoFlaw))
	mustHaveImages(t, l)
	mustVolume(t, p, volume)
}

func libraryRemove(t *testing.T, l lab.Library, p lab.Pool) {
	mustAdd(t, l, "tiny", MustQCOW2(t, "disk.qcow2", 8*mib, NoFlaw))
	for range 2 {
		if err := l.Remove(t.Context(), "tiny"); err != nil {
			t.Fatalf("remove: %v", err)
		}
	}
	mustBeEmpty(t, l, p)
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func mustAdd(t *testing.T, l lab.Library, name, path string) lab.Image {
	t.Helper()
	image, err := l.Add(t.Context(), lab.Addition{Name: name, Path: path}, nil)
	if err != nil {
		t.Fatalf("add %s: %v", name, err)
	}
	return image
}

func mustHaveImages(t *testing.T, l lab.Library, want ...string) []lab.Image {
	t.Helper()
	images, err := l.Images(t.Context())
	if err != nil {
		t.Fatalf("images: %v", err)
	}
	var got []string
	for _, i := range images {
		got = append(got, i.Name)
	}
	if len(got) != len(want) {
		t.Fatalf("got images %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got images %v, want %v", got, want)
		}
	}
	return images
}

// mustBeChanged wants the one image in the list to be told as changed, and Check to refuse it.
func mustBeChanged(t *testing.T, l lab.Library, name string) {
	t.Helper()
	if got := mustHaveImages(t, l, name)[0]; got.State != lab.ImageChanged || got.Problem == nil || got.Problem.Hint == "" {
		t.Errorf("got %+v, want it changed, with a problem and a remedy", got)
	}
	_, err := l.Check(t.Context(), name)
	mustBeKind(t, err, lab.KindUnavailable)
}

func mustBeEmpty(t *testing.T, l lab.Library, p lab.Pool) {
	t.Helper()
	mustHaveImages(t, l)
	mustHaveVolumes(t, p, 0)
}

func mustHaveVolumes(t *testing.T, p lab.Pool, want int) {
	t.Helper()
	volumes, err := p.Volumes(t.Context())
	if err != nil || len(volumes) != want {
		t.Errorf("got volumes %v, %v, want %d", volumes, err, want)
	}
}

func mustVolume(t *testing.T, p lab.Pool, name string) lab.Volume {
	t.Helper()
	volume, err := p.Volume(t.Context(), name)
	if err != nil {
		t.Fatalf("volume: %v", err)
	}
	return volume
}

func mustUpload(t *testing.T, p lab.Pool, name string, content []byte) {
	t.Helper()
	if _, err := p.Upload(t.Context(), name, int64(len(content)), bytes.NewReader(content)); err != nil {
		t.Fatalf("upload: %v", err)
	}
}

func mustDelete(t *testing.T, p lab.Pool, name string) {
	t.Helper()
	if err := p.Delete(t.Context(), name); err != nil {
		t.Fatalf("delete: %v", err)
	}
}
