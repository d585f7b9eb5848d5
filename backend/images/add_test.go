package images

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func TestFullDiskLeavesNothing(t *testing.T) {
	l, w := newLibrary(t)
	w.Pool.SetFree(1000)
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, nil)
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Message, "full") {
		t.Errorf("got %+v, want the pool's own words", p)
	}
	mustBeEmpty(t, l, w)
}

// TestFileThatDoesNotHoldStill changes the file while it is read for the first
// and for the second time.
func TestFileThatDoesNotHoldStill(t *testing.T) {
	changes := map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 70_000) },
		"longer":  func(path string) error { return os.Truncate(path, 10*mib) },
		"other": func(path string) error {
			return os.WriteFile(path, labtest.QCOW2(9*mib, labtest.NoFlaw), 0o600)
		},
	}
	for name, change := range changes {
		for _, from := range []float64{0.1, 0.6} {
			l, w := newLibrary(t)
			path, changed := disk(t), false
			_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, func(i lab.Image) {
				if i.Progress >= from && !changed {
					changed = true
					if err := change(path); err != nil {
						t.Error(err)
					}
				}
			})
			if p := lab.ProblemOf(err); !changed || p == nil || p.Kind != lab.KindBusy || !strings.Contains(p.Message, "changed while") {
				t.Errorf("%s at %v: got %+v, want to be told that it changed", name, from, p)
			}
			mustBeEmpty(t, l, w)
		}
	}
}

func TestCancelledUploadLeavesNothing(t *testing.T) {
	for _, from := range []float64{0.2, 0.5, 0.9} {
		l, w := newLibrary(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := l.Add(ctx, lab.Addition{Name: "tiny", Path: disk(t)}, func(i lab.Image) {
			if i.Progress >= from {
				cancel()
			}
		})
		cancel()
		mustBeKind(t, err, lab.KindUnavailable)
		mustBeEmpty(t, l, w)
	}
}

func TestRecordThatCanNotBeWrittenLeavesNoVolume(t *testing.T) {
	l, w := newLibrary(t)
	away := l.dir + "-away"
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, func(i lab.Image) {
		if i.Progress < 0.6 {
			return
		}
		if err := os.Rename(l.dir, away); err == nil {
			mustWrite(t, l.dir, "no folder")
		}
	})
	mustBeKind(t, err, lab.KindUnavailable)
	if got := w.Pool.Names(); len(got) > 0 {
		t.Errorf("got volumes %v, want none", got)
	}
}

func TestCutShortVolumeIsReplaced(t *testing.T) {
	l, w := newLibrary(t)
	path := disk(t)
	image := mustAdd(t, l, "tiny", path)
	mustRemove(t, l, "tiny")
	part := strings.NewReader(string(labtest.QCOW2(8*mib, labtest.NoFlaw)[:100_000]))
	if _, err := w.Pool.Upload(t.Context(), image.Volume, part.Size(), part); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, l, "tiny", path)
	if got := mustImages(t, l); len(got) != 1 || got[0].State != lab.ImageReady {
		t.Errorf("got %+v, want the image", got)
	}
}

func TestWhatIsNoFileIsRefusedUnopened(t *testing.T) {
	l, w := newLibrary(t)
	pipe := filepath.Join(t.TempDir(), "pipe") // opened for reading, it would wait for a writer
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/null", t.TempDir()} {
		_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
		mustBeKind(t, err, lab.KindInvalid)
	}
	mustBeEmpty(t, l, w)
}

func TestAbsentFileIsToldWithItsPath(t *testing.T) {
	l, _ := newLibrary(t)
	path := filepath.Join(t.TempDir(), "absent.qcow2")
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindNotFound || !strings.Contains(p.Message, path) || p.Hint == "" {
		t.Errorf("got %+v, want the path and what to do", p)
	}
}

func TestLinkToAFileWillDo(t *testing.T) {
	l, _ := newLibrary(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(disk(t), link); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, l, "tiny", link)
}

func TestRefusalNamesTheFaultAndTheRemedy(t *testing.T) {
	says := map[labtest.Flaw]string{
		labtest.NotQCOW2:     "no disk in a format known here",
		labtest.WithBacking:  "backing file",
		labtest.WithDataFile: "external data file",
		labtest.Encrypted:    "encrypted",
		labtest.Dirty:        "not closed properly",
		labtest.Corrupt:      "marked as damaged",
		labtest.NewerFormat:  "features of qcow2 that are not known here (0x80)",
		labtest.Truncated:    "not a qcow2 disk",
	}
	l, _ := newLibrary(t)
	for _, flaw := range labtest.Flaws {
		path := labtest.MustQCOW2(t, "bad.qcow2", 8*mib, flaw)
		_, err := l.Add(t.Context(), lab.Addition{Name: "bad", Path: path}, nil)
		p := lab.ProblemOf(err)
		if p == nil || p.Kind != lab.KindInvalid || !strings.HasPrefix(p.Message, path) || !strings.Contains(p.Message, says[flaw]) || p.Hint == "" {
			t.Errorf("%s: got %+v, want %q and a hint", flaw, p, says[flaw])
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, flaw := range append(labtest.Flaws, labtest.NoFlaw) {
		head := labtest.QCOW2(8*mib, flaw)
		f.Add(head[:min(len(head), headerSize)])
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		size, err := parseHeader(head)
		if err == nil && (size <= 0 || labtest.CheckQCOW2(head) != nil && head[7] == 3 && head[headerIncompatible+7] == 0) {
			t.Errorf("got %d bytes for %x, want a refusal", size, head)
		}
	})
}
