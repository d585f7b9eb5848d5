package token

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// patience is how long a test waits for an event before it fails.
const patience = 20 * time.Second

func mustShow(t *testing.T, file string) string {
	t.Helper()
	token, err := Show(t.Context(), file)
	must(t, err)
	return token
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestShowMakesOneAndKeepsIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "token")
	first := mustShow(t, file)
	if again := mustShow(t, file); again != first {
		t.Errorf("shown again it is %s, want %s", again, first)
	}
	info, err := os.Stat(file)
	must(t, err)
	if got, want := info.Mode().Perm(), os.FileMode(0o600); got != want {
		t.Errorf("its file has mode %o, want %o", got, want)
	}
	other, err := Rotate(file)
	must(t, err)
	if shown := mustShow(t, file); other == first || shown != other {
		t.Errorf("after a rotation it is %s, want %s and not %s", shown, other, first)
	}
}

func TestShowAtOnceShowsTheSame(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	shown := make([]string, 8)
	var all sync.WaitGroup
	for i := range shown {
		all.Go(func() {
			var err error
			if shown[i], err = Show(t.Context(), file); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, token := range shown {
		if token != shown[0] {
			t.Errorf("got %s beside %s, want the same", token, shown[0])
		}
	}
}

func TestWhatOthersMayReadIsNoToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	mustShow(t, file)
	must(t, os.Chmod(file, 0o640)) //nolint:gosec // that is what is tested
	if _, err := Show(t.Context(), file); lab.KindOf(err) != lab.KindDenied {
		t.Errorf("got %v, want KindDenied", err)
	}
	must(t, os.Chmod(file, 0o600))
	must(t, os.WriteFile(file, []byte("root\n"), 0o600))
	if _, err := Show(t.Context(), file); lab.KindOf(err) != lab.KindInvalid {
		t.Errorf("got %v for what is no token, want KindInvalid", err)
	}
}

// A running server knows a rotation at once, and what was entered by the old
// token ends.
func TestKeepFollowsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	k, err := Keep(t.Context(), file, slog.New(slog.DiscardHandler))
	must(t, err)
	old := mustShow(t, file)
	life, ok := k.Admit(old)
	if !ok {
		t.Fatal("the token is not admitted")
	}
	for _, wrong := range []string{"", "sbl_", old + "A", strings.ToLower(old)} {
		if _, ok := k.Admit(wrong); ok {
			t.Errorf("%q is admitted", wrong)
		}
	}
	next, err := Rotate(file)
	must(t, err)
	mustEnd(t, life)
	if _, ok := k.Admit(old); ok {
		t.Error("the old token is admitted")
	}
	life, ok = k.Admit(next)
	if !ok {
		t.Fatal("the new token is not admitted")
	}
	must(t, os.Remove(file))
	mustEnd(t, life)
	for _, none := range []string{"", next} {
		if _, ok := k.Admit(none); ok {
			t.Errorf("%q is admitted without a file", none)
		}
	}
}

// A rotated token is worth nothing at once, however late the change of its file is told.
func TestRotatedIsWorthNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	old, err := Show(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	k := &Keeper{file: file, log: slog.New(slog.DiscardHandler)} // nothing tells it
	k.reload()
	life, ok := k.Admit(old)
	if !ok {
		t.Fatal("the token does not admit")
	}
	now, err := Rotate(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := k.Admit(old); ok {
		t.Error("the old token still admits")
	}
	if _, ok := k.Admit(now); !ok {
		t.Error("the new token does not admit")
	}
	mustEnd(t, life)
}

func mustEnd(t *testing.T, life context.Context) {
	t.Helper()
	select {
	case <-life.Done():
	case <-time.After(patience):
		t.Fatal("what the old token began did not end")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("sbl_ABCDEFGHIJKLMNOPQRSTUVWXYZ\n"))
	f.Add([]byte("sbl_ABCDEFGHIJKLMNOPQRSTUVWXYZ\n\n"))
	f.Add([]byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		token, err := Parse(content)
		if err != nil {
			if token != "" || lab.KindOf(err) != lab.KindInvalid {
				t.Errorf("got %q, %v, want nothing and KindInvalid", token, err)
			}
			return
		}
		if strings.ContainsAny(token, " \r\n\x00") || len(token) < 30 {
			t.Errorf("got the token %q of %q", token, content)
		}
		if again, err := Parse([]byte(token + "\n")); err != nil || again != token {
			t.Errorf("written and read again it is %q, %v, want %q", again, err, token)
		}
	})
}
