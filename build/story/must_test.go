package story

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// must gives the value of a call that has to succeed: must(f())(t).
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a command that has to succeed and gives its output.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := output(cmd)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(cmd.Args, " "), err)
	}
	return out
}

// output gives a command's output, trimmed; its error has what it complained of.
func output(cmd *exec.Cmd) (string, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", &failure{err, strings.TrimSpace(complaint.String())}
	}
	return strings.TrimSpace(string(out)), nil
}

type failure struct {
	error
	complaint string
}

func (f *failure) Error() string { return f.error.Error() + ": " + f.complaint }
func (f *failure) Unwrap() error { return f.error }

// eventually asks until the answer is yes, and reports whether it ever was.
// The things asked here (an X server, virsh, a page) have no common event.
func eventually(limit time.Duration, yes func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if yes() {
			return true
		}
	}
	return yes()
}

// ends is the beginning and the end of a long text.
func ends(text string) string {
	const enough = 3000
	if len(text) <= 2*enough {
		return text
	}
	return text[:enough] + "\n...\n" + text[len(text)-enough:]
}
