package durable

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/lab"
)

// roleEnv makes this test binary another process with a part to play.
const roleEnv = "DURABLE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "holder":
		hold(os.Args[1])
	case "full disk":
		overfill(os.Args[1])
	default:
		os.Exit(m.Run())
	}
}

// hold reserves a path, says so, and waits to be told to go on or be killed.
func hold(path string) {
	unlock, err := Lock(path)
	fmt.Println(lab.KindOf(err))
	if err != nil {
		return
	}
	defer unlock()
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		panic(err)
	}
}

// overfill writes more than a limit on the size of files lets it, which fails
// as a full disk does, for root too.
func overfill(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 10, Max: 10}); err != nil {
		panic(err)
	}
	err := Write(path, []byte("more than ten bytes"))
	fmt.Printf("%s %v\n", lab.KindOf(err), err)
}

func role(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), roleEnv+"="+name)
	return cmd
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustBeKind(t *testing.T, err error, want lab.Kind) {
	t.Helper()
	if got := lab.KindOf(err); got != want {
		t.Errorf("got %v (%s), want kind %q", err, got, want)
	}
}

func mustList(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got files %v, want %v", got, want)
	}
}

func TestWriteReplacesPrivately(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "file.json")
	for _, content := range []string{"first, and long", "second"} {
		mustBeKind(t, Write(path, []byte(content)), "")
		if got := mustRead(t, path); got != content {
			t.Errorf("got %q, want %q", got, content)
		}
	}
	mustList(t, filepath.Dir(path), "file.json")
	for _, at := range []struct {
		path string
		mode os.FileMode
	}{{path, 0o600}, {filepath.Dir(path), 0o700}} {
		if info, err := os.Stat(at.path); err != nil || info.Mode().Perm() != at.mode {
			t.Errorf("%s: got %v, %v, want mode %v", at.path, info, err, at.mode)
		}
	}
}

func TestWriteOnAFullDiskKeepsTheOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.json")
	mustBeKind(t, Write(path, []byte("old")), "")
	out, err := role(t, "full disk", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := string(out); !strings.HasPrefix(got, "unavailable can not write "+path+", there is no space left") {
		t.Errorf("got %q, want KindUnavailable and the reason", got)
	}
	if got := mustRead(t, path); got != "old" {
		t.Errorf("got %q, want the old content", got)
	}
	mustList(t, filepath.Dir(path), "file.json")
}

func TestWriteWhereItCanNotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustBeKind(t, Write(file, nil), "")
	mustBeKind(t, Write(file+"/below", nil), lab.KindUnavailable)
	dir := t.TempDir()
	mustBeKind(t, Write(dir, nil), lab.KindUnavailable)
	mustList(t, filepath.Dir(file), "file")
}

func TestExplainTellsPermissionApart(t *testing.T) {
	mustBeKind(t, explain(&os.PathError{Err: syscall.EACCES}, "write", "x"), lab.KindDenied)
	mustBeKind(t, explain(&os.PathError{Err: syscall.EROFS}, "write", "x"), lab.KindUnavailable)
}

func TestRemoveCanBeRepeated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	mustBeKind(t, Write(path, nil), "")
	for range 2 {
		mustBeKind(t, Remove(path), "")
	}
	mustList(t, filepath.Dir(path))
}

func TestSetAsideLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	for _, content := range []string{"one", "two"} {
		mustBeKind(t, Write(path, []byte(content)), "")
		mustBeKind(t, SetAside(path), "")
	}
	mustBeKind(t, SetAside(path), "")
	mustList(t, filepath.Dir(path), "x.json.unreadable-1", "x.json.unreadable-2")
	if got := mustRead(t, path+".unreadable-2"); got != "two" {
		t.Errorf("got %q, want two", got)
	}
}

func TestNamesSweepsWhatAKilledWriterLeft(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, tempPrefix+"old.json"), filepath.Join(dir, tempPrefix+"young.json")
	for _, path := range []string{old, young, dir + "/b.json", dir + "/a.json", dir + "/a.json.unreadable-1"} {
		mustBeKind(t, Write(path, nil), "")
	}
	then := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(old, then, then); err != nil {
		t.Fatal(err)
	}
	got, err := Names(dir, ".json")
	if want := []string{"a.json", "b.json"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	mustList(t, dir, tempPrefix+"young.json", "a.json", "a.json.unreadable-1", "b.json")
}

func TestNamesOfAMissingFolder(t *testing.T) {
	got, err := Names(filepath.Join(t.TempDir(), "absent"), ".json")
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want none", got, err)
	}
}

func TestLockLeavesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locks", "x")
	unlock, err := Lock(path)
	mustBeKind(t, err, "")
	_, err = Lock(path)
	mustBeKind(t, err, lab.KindBusy)
	unlock()
	mustList(t, filepath.Dir(path))
}

// TestUnlockTwice leaves the lock of whoever came between alone.
func TestUnlockTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	unlock, err := Lock(path)
	mustBeKind(t, err, "")
	unlock()
	next, err := Lock(path)
	mustBeKind(t, err, "")
	unlock()
	_, err = Lock(path)
	mustBeKind(t, err, lab.KindBusy)
	next()
}

func TestLockHoldsBetweenProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	unlock, err := Lock(path)
	mustBeKind(t, err, "")
	out, err := role(t, "holder", path).Output()
	if err != nil || strings.TrimSpace(string(out)) != string(lab.KindBusy) {
		t.Errorf("got %q, %v from another process, want busy", out, err)
	}
	unlock()
	kill := mustHold(t, path)
	_, err = Lock(path)
	mustBeKind(t, err, lab.KindBusy)
	kill()
	unlock, err = Lock(path)
	mustBeKind(t, err, "")
	unlock()
}

// Who waits for a file gets the one that is there then, and waits for a moment only.
func TestHoldKeepsOthersWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "x")
	_, release, err := Hold(t.Context(), path)
	mustBeKind(t, err, "")
	got := make(chan string, 1)
	go func() {
		f, release, err := Hold(t.Context(), path)
		if err != nil {
			got <- err.Error()
			return
		}
		defer release()
		content, err := io.ReadAll(f)
		got <- fmt.Sprint(string(content), err)
	}()
	select {
	case early := <-got:
		t.Errorf("got %q while the file was held", early)
	case <-time.After(20 * holdPause):
	}
	mustBeKind(t, Write(path, []byte("another file")), "")
	release()
	if got, want := <-got, "another file<nil>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHoldGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	_, release, err := Hold(t.Context(), path)
	mustBeKind(t, err, "")
	defer release()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Hold(cancelled, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	begin := time.Now()
	_, _, err = Hold(t.Context(), path)
	mustBeKind(t, err, lab.KindBusy)
	if waited := time.Since(begin); waited < holdPatience {
		t.Errorf("gave up after %v, want %v", waited, holdPatience)
	}
}

// mustHold lets another process reserve path; kill is kill -9.
func mustHold(t *testing.T, path string) (kill func()) {
	t.Helper()
	cmd := role(t, "holder", path)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // "signal: killed" is what we want
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "\n" {
		t.Fatalf("got %q, %v, want the lock held", line, err)
	}
	return kill
}
