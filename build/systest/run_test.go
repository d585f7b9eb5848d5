package systest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// patience is how long a command, or what a test waits for, may take. Guests are
// emulated, on as few cores as there are.
const patience = 90 * time.Second

// result is what a command left.
type result struct {
	argv     []string
	out, say string // stdout and stderr
	code     int    // -1: it did not exit by itself
	fault    error
}

// err is nil if the command exited 0.
func (r result) err() error {
	if r.fault == nil {
		return nil
	}
	return fmt.Errorf("%v: %w\n%s%s", r.argv, r.fault, r.out, r.say)
}

// command gives the command line that does something as the world's account.
func (w *world) command(name string, args ...string) []string {
	return slices.Concat(w.prefix, []string{"env", "-i"}, w.env, []string{name}, args)
}

// cmd prepares such a command; it is killed when ctx ends.
func (w *world) cmd(ctx context.Context, name string, args ...string) *exec.Cmd {
	argv := w.command(name, args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = w.dir
	cmd.WaitDelay = time.Second // a daemon it has started must not hold it
	return cmd
}

// run runs a command as the world's account.
func (w *world) run(name string, args ...string) result {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, say bytes.Buffer
	cmd := w.cmd(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &out, &say
	err := cmd.Run()
	return result{
		argv: append([]string{name}, args...), out: out.String(), say: say.String(),
		code: exitCode(err), fault: err,
	}
}

// exitCode is that of a command that gave err, -1 if it did not exit by itself.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// exec runs a command that must succeed.
func (w *world) exec(name string, args ...string) error { return w.run(name, args...).err() }

// must runs a command that must succeed, and gives what it wrote.
func (w *world) must(t *testing.T, name string, args ...string) string {
	t.Helper()
	r := w.run(name, args...)
	if err := r.err(); err != nil {
		t.Fatal(err)
	}
	return r.out
}

// virsh runs virsh, which must succeed, and gives what it wrote.
func (w *world) virsh(t *testing.T, args ...string) string {
	t.Helper()
	return w.must(t, "virsh", append([]string{"-q", "-c", w.uri}, args...)...)
}

// virshStart starts a node with virsh, again where it lost its display's port to
// another libvirt of this machine: virsh does not try the next one.
func (w *world) virshStart(t *testing.T, node string) {
	t.Helper()
	r := w.run("virsh", "-q", "-c", w.uri, "start", node)
	for range 5 {
		if !strings.Contains(r.say, "Failed to find an available port") {
			break
		}
		r = w.run("virsh", "-q", "-c", w.uri, "start", node)
	}
	if err := r.err(); err != nil {
		t.Fatal(err)
	}
}

// program runs the program, which must succeed, and gives what it wrote.
func (w *world) program(t *testing.T, args ...string) string {
	t.Helper()
	return w.must(t, "sandboxlabs", args...)
}

// show gives a node as the command line shows it.
func (w *world) show(t *testing.T, node string) lab.Node {
	t.Helper()
	return mustDecode[lab.Node](t, w.program(t, "node", "show", node, "--json"))
}

// list gives the nodes as the command line lists them.
func (w *world) list(t *testing.T) []lab.Node {
	t.Helper()
	return mustDecode[[]lab.Node](t, w.program(t, "node", "ls", "--json"))
}

func mustDecode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

// problemOf gives the problem a command of the program has told as JSON, or nil
// if it succeeded. Anything else fails the test.
func problemOf(t *testing.T, r result) *lab.Problem {
	t.Helper()
	if r.code == 0 {
		return nil
	}
	if r.code != 1 {
		t.Fatalf("exit code %d, want 1: %v", r.code, r.err())
	}
	p := mustDecode[lab.Problem](t, r.out)
	if p.Kind == lab.KindInternal || p.Message == "" {
		t.Errorf("%v: got the problem %+v, want one that a person understands", r.argv, p)
	}
	return &p
}

// await asks until the answer is yes; what says what is missing.
func await(t *testing.T, what string, ask func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ask() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", patience, what)
		}
		time.Sleep(200 * time.Millisecond) // a command of the program takes as long
	}
}
