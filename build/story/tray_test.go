package story

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandboxlabs/build/inspect"
)

// TestTray works with the icon in a real panel, as two users at once.
func TestTray(t *testing.T) {
	mustPlay(t)
	for _, profile := range profiles() {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			place := newPlace(t, profile)
			place.addStill()
			place.sandboxlabs("settings", "set", "node.stop_seconds", "2") // it hears no power button
			suffix := "-" + strings.ToLower(rand.Text()[:3])
			g := &guest{place: place, name: "build" + suffix} // the first in the menu
			for _, name := range []string{"build", "db", "web"} {
				place.sandboxlabs("node", "create", name+suffix, "--image", "still", "--memory", "128")
			}
			playTray(logIn(newDesk(place)), g, "tray/"+profile, schemes[profile])
		})
	}
}

func playTray(s seat, g *guest, album, scheme string) {
	t := s.place.t
	t.Helper()
	panel := s.addPanel(scheme)
	s.addNotifications()
	s.endHidden()
	hidden := s.launch("--hidden")
	s.awaitIcon()
	s.await("libvirt's nodes", func() bool { return strings.Contains(s.ask("ToolTip"), "0 of 3 running") })
	s.awaitNoWindow()
	panel.startAndStop(g, album)
	panel.fail(g, album)
	if g.place.isSession() { // once is enough
		panel.many(g, album)
		panel.wipe(g, album)
	}
	s.secondStarts(hidden, g, album)
	s.askWithTray(hidden, album)
	s.closeWindow()
	check(t, syscall.Kill(-panel.process.Process.Pid, syscall.SIGTERM))
	s.awaitWindow("SandBoxLabs") // there is nothing left that would show it
	g.place.virsh("start", g.name)
	s.closeWithoutTray(hidden, g, album)
}

// launch is the program while it runs.
type launch struct {
	pid   int
	ended chan error // when it has
	port  int        // of its inspector
	said  *bytes.Buffer
}

// launch starts the program in the session.
func (s seat) launch(args ...string) *launch {
	s.place.t.Helper()
	return s.begin(s.command(args...))
}

// begin starts a command of the program.
func (s seat) begin(cmd *exec.Cmd) *launch {
	t := s.place.t
	t.Helper()
	l := &launch{ended: make(chan error, 1), port: freePort(t), said: new(bytes.Buffer)}
	cmd.Env = append(cmd.Env, fmt.Sprintf("WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:%d", l.port))
	cmd.Stderr = l.said
	check(t, cmd.Start())
	l.pid = cmd.Process.Pid
	s.place.atEnd("kill -- -%d", l.pid)
	go func() { l.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(-l.pid, syscall.SIGTERM) // it may be gone
			t.Logf("the program said:\n%s", l.said)
		}
	})
	return l
}

// endHidden ends a program that is in the tray alone.
func (s seat) endHidden() {
	t := s.place.t
	t.Helper()
	l := s.launch("--hidden")
	s.awaitIcon()
	check(t, syscall.Kill(-l.pid, syscall.SIGTERM))
	if err := <-l.ended; err != nil {
		t.Errorf("SIGTERM ended the program in the tray with %v", err)
	}
	s.await("the icon to go", func() bool {
		return !strings.Contains(s.watcher("RegisteredStatusNotifierItems"), "StatusNotifierItem-")
	})
}

// startAndStop starts a node and stops it with the mouse, with no window open.
func (p *panel) startAndStop(g *guest, album string) {
	p.place.t.Helper()
	menu := p.openMenu()
	p.shot(album, "menu")
	p.choose(p.openSubmenu(menu), 0, 4)
	g.awaitState("running")
	submenu := p.openSubmenu(p.openMenu())
	p.shot(album, "submenu")
	p.choose(submenu, 1, 4)
	g.awaitState("shut off")
	p.awaitRunning(0)
}

// fail has a node crash: the icon asks for attention until it is looked at.
func (p *panel) fail(g *guest, album string) {
	p.place.t.Helper()
	g.place.virsh("start", g.name)
	g.awaitState("running")
	run(p.place.t, exec.Command("pkill", "-9", "-f", "guest="+g.name+","))
	p.await("attention", func() bool { return strings.Contains(p.ask("Status"), "NeedsAttention") })
	p.shot(album, "attention")
	p.openMenu()
	p.await("attention to be over", func() bool { return strings.Contains(p.ask("Status"), "Active") })
	p.shot(album, "failed")
	p.do("key", "Escape")
	p.await("the menu to close", func() bool { return len(p.popups()) == 0 })
}

// secondStarts bring the window to the front, with what they are for.
func (s seat) secondStarts(first *launch, g *guest, album string) {
	t := s.place.t
	t.Helper()
	run(t, s.command())
	s.awaitWindow("SandBoxLabs")
	if said, want := run(t, s.command("node", "console", g.name)), "the console of "+g.name+" is in the window that is open"; said != want {
		t.Errorf("got %q, want %q", said, want)
	}
	page := s.look(first, album)
	page.await(id("console-tab", "name", g.name))
	page.settle()
	page.leave()
	s.shot(album, "window")
	select {
	case err := <-first.ended:
		t.Fatalf("the program ended: %v", err)
	default:
	}
}

// windows are those of the program that can be seen.
func (s seat) windows() string {
	out, err := s.try("xdotool", "search", "--onlyvisible", "--name", "^SandBoxLabs$")
	if err != nil {
		return "" // none
	}
	return out
}

func (s seat) awaitNoWindow() {
	s.place.t.Helper()
	s.await("the window to be gone", func() bool { return s.windows() == "" })
}

// closeWindow closes the window as a person does, and waits until it is gone.
func (s seat) closeWindow() {
	s.place.t.Helper()
	s.await("the window to close", func() bool {
		window, _, _ := strings.Cut(s.windows(), "\n")
		if window == "" {
			return true
		}
		_, _ = s.try("xdotool", "windowactivate", "--sync", window, "key", "alt+F4") // it may close meanwhile
		return eventually(2*time.Second, func() bool { return s.windows() == "" })
	})
}

// closeWithoutTray ends the program; before that, once, it says that nodes go on.
func (s seat) closeWithoutTray(first *launch, g *guest, album string) {
	t := s.place.t
	t.Helper()
	page := s.look(first, album)
	s.do("windowactivate", "--sync", page.window, "key", "alt+F4")
	page.await(id("closing-dialog"), "1 node goes on running")
	page.settle()
	s.shot(album, "closing")
	page.click(id("closing-submit"))
	if err := <-first.ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
	g.awaitState("running")
	again := s.launch("--hidden")
	s.awaitWindow("SandBoxLabs") // it does not hide where nothing would show it
	s.closeWindow()
	if err := <-again.ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
	s.closeAsking(album)
	g.awaitState("running")
}

// closeAsking has the program ask what closing the window is to do. Nobody is asked
// who ends it by a signal.
func (s seat) closeAsking(album string) {
	t := s.place.t
	t.Helper()
	s.place.sandboxlabs("settings", "set", "desktop.close", "ask")
	l := s.launch()
	page := s.look(l, album)
	page.await(id("node-row"))
	s.do("windowactivate", "--sync", page.window, "key", "alt+F4")
	page.await(id("closing-dialog"), "There is no tray to hide in.")
	page.settle()
	s.shot(album, "asking")
	page.click(id("closing-cancel"))
	page.awaitGone(id("closing-dialog"))
	check(t, syscall.Kill(-l.pid, syscall.SIGTERM))
	if err := <-l.ended; err != nil {
		t.Errorf("SIGTERM ended the program with %v", err)
	}
	s.answer(album, "closing-submit", func() {})
	s.answer(album, "closing-quit", func() { s.addPanel("light"); s.awaitIcon() }) // there is something to hide in, and it is not wanted
}

// answer has the program ask, and ends it by one of the buttons.
func (s seat) answer(album, button string, prepare func()) {
	t := s.place.t
	t.Helper()
	l := s.launch()
	page := s.look(l, album)
	page.await(id("node-row")) // it hears that it is to be closed by now
	prepare()
	s.do("windowactivate", "--sync", page.window, "key", "alt+F4")
	page.click(id(button))
	if err := <-l.ended; err != nil {
		t.Errorf("%s ended the program with %v", button, err)
	}
}

// look looks into the window.
func (s seat) look(l *launch, album string) *page {
	s.place.t.Helper()
	return newPage(s.desk, album+"/page", func(ctx context.Context) (*inspect.Page, error) { return inspect.WebKit(ctx, l.port) })
}
