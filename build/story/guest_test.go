package story

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"time"
)

// bootLimit is how long the tiny guest may take to its prompt; emulated on a
// busy machine it has needed 20 s.
const bootLimit = 90 * time.Second

// guest is what is true of a node: its domain, and what its guest says on the
// serial port.
type guest struct {
	place *place
	name  string
	boot  string // id of the domain in the boot that is listened to
	port  *os.File
	said  string // since the last hear
}

// state is the domain's state in virsh's words.
func (g *guest) state() string {
	g.place.t.Helper()
	return g.place.virsh("domstate", g.name)
}

// awaitState waits for virsh to say so too.
func (g *guest) awaitState(want string) {
	g.place.t.Helper()
	var got string
	if !eventually(lookLimit, func() bool { got = g.state(); return got == want }) {
		g.place.t.Fatalf("got %q of virsh domstate, want %q", got, want)
	}
}

// defined reports whether virsh lists the domain.
func (g *guest) defined() bool {
	g.place.t.Helper()
	for name := range strings.Lines(g.place.virsh("list", "--all", "--name")) {
		if strings.TrimSpace(name) == g.name {
			return true
		}
	}
	return false
}

// awaitBoot waits until the domain runs anew, and listens to its serial port
// until the shell's prompt.
func (g *guest) awaitBoot() {
	t := g.place.t
	t.Helper()
	if !eventually(lookLimit, g.listen) {
		t.Fatalf("%s did not start anew after boot %s", g.name, g.boot)
	}
	g.hear("~# ", bootLimit)
}

// listen opens the serial port of a boot that was not listened to yet.
func (g *guest) listen() bool {
	boot, err := g.query("domid")
	if err != nil || boot == "-" || boot == g.boot {
		return false
	}
	path, err := g.query("ttyconsole")
	if err != nil || path == "" {
		return false
	}
	port, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false // the domain that had it is gone again
	}
	g.boot, g.port, g.said = boot, port, ""
	g.place.t.Cleanup(func() { _ = port.Close() }) // its other end may be gone
	return true
}

// hear waits until the guest says a text on its serial port, and forgets what
// it said before.
func (g *guest) hear(text string, limit time.Duration) {
	t := g.place.t
	t.Helper()
	check(t, g.port.SetReadDeadline(time.Now().Add(limit)))
	for chunk := make([]byte, 4096); !strings.Contains(g.said, text); {
		n, err := g.port.Read(chunk)
		g.said += string(chunk[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("waited %s in vain for %q on the serial port, got %q", limit, text, ends(g.said))
		}
		check(t, err)
	}
	_, g.said, _ = strings.Cut(g.said, text)
}

// query asks virsh about the domain, which may be between two boots.
func (g *guest) query(what string, more ...string) (string, error) {
	return output(g.place.command(nil, "virsh", append([]string{"-q", "-c", g.place.uri, what, g.name}, more...)...))
}
