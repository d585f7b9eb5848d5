package upload

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantKind(t *testing.T, what string, err error, want lab.Kind) {
	t.Helper()
	if got := lab.KindOf(err); got != want {
		t.Errorf("%s: got %q, %v, want %q", what, got, err, want)
	}
}

func TestPiecesMakeTheFile(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	u := must[Upload](t)(s.Begin("a disk.img", 10))
	if u = must[Upload](t)(s.Write(u.ID, 0, strings.NewReader("hello"))); u.Offset != 5 || u.Whole() {
		t.Errorf("after a piece: %+v", u)
	}
	_, err := s.Whole(u.ID)
	wantKind(t, "half of it", err, lab.KindBusy)
	s = Open(dir) // the server began anew
	if got := must[Upload](t)(s.Find(u.ID)); got != u {
		t.Errorf("after a restart: got %+v, want %+v", got, u)
	}
	must[Upload](t)(s.Write(u.ID, 5, strings.NewReader("world")))
	path := must[string](t)(s.Whole(u.ID))
	if content, err := os.ReadFile(path); string(content) != "helloworld" || err != nil || filepath.Base(path) != "a disk.img" {
		t.Errorf("got %q at %s, %v", content, path, err)
	}
	if id, ok := s.Of(path); id != u.ID || !ok {
		t.Errorf("the path is said to be of %q, %t", id, ok)
	}
}

// TestWhatCameStays where a piece is cut, too long, or at the wrong place.
func TestWhatCameStays(t *testing.T) {
	s := Open(t.TempDir())
	u := must[Upload](t)(s.Begin("disk.img", 10))
	cut := io.MultiReader(strings.NewReader("hel"), iotest.ErrReader(io.ErrUnexpectedEOF))
	for _, test := range []struct {
		what   string
		offset int64
		piece  io.Reader
		kind   lab.Kind
		there  int64
	}{
		{"cut", 0, cut, lab.KindInvalid, 3},
		{"too early", 0, strings.NewReader("x"), lab.KindBusy, 3},
		{"too late", 4, strings.NewReader("x"), lab.KindBusy, 3},
		{"the rest and more", 3, strings.NewReader("lo world and more"), lab.KindInvalid, 10},
		{"more", 10, strings.NewReader("x"), lab.KindInvalid, 10},
		{"nothing", 10, strings.NewReader(""), "", 10},
	} {
		got, err := s.Write(u.ID, test.offset, test.piece)
		wantKind(t, test.what, err, test.kind)
		if got.Offset != test.there {
			t.Errorf("%s: %d are there, want %d", test.what, got.Offset, test.there)
		}
	}
	content := must[[]byte](t)(os.ReadFile(must[string](t)(s.Whole(u.ID))))
	if string(content) != "hello worl" {
		t.Errorf("got %q", content)
	}
}

// slow is a piece whose end is not before it is let go.
type slow struct {
	begun, end chan struct{}
	once       sync.Once
}

func (r *slow) Read([]byte) (int, error) {
	r.once.Do(func() { close(r.begun) })
	<-r.end
	return 0, io.EOF
}

func TestOnePieceAtATime(t *testing.T) {
	s := Open(t.TempDir())
	u := must[Upload](t)(s.Begin("disk.img", 10))
	piece := &slow{begun: make(chan struct{}), end: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := s.Write(u.ID, 0, piece)
		wantKind(t, "the first", err, "")
	})
	<-piece.begun
	_, err := s.Write(u.ID, 0, strings.NewReader("x"))
	wantKind(t, "the second", err, lab.KindBusy)
	close(piece.end)
	wg.Wait()
	_, err = s.Write(u.ID, 0, strings.NewReader("x"))
	wantKind(t, "the next", err, "")
}

func TestFileThatIsTakenAtOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "uploads")
	s := Open(dir)
	for range 2 { // the same name again is another file
		path := must[string](t)(s.Take("a disk.img", 5, strings.NewReader("hello")))
		if content, err := os.ReadFile(path); string(content) != "hello" || err != nil || filepath.Base(path) != "a disk.img" {
			t.Errorf("got %q at %s, %v", content, path, err)
		}
		id, _ := s.Of(path)
		if err := s.Drop(id); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		size    int64
		content io.Reader
		kind    lab.Kind
	}{
		"../x":                   {1, strings.NewReader("x"), lab.KindInvalid},
		".x":                     {1, strings.NewReader("x"), lab.KindInvalid},
		"":                       {1, strings.NewReader("x"), lab.KindInvalid},
		"a\nb":                   {1, strings.NewReader("x"), lab.KindInvalid},
		"a\xff":                  {1, strings.NewReader("x"), lab.KindInvalid},
		strings.Repeat("x", 256): {1, strings.NewReader("x"), lab.KindInvalid},
		"unknown":                {-1, strings.NewReader("x"), lab.KindInvalid},
		"short":                  {5, strings.NewReader("x"), lab.KindInvalid},
		"broken":                 {5, iotest.ErrReader(errors.New("cut")), lab.KindUnavailable},
	} {
		_, err := s.Take(name, test.size, test.content)
		wantKind(t, name, err, test.kind)
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

func TestUploadsExpire(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	old, busy, young := must[Upload](t)(s.Begin("old", 2)), must[Upload](t)(s.Begin("busy", 2)), must[Upload](t)(s.Begin("young", 2))
	stray := filepath.Join(dir, "stray")
	if err := os.Mkdir(stray, 0o700); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * Expiry)
	for _, path := range []string{s.file(old), s.folder(old.ID), s.folder(busy.ID), stray} {
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	must[Upload](t)(s.Write(busy.ID, 0, strings.NewReader("x")))
	s = Open(dir)
	_, err := s.Find(old.ID)
	wantKind(t, "the old one", err, lab.KindNotFound)
	for _, u := range []Upload{busy, young} {
		_, err := s.Find(u.ID)
		wantKind(t, u.Name, err, "")
	}
	if _, err := os.Stat(stray); !os.IsNotExist(err) {
		t.Errorf("what is no upload stays: %v", err)
	}
}

func TestForeignPathsAndIDsAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir)
	path := must[string](t)(s.Take("disk.img", 5, strings.NewReader("hello")))
	for _, other := range []string{"", "/etc/passwd", filepath.Join(t.TempDir(), "x"), filepath.Join(filepath.Dir(path), "..", "..", "x"), filepath.Dir(path)} {
		if id, ok := s.Of(other); ok {
			t.Errorf("%q is said to be of %q", other, id)
		}
	}
	for _, id := range []string{"", ".", "..", "../../etc", "AAAA"} {
		_, err := s.Find(id)
		wantKind(t, id, err, lab.KindNotFound)
		_, err = s.Write(id, 0, strings.NewReader("x"))
		wantKind(t, id, err, lab.KindNotFound)
		wantKind(t, id, s.Drop(id), "")
	}
	id, _ := s.Of(path)
	if err := os.WriteFile(filepath.Join(dir, id, record), []byte(`{"id":"`+id+`","name":"../../x","bytes":5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Find(id)
	wantKind(t, "a record that names another file", err, lab.KindNotFound)
}

// TestUploadGoesWithItsImage, and not before.
func TestUploadGoesWithItsImage(t *testing.T) {
	w := labtest.NewWorld()
	to := service.New(service.Options{Hypervisor: w.Hypervisor, Pool: w.Pool, Library: w.Library, Store: w.Store})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- to.Run(ctx) }()
	defer func() {
		cancel()
		<-ended
	}()
	if err := to.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	s := Open(t.TempDir())
	content := string(labtest.QCOW2(8<<20, labtest.NoFlaw))
	path := must[string](t)(s.Take("mine.qcow2", int64(len(content)), strings.NewReader(content)))
	id, _ := s.Of(path)
	s.use(id, true)
	wantKind(t, "dropped while it is used", s.Drop(id), "")
	must[Upload](t)(s.Find(id))
	s.use(id, false)
	image := must[lab.Image](t)(s.AddImage(ctx, to, id, service.AddImageInput{}))
	if got := must[lab.Image](t)(to.WaitImage(ctx, image.Name)); got.Name != "mine" || got.State != lab.ImageReady {
		t.Errorf("got %+v", got)
	}
	for _, err := s.Find(id); err == nil; _, err = s.Find(id) { // it goes at once, by another goroutine
		if ctx.Err() != nil {
			t.Fatal("the upload stays")
		}
	}
}
