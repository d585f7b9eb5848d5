package story

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNoWindow starts the program, with no terminal, where it can not work: a dialog
// says why until it is closed, or the program ended.
func TestNoWindow(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	s := logIn(newDesk(place))
	config := filepath.Join(place.dir, "config/sandboxlabs/config.toml")
	good := string(must(os.ReadFile(config))(t))
	for _, c := range []struct {
		name   string
		spoil  func()
		mend   func()
		want   string
		signal bool // it is ended by one
	}{
		{"read-only", func() { place.mode("data", 0o500) }, func() { place.mode("data", 0o700) }, "can not make the folder " + filepath.Join(place.dir, "data"), false},
		{"read-only-settings", func() { place.mode("config", 0o000) }, func() { place.mode("config", 0o700) }, "config.toml", true},
		{"read-only-runtime", func() { place.mode("run/sandboxlabs", 0o500) }, func() { place.mode("run/sandboxlabs", 0o700) }, filepath.Join(place.dir, "run"), false},
		{"settings", func() { place.write("config/sandboxlabs/config.toml", "[pool\n") }, func() { place.write("config/sandboxlabs/config.toml", good) }, "the settings can not be used", false},
	} {
		c.spoil()
		l := s.launch("--hidden")
		s.awaitWindow("SandBoxLabs")
		s.shot("no-window", c.name)
		if c.signal {
			check(t, syscall.Kill(l.pid, syscall.SIGTERM))
		} else {
			s.do("key", "Return")
		}
		if err := l.end(t); err == nil || !strings.Contains(l.said.String(), c.want) || !strings.Contains(l.said.String(), "hint: ") {
			t.Errorf("%s: ended with %v and %q, want it failed, for %q, with what mends it", c.name, err, l.said, c.want)
		}
		c.mend()
	}
	s.look(s.launch(), "no-window").await(id("no-images")) // there is nothing left of it
}

// end waits until the program has ended, and gives what with.
func (l *launch) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(lookLimit):
		t.Fatalf("waited %s in vain for the program to end", lookLimit)
	}
	return nil
}

// mode changes what the place's user may do with a folder of theirs.
func (p *place) mode(folder string, mode os.FileMode) {
	p.t.Helper()
	check(p.t, os.Chmod(filepath.Join(p.dir, folder), mode))
}
