package images

import (
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

const mib = 1 << 20

// newLibrary gives a library on a fake pool. Without -short qemu-img is used.
func newLibrary(t *testing.T) (*Library, *labtest.World) {
	t.Helper()
	w := labtest.NewWorld()
	return newProcess(w, t.TempDir()+"/images"), w
}

// newProcess gives the library another process would have.
func newProcess(w *labtest.World, dir string) *Library {
	l := New(w.Pool, dir)
	if testing.Short() {
		l.inspect = func(context.Context, *os.File) error { return nil }
	}
	return l
}

func disk(t *testing.T) (path string) {
	t.Helper()
	return labtest.MustQCOW2(t, "disk.qcow2", 8*mib, labtest.NoFlaw)
}

func mustAdd(t *testing.T, l *Library, name, path string) lab.Image {
	t.Helper()
	image, err := l.Add(t.Context(), lab.Addition{Name: name, Path: path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func mustImages(t *testing.T, l *Library) []lab.Image {
	t.Helper()
	images, err := l.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return images
}

func mustRemove(t *testing.T, l *Library, name string) {
	t.Helper()
	if err := l.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// mustBeEmpty wants no image, volume or record; what was set aside may stay.
func mustBeEmpty(t *testing.T, l *Library, w *labtest.World) {
	t.Helper()
	records, err := filepath.Glob(l.dir + "/*" + suffix)
	if images := mustImages(t, l); len(images) > 0 || len(w.Pool.Names()) > 0 || len(records) > 0 || err != nil {
		t.Errorf("got %v, volumes %v, records %v, %v, want nothing", images, w.Pool.Names(), records, err)
	}
}

func mustBeKind(t *testing.T, err error, want lab.Kind) {
	t.Helper()
	if got := lab.KindOf(err); got != want {
		t.Errorf("got %v (%s), want kind %q", err, got, want)
	}
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// count counts the calls that were made of a method.
func count(w *labtest.World, method string) (n int) {
	for _, call := range w.Calls() {
		if strings.HasPrefix(call, method+" ") {
			n++
		}
	}
	return n
}

// TestConformance holds it to its contract on a pool that files are uploaded to,
// and on one that they are moved into.
func TestConformance(t *testing.T) {
	labtest.LibrarySuite(t, func(t *testing.T) (lab.Library, lab.Pool) {
		l, w := newLibrary(t)
		l.pool = labtest.Placing{Pool: w.Pool, Dir: t.TempDir()}
		return l, w.Pool
	})
	labtest.LibrarySuite(t, func(t *testing.T) (lab.Library, lab.Pool) {
		l, w := newLibrary(t)
		return l, w.Pool
	})
}

func TestImageOutlivesTheProcess(t *testing.T) {
	l, w := newLibrary(t)
	want := mustAdd(t, l, "tiny", disk(t))
	got := mustImages(t, newProcess(w, l.dir))
	if len(got) != 1 || got[0].Path != want.Path || got[0].SHA256 != want.SHA256 || !got[0].AddedAt.Equal(want.AddedAt) || got[0].State != lab.ImageReady {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := count(w, "Pool.Download"); n > 0 {
		t.Errorf("got the content read %d times, want never", n)
	}
}

func TestOneProcessSeesAnotherAdding(t *testing.T) {
	l, w := newLibrary(t)
	other := newProcess(w, l.dir)
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, func(i lab.Image) {
		if i.Progress > 0.5 {
			return // the fake pool takes one call at a time
		}
		_, err := other.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, nil)
		mustBeKind(t, err, lab.KindBusy)
		mustBeKind(t, other.Remove(t.Context(), "tiny"), lab.KindBusy)
		if got := mustImages(t, other); len(got) > 0 {
			t.Errorf("the other process got %+v, want nothing half made", got)
		}
		if got := mustImages(t, l); len(got) != 1 || got[0].State != lab.ImageAdding || got[0].Progress != i.Progress {
			t.Errorf("got %+v, want it adding at %v", got, i.Progress)
		}
	})
	mustBeKind(t, err, "")
	if got := mustImages(t, other); len(got) != 1 {
		t.Errorf("got %+v, want the image", got)
	}
}

func TestContentIsReadOnceAfterATouch(t *testing.T) {
	l, w := newLibrary(t)
	image := mustAdd(t, l, "tiny", disk(t))
	w.Pool.Lose(image.Volume)
	content := strings.NewReader(string(labtest.QCOW2(8*mib, labtest.NoFlaw)))
	if _, err := w.Pool.Upload(t.Context(), image.Volume, content.Size(), content); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l = newProcess(w, l.dir)
		if _, err := l.Check(t.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(w, "Pool.Download"); n != 1 {
		t.Errorf("got the content read %d times, want once", n)
	}
}

func TestForeignVolumeIsReadOnce(t *testing.T) {
	l, w := newLibrary(t)
	content := strings.NewReader(string(labtest.QCOW2(8*mib, labtest.NoFlaw)))
	if _, err := w.Pool.Upload(t.Context(), lab.BaseVolume("half", "0123456789ab"), content.Size(), content); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		mustImages(t, l)
	}
	if n := count(w, "Pool.Download"); n != 1 {
		t.Errorf("got the content read %d times, want once", n)
	}
}

func TestDamagedRecordIsMadeAgainFromItsVolume(t *testing.T) {
	use := map[string]func(l *Library) error{
		"list":  func(l *Library) error { _, err := l.Images(t.Context()); return err },
		"check": func(l *Library) error { _, err := l.Check(t.Context(), "tiny"); return err },
		"add": func(l *Library) error {
			_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, nil)
			return err
		},
	}
	for name, use := range use {
		for _, damage := range []string{"", "{", `{"schema": 2}`, `{"schema": 1, "name": "other"}`} {
			l, w := newLibrary(t)
			want := mustAdd(t, l, "tiny", disk(t))
			mustWrite(t, l.path("tiny"), damage)
			mustBeKind(t, use(l), "")
			got := mustImages(t, l)
			if len(got) != 1 || got[0].State != lab.ImageReady || got[0].Volume != want.Volume || len(w.Pool.Names()) != 1 {
				t.Errorf("%s after %q: got %+v, want %+v", name, damage, got, want)
			}
			if aside, err := os.ReadFile(l.path("tiny") + ".unreadable-1"); err != nil || string(aside) != damage {
				t.Errorf("%s: got %q, %v, want %q set aside", name, aside, err, damage)
			}
		}
	}
}

func TestDamagedRecordWithoutVolumeIsTold(t *testing.T) {
	l, w := newLibrary(t)
	image := mustAdd(t, l, "tiny", disk(t))
	w.Pool.Lose(image.Volume)
	mustWrite(t, l.path("tiny"), "{")
	got := mustImages(t, l)
	if len(got) != 1 || got[0].Name != "tiny" || got[0].State != lab.ImageChanged || !strings.Contains(got[0].Problem.Message, l.path("tiny")) {
		t.Errorf("got %+v, want it changed, with the file's name", got)
	}
	_, err := l.Check(t.Context(), "tiny")
	mustBeKind(t, err, lab.KindUnavailable)
	mustRemove(t, l, "tiny")
	mustBeEmpty(t, l, w)
}

// A pipe in a record's place would keep its reader waiting for ever.
func TestRecordThatIsAPipe(t *testing.T) {
	l, _ := newLibrary(t)
	want := mustAdd(t, l, "tiny", disk(t))
	if err := os.Remove(l.path("tiny")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(l.path("tiny"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustImages(t, l); len(got) != 1 || got[0].SHA256 != want.SHA256 || got[0].State != lab.ImageReady {
		t.Errorf("got %+v, want the image adopted from its volume", got)
	}
}

func TestRemoveOfADamagedRecordIsFinal(t *testing.T) {
	l, w := newLibrary(t)
	mustAdd(t, l, "tiny", disk(t))
	mustWrite(t, l.path("tiny"), "{")
	mustRemove(t, l, "tiny")
	mustBeEmpty(t, l, w)
}

func TestForeignFilesAreIgnored(t *testing.T) {
	l, _ := newLibrary(t)
	mustAdd(t, l, "tiny", disk(t))
	for _, name := range []string{"a b.json", ".hidden.json", "README", "tiny.json.unreadable-1"} {
		mustWrite(t, filepath.Join(l.dir, name), "{")
	}
	if got := mustImages(t, l); len(got) != 1 {
		t.Errorf("got %+v, want the one image", got)
	}
}

func TestPoolsTroubleComesThrough(t *testing.T) {
	l, w := newLibrary(t)
	mustAdd(t, l, "tiny", disk(t))
	for _, call := range []string{"Pool.Volumes", "Pool.Volume", "Pool.Delete"} {
		w.Fail(call, labtest.FailBefore, lab.Errorf(lab.KindDenied, "refused"))
		var err error
		switch call {
		case "Pool.Volumes":
			_, err = l.Images(t.Context())
		case "Pool.Volume":
			_, err = l.Check(t.Context(), "tiny")
		case "Pool.Delete":
			err = l.Remove(t.Context(), "tiny")
		}
		mustBeKind(t, err, lab.KindDenied)
	}
	if got := mustImages(t, l); len(got) != 1 || got[0].State != lab.ImageReady {
		t.Errorf("got %+v, want the image as it was", got)
	}
}

// TestDeathAtAnyCall lets the process die before and after each call an Add and
// a Remove make to the pool. The next process finds the image whole or not at
// all, and can add and remove it.
func TestDeathAtAnyCall(t *testing.T) {
	for n := range 5 {
		for _, fault := range []labtest.Fault{labtest.DieBefore, labtest.DieAfter} {
			l, w := newLibrary(t)
			path := disk(t)
			w.FailAt(n, fault)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
				if err := errors.Join(err, l.Remove(t.Context(), "tiny")); err != nil {
					t.Errorf("call %d: %v", n, err)
				}
			}()
			<-done
			died := w.Dead()
			w.Reboot()
			l = newProcess(w, l.dir)
			half := func(i lab.Image) bool { return i.State != lab.ImageReady && !gone(w, i) }
			if got := mustImages(t, l); slices.ContainsFunc(got, half) {
				t.Errorf("%s call %d: got %+v, want it ready, or changed because its volume is gone", fault, n, got)
			}
			mustAdd(t, l, "tiny", path)
			if got := w.Pool.Names(); len(got) != 1 {
				t.Errorf("%s call %d: got volumes %v, want one", fault, n, got)
			}
			mustRemove(t, l, "tiny")
			mustBeEmpty(t, l, w)
			if made := n < 4; died != made {
				t.Errorf("call %d: made %v, want %v", n, died, made)
			}
		}
	}
}

func gone(w *labtest.World, i lab.Image) bool {
	return i.State == lab.ImageChanged && !slices.Contains(w.Pool.Names(), i.Volume)
}
