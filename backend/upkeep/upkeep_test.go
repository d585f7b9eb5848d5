package upkeep

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// mustOpen opens a log that is closed with the test.
func mustOpen(t *testing.T, path string) *Log {
	t.Helper()
	l, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "a", "b"), strings.Repeat("x", 5000))
	mustWrite(t, filepath.Join(dir, "c"), "x")
	mustWrite(t, filepath.Join(dir, "pool", "d"), strings.Repeat("x", 50_000))
	u := New(Options{
		Folders: map[lab.FolderName]string{lab.FolderData: dir, lab.FolderState: filepath.Join(dir, "absent")}, Skip: filepath.Join(dir, "pool"),
	})
	if f, err := u.Measure(t.Context(), lab.FolderData); err != nil || f.Files != 2 || f.Bytes < 5001 || f.Bytes > 40_000 {
		t.Errorf("got %+v, %v, want two files without the pool's", f, err)
	}
	if f, err := u.Measure(t.Context(), lab.FolderState); err != nil || f.Files != 0 || f.Bytes != 0 {
		t.Errorf("got %+v, %v of what is not there", f, err)
	}
	if _, err := u.Measure(t.Context(), "../"); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want KindNotFound", err)
	}
	if all := u.Folders(); len(all) != 2 || all[0].Path != dir {
		t.Errorf("got %+v", all)
	}
}

// Many logs of one file stand for many processes: each has a descriptor of its own.
func TestLogOfManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	const writers, lines = 8, 300
	var all sync.WaitGroup
	for w := range writers {
		l := mustOpen(t, path)
		l.max = 40 << 10 // two or three rotations
		all.Go(func() {
			for n := range lines {
				if _, err := fmt.Fprintf(l, "%d-%d %s\n", w, n, strings.Repeat("x", 30)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	whole := mustRead(t, path)
	for n := 1; n <= keptLog; n++ {
		if content, err := os.ReadFile(aside(path, n)); err == nil {
			whole = string(content) + whole
		}
	}
	if got, want := strings.Count(whole, "\n"), writers*lines; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}
	for _, line := range strings.Split(strings.TrimSpace(whole), "\n") {
		if !strings.HasSuffix(line, strings.Repeat("x", 30)) {
			t.Fatalf("%q is not whole", line)
		}
	}
	if _, err := os.Stat(aside(path, 1)); err != nil {
		t.Errorf("it was never put aside: %v", err)
	}
	if _, err := os.Stat(path + ".lock"); err == nil {
		t.Error("the lock is still there")
	}
}

// A person may remove it, or its folder become read-only.
func TestLogGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := mustOpen(t, path)
	log := slog.New(slog.NewTextHandler(l, nil))
	log.Info("first")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	log.Info("second")
	if got := mustRead(t, path); !strings.Contains(got, "second") || strings.Contains(got, "first") {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want it for its owner alone", info, err)
	}
	if _, err := OpenLog(filepath.Join(path, "below")); lab.KindOf(err) != lab.KindDenied {
		t.Errorf("got %v, want KindDenied", err)
	}
}

func TestNoSecretInTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := mustOpen(t, path)
	for name, h := range map[string]slog.Handler{"text": slog.NewTextHandler(l, nil), "json": slog.NewJSONHandler(l, nil)} {
		log := slog.New(h)
		log.Info("dial", "dsn", "postgres://ours:hush@db.test/guacamole", "password", "hush", "kept", name)
		log.Info(`<graphics passwd="hush" port='5900'/> and passwd='hush'`)
		log.Error("x", "error", errors.New(`{"token":"hush", "user":"kept"} ws://127.0.0.1:1/console?ticket=hush&x=kept`))
		log.Error("x", "error", "hash $6$rounds=50000$hush$hush/hush.hush of kept, Authorization: hush")
	}
	if got := mustRead(t, path); strings.Contains(got, "hush") || strings.Count(got, "kept") != 8 {
		t.Errorf("the log says\n%s", got)
	}
}

func TestLogTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	u := New(Options{Log: path})
	if text, err := u.LogTail(t.Context(), 3); err != nil || text != "" {
		t.Errorf("without a log got %q, %v", text, err)
	}
	mustWrite(t, path, "c\nd\n")
	mustWrite(t, aside(path, 1), "a\nb\n")
	for n, want := range map[int]string{1: "d\n", 3: "b\nc\nd\n", 9: "a\nb\nc\nd\n"} {
		if text, err := u.LogTail(t.Context(), n); err != nil || text != want {
			t.Errorf("got %q, %v, want %q", text, err, want)
		}
	}
	mustWrite(t, path, strings.Repeat(strings.Repeat("x", 99)+"\n", 10_000))
	if text, err := u.LogTail(t.Context(), 1_000_000); err != nil || len(text) > tailBytes+10 || !strings.HasPrefix(text, "a\nb\nx") {
		t.Errorf("got %d bytes that begin with %.10q, %v", len(text), text, err)
	}
}

// ways are how a process can end, each played by this test's own binary.
var ways = map[string]func(){
	"panic": func() { panic("hash $6$hush$hushhushhush of postgres://a:hush@b/c") },
	"fatal": func() {
		m := map[int]int{}
		go func() {
			for {
				m[1]++
			}
		}()
		for {
			m[1]++
		}
	},
	"kill": func() {
		p, _ := os.FindProcess(os.Getpid())
		_ = p.Kill()
		select {}
	},
	"end": nil,
}

func TestMain(m *testing.M) {
	dir, way := os.Getenv("UPKEEP_DIR"), os.Getenv("UPKEEP_WAY")
	if dir == "" {
		os.Exit(m.Run())
	}
	end, err := Watch(optionsIn(dir), "v1.2.3")
	if err != nil {
		panic(err)
	}
	if do := ways[way]; do != nil {
		do()
	}
	end()
}

func optionsIn(dir string) Options {
	return Options{Log: filepath.Join(dir, "log"), Crashes: filepath.Join(dir, "crashes")}
}

// play runs a process that ends in one of the ways.
func play(t *testing.T, dir, way string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "UPKEEP_DIR="+dir, "UPKEEP_WAY="+way)
	if err := cmd.Run(); (err == nil) != (way == "end") {
		t.Fatalf("%s: %v", way, err)
	}
}

func TestCrashReports(t *testing.T) {
	dir := t.TempDir()
	u := New(optionsIn(dir))
	mustWrite(t, u.o.Log, strings.Repeat("old\n", 100)+"last password=hush\n")
	for _, way := range []string{"panic", "kill", "fatal", "end"} {
		play(t, dir, way)
	}
	reports, err := u.Crashes(t.Context())
	if err != nil || len(reports) != 2 {
		t.Fatalf("got %d reports, %v, want those of the panic and the fatal error", len(reports), err)
	}
	// The runtime leaves the words of its fatal errors to the terminal; the stack names them.
	for i, want := range []string{"maps.fatal(", "panic: hash ********"} {
		text := reports[i].Text
		for _, part := range []string{want, "SandBoxLabs v1.2.3", "goroutine ", "last password=********", strings.Repeat("old\n", reportLines-1)} {
			if !strings.Contains(text, part) {
				t.Errorf("report %d lacks %q:\n%.1500s", i, part, text)
			}
		}
		if strings.Contains(text, "hush") || strings.Contains(text, strings.Repeat("old\n", reportLines)) {
			t.Errorf("report %d says too much", i)
		}
	}
	if info, err := os.Stat(filepath.Join(u.o.Crashes, reports[0].Name)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want it for its owner alone", info, err)
	}
	for _, r := range reports {
		if err := errors.Join(u.CrashRead(t.Context(), r.Name), u.CrashRead(t.Context(), r.Name)); err != nil {
			t.Error(err)
		}
	}
	if left, err := u.Crashes(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("got %+v, %v, want none unread", left, err)
	}
	if err := u.CrashRead(t.Context(), "../x"+unreadSuffix); lab.KindOf(err) != lab.KindInvalid {
		t.Errorf("got %v, want KindInvalid", err)
	}
}

func TestOnlyTheLastReportsAreKept(t *testing.T) {
	o := optionsIn(t.TempDir())
	for n := range keptReports + 3 {
		mustWrite(t, filepath.Join(o.Crashes, fmt.Sprintf("20260101-00000%d.000%s", n, unreadSuffix)), "x")
	}
	end, err := Watch(o, "v1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := Watch(o, "v1") // of another process; the first is alive
	if err != nil {
		t.Fatal(err)
	}
	other()
	end()
	left, err := New(o).Crashes(t.Context())
	if err != nil || len(left) != keptReports || left[0].Name != "20260101-000007.000"+unreadSuffix {
		t.Errorf("got %d, %v, want the last %d", len(left), err, keptReports)
	}
	entries, err := os.ReadDir(o.Crashes)
	if err != nil || len(entries) != keptReports {
		t.Errorf("got %v, %v, want nothing of running processes", entries, err)
	}
}
