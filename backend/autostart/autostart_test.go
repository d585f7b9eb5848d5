package autostart

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/lab"
)

func mustBe(t *testing.T, e Entry, on, foreign bool) {
	t.Helper()
	got, err := e.Autostart(t.Context())
	if want := (lab.Autostart{On: on, Foreign: foreign, File: e.file}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func mustSet(t *testing.T, e Entry, on bool) {
	t.Helper()
	if err := e.SetAutostart(t.Context(), on); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSwitchedOnAndOff(t *testing.T) {
	e := New(filepath.Join(t.TempDir(), "autostart", "x.desktop"), "/usr/bin/sandboxlabs")
	mustBe(t, e, false, false)
	if _, err := os.Stat(filepath.Dir(e.file)); err == nil {
		t.Error("to look made the folder")
	}
	for range 2 {
		mustSet(t, e, true)
		mustBe(t, e, true, false)
	}
	for range 2 {
		mustSet(t, e, false)
		mustBe(t, e, false, false)
	}
	left, err := os.ReadDir(filepath.Dir(e.file))
	if err != nil || len(left) != 0 {
		t.Errorf("switched off leaves %v, %v", left, err)
	}
}

// TestADesktopReadsIt asks GLib, which most desktops start programs by, and the validator.
func TestADesktopReadsIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a "b" $c \e`+" `f`")
	program := filepath.Join(dir, "sandboxlabs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, program, "#!/bin/sh\nprintf '%s %s' \"$0\" \"$*\" >\"${0%/*}/ran\"\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	e := New(filepath.Join(t.TempDir(), lab.AppID+".desktop"), program)
	mustSet(t, e, true)
	if out, err := exec.Command("desktop-file-validate", e.file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("desktop-file-validate: %s%v", out, err)
	}
	ran := filepath.Join(dir, "ran")
	if err := unix.Mkfifo(ran, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("gio", "launch", e.file).Run(); err != nil {
		t.Fatalf("GLib does not launch it: %v", err)
	}
	said, err := os.ReadFile(ran) // once it is run
	if got, want := string(said), program+" --hidden"; err != nil || got != want {
		t.Errorf("it ran %q, %v, want %q", got, err, want)
	}
}

func TestDesktopsHaveTheirOwnSwitch(t *testing.T) {
	for _, key := range []string{"Hidden=true", "X-GNOME-Autostart-enabled=false"} {
		e := New(filepath.Join(t.TempDir(), "x.desktop"), "/usr/bin/sandboxlabs")
		mustSet(t, e, true)
		content, err := os.ReadFile(e.file)
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, e.file, string(content)+key+"\n")
		mustBe(t, e, false, false)
		mustSet(t, e, true)
		mustBe(t, e, true, false)
	}
}

// TestForeignFilesStay: a tool for the desktop's settings makes such by itself.
func TestForeignFilesStay(t *testing.T) {
	const content = "[Desktop Entry]\nExec=sandboxlabs\n\n[Desktop Action x]\nHidden=true\nX-SandBoxLabs-Autostart=true\n"
	e := New(filepath.Join(t.TempDir(), "x.desktop"), "/usr/bin/sandboxlabs")
	mustWrite(t, e.file, content)
	mustBe(t, e, true, true)
	mustSet(t, e, true)
	if got := lab.KindOf(e.SetAutostart(t.Context(), false)); got != lab.KindExists {
		t.Errorf("switched off it is %q, want %q", got, lab.KindExists)
	}
	if got, err := os.ReadFile(e.file); err != nil || string(got) != content {
		t.Errorf("the file is %q, %v now", got, err)
	}
}

func TestWhereItCanNotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "autostart")
	mustWrite(t, file, "no folder")
	e := New(filepath.Join(file, "x.desktop"), "/usr/bin/sandboxlabs")
	if err := e.SetAutostart(t.Context(), true); lab.KindOf(err) != lab.KindUnavailable || lab.ProblemOf(err).Hint == "" {
		t.Errorf("below a file it is %v", err)
	}
	folder := New(t.TempDir(), "/usr/bin/sandboxlabs")
	if err := folder.SetAutostart(t.Context(), true); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("in the place of a folder it is %v", err)
	}
}
