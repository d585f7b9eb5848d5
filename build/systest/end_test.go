package systest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// mustEndable runs the program with its page, until end ends it as a session does
// that is over: by SIGTERM.
func mustEndable(t *testing.T, w *world) (p *page, end func()) {
	t.Helper()
	cmd := w.cmd(context.Background(), "sandboxlabs", "serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var say bytes.Buffer
	cmd.Stderr = &say
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, unless the test failed
	return open(t, mustLink(t, out)), func() {
		t.Helper()
		began := time.Now()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("SIGTERM ended the program with %v, want a good end: %s", err, &say)
		}
		if took := time.Since(began); took > patience/3 {
			t.Errorf("the end took %s", took)
		}
	}
}

// long makes the file of a disk that is empty and takes a minute to unpack, which is
// longer than the end waits: a partition table, and a frame of zstd again and again.
const long = `set -e
{ head -c 446 /dev/zero; printf '\000\001\001\000\203\001\001\000\001\000\000\000\377\377\000\000'; head -c 48 /dev/zero; printf '\125\252'; head -c 1048064 /dev/zero; } | zstd -q >long.raw.zst
head -c 1G /dev/zero | zstd -q >gib
for i in $(seq 60); do cat gib; done >>long.raw.zst`

// TestEnd ends the program while nodes are made, wiped and removed, and an image is
// imported. It exits well, and the next start finds nothing half done.
func TestEnd(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		for i := range 6 {
			w.program(t, "node", "create", w.node(fmt.Sprint("old", i)), "--image", "tiny")
		}
		old := w.list(t)
		p, end := mustEndable(t, w)
		if w.profile == session { // it is the same in both
			w.must(t, "sh", "-c", long)
			p.call(t, "AddImage", map[string]string{"name": "long", "path": w.path("long.raw.zst")})
		}
		for i, n := range old[:4] {
			begin(p, "Create", map[string]string{"name": w.node(fmt.Sprint("new", i)), "image": "tiny"})
			begin(p, "Wipe", n.ID)
		}
		for _, n := range old[4:] {
			begin(p, "Delete", n.ID, true)
		}
		time.Sleep(rand.N(300 * time.Millisecond)) // at any moment of it
		end()
		checkWhole(t, w)
		if left := w.run("sh", "-c", "ls -A pool.incoming 2>/dev/null").out; left != "" {
			t.Errorf("got %q left of what was brought in, want nothing", left)
		}
		log, err := os.ReadFile(w.path(stateDir, "sandboxlabs", "log", "sandboxlabs.log"))
		if err != nil || strings.Contains(string(log), "level=ERROR") {
			t.Errorf("the log is %s, %v, want no error in it", log, err)
		}
	})
}

// begin calls a verb; whether it is heard before the end is not known.
func begin(p *page, verb string, args ...any) {
	go func() { _, _ = p.ask(new(any), verb, args...) }()
}
