package app

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"sandboxlabs/backend/lab"
)

func mustKeeper(t *testing.T) (*App, Folders) {
	t.Helper()
	dir := t.TempDir()
	f := Folders{Pictures: filepath.Join(dir, "Pictures", "SandBoxLabs"), Videos: filepath.Join(dir, "Videos", "SandBoxLabs")}
	return New(nil, f), f
}

func TestKeep(t *testing.T) {
	a, f := mustKeeper(t)
	content := base64.StdEncoding.EncodeToString([]byte("of the display"))
	for name, want := range map[string]string{
		"web.png":  filepath.Join(f.Pictures, "web.png"),
		"web.webm": filepath.Join(f.Videos, "web.webm"),
	} {
		path, err := a.Keep(name, content)
		if err != nil || path != want {
			t.Fatalf("%s: got %q, %v, want %s", name, path, err, want)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != "of the display" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestKeepLeavesWhatIsThere(t *testing.T) {
	a, f := mustKeeper(t)
	for i, want := range []string{"web.png", "web-2.png", "web-3.png"} {
		content := base64.StdEncoding.EncodeToString([]byte{byte(i)})
		if path, err := a.Keep("web.png", content); err != nil || path != filepath.Join(f.Pictures, want) {
			t.Fatalf("got %q, %v, want %s", path, err, want)
		}
	}
	if first, err := os.ReadFile(filepath.Join(f.Pictures, "web.png")); err != nil || len(first) != 1 || first[0] != 0 {
		t.Errorf("got %v, %v, want the first as it was", first, err)
	}
}

func TestKeepRefuses(t *testing.T) {
	a, f := mustKeeper(t)
	for _, name := range []string{"", ".png", "../web.png", "a/b.png", "/etc/web.png", "web.sh", "web"} {
		if path, err := a.Keep(name, ""); lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%q: got %q, %v, want KindInvalid", name, path, err)
		}
	}
	if _, err := a.Keep("web.png", "not base64"); lab.KindOf(err) != lab.KindInvalid {
		t.Errorf("got %v, want KindInvalid", err)
	}
	if _, err := os.Stat(f.Pictures); !os.IsNotExist(err) {
		t.Errorf("got %v, want nothing made", err)
	}
}

func TestKeepWithoutItsFolder(t *testing.T) {
	a, f := mustKeeper(t)
	if err := os.WriteFile(filepath.Dir(f.Pictures), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := a.Keep("web.png", "")
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindDenied || p.Hint == "" {
		t.Errorf("got %v, want KindDenied and what to do", err)
	}
}
