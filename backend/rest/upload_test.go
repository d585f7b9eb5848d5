package rest

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"sandboxlabs/backend/lab"
)

func TestUploadIsKeptByItsName(t *testing.T) {
	u := newUploads(filepath.Join(t.TempDir(), "uploads"))
	for range 2 { // the same name again is another file
		path, err := u.take("a disk.img", 5, strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if string(content) != "hello" || err != nil || filepath.Base(path) != "a disk.img" || !u.has(path) {
			t.Errorf("got %q at %s, %v, want the file", content, path, err)
		}
	}
}

func TestUploadThatFailsLeavesNothing(t *testing.T) {
	u := newUploads(filepath.Join(t.TempDir(), "uploads"))
	for name, tt := range map[string]struct {
		size    int64
		content io.Reader
		kind    lab.Kind
	}{
		"../x":   {1, strings.NewReader("x"), lab.KindInvalid},
		".x":     {1, strings.NewReader("x"), lab.KindInvalid},
		"":       {1, strings.NewReader("x"), lab.KindInvalid},
		"a\nb":   {1, strings.NewReader("x"), lab.KindInvalid},
		"short":  {5, strings.NewReader("x"), lab.KindUnavailable},
		"broken": {-1, iotest.ErrReader(errors.New("cut")), lab.KindUnavailable},
	} {
		if path, err := u.take(name, tt.size, tt.content); lab.KindOf(err) != tt.kind {
			t.Errorf("%q: got %s, %v, want %s", name, path, err, tt.kind)
		}
	}
	if left, err := os.ReadDir(u.dir); len(left) > 0 || err != nil {
		t.Errorf("got %v, %v, want nothing left", left, err)
	}
}

func TestUploadsAreSweptWhenStale(t *testing.T) {
	u := newUploads(filepath.Join(t.TempDir(), "uploads"))
	old, err := u.take("old", 1, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := u.take("new", 1, strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * stale)
	if err := os.Chtimes(filepath.Dir(old), long, long); err != nil {
		t.Fatal(err)
	}
	u.sweep()
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("got %v for the old one, want it gone", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("got %v for the new one, want it kept", err)
	}
	if u.has("/etc/passwd") || u.has("") {
		t.Error("got a file that was not uploaded taken for one that was")
	}
}

func TestUploadIsDroppedUnlessItIsUsed(t *testing.T) {
	u := newUploads(filepath.Join(t.TempDir(), "uploads"))
	path, err := u.take("disk.img", 5, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "disk.img")
	for _, other := range []string{"", foreign, filepath.Join(filepath.Dir(path), "..", "..", "x", "disk.img"), filepath.Dir(path)} {
		if err := u.drop(other); lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%q: got %v, want it refused", other, err)
		}
	}
	release := u.use(path)
	if err := u.drop(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("got %v, want a file in use kept", err)
	}
	release()
	for range 2 { // gone already is no failure
		if err := u.drop(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("got %v, want the file gone with its folder", err)
	}
}
