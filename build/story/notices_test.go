package story

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/build/bus"
)

// newBus gives the place a session bus on which the test plays the desktop.
func (p *place) newBus() {
	p.t.Helper()
	dir := must(os.MkdirTemp("", "sblbus"))(p.t)
	p.t.Cleanup(func() { check(p.t, os.RemoveAll(dir)) })
	check(p.t, os.Chmod(dir, 0o755)) // the place's user passes through it
	p.busDir = dir
	p.startBus()
}

// TestNotices has the window tell what happens while another window has the
// keyboard, to a double of the desktop's daemon and to a real one.
func TestNotices(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny", "--memory", "128", "--start", "--wait")
	daemon := notices{must(place.bus.NewNotifications("actions", "body", "body-markup"))(t), t}
	a := newActor(openWindow(place, "notices"), "web-1")
	a.await(a.row("running"))
	a.click(id("nav-settings"))
	a.awaitBoot()

	other := a.openOther()
	must(fmt.Fprintln(a.port, "poweroff"))(t)
	notice := daemon.await("web-1 has powered off")
	a.awaitState("shut off")
	check(t, daemon.Click(notice.ID, "default", ""))
	a.await(id("details", "name", a.name))
	a.desk.await("the window in front", func() bool {
		front, err := a.desk.try("xdotool", "getactivewindow")
		return err == nil && front == a.window
	})
	a.picture("opened-by-a-click")

	disk := a.disk()
	a.click(id("nav-settings"))
	place.sandboxlabs("node", "wipe", a.name) // in front of the person: it needs no notice
	a.desk.do("windowactivate", "--sync", other)
	place.sandboxlabs("node", "undo", a.name)
	place.sandboxlabs("node", "wipe", a.name)
	notice = daemon.await("web-1 is wiped")
	if a.disk() == disk {
		t.Errorf("got %s after a wipe, want another disk", disk)
	}
	check(t, daemon.Close())
	for _, scheme := range []string{"light", "dark"} {
		a.pictureByDunst(scheme)
	}
	again := notices{must(place.bus.NewNotifications("actions", "body"))(t), t}
	notice = again.await("web-1 is wiped") // whoever comes next has it to show
	check(t, again.Click(notice.ID, "undo", ""))
	if !eventually(lookLimit, func() bool { return a.disk() == disk }) {
		t.Errorf("got %s after Undo, want %s back", a.disk(), disk)
	}
}

// notices is the double of the daemon.
type notices struct {
	*bus.Notifications
	*testing.T
}

// await gives the next notice, which must be that one.
func (n notices) await(summary string) bus.Notification {
	n.Helper()
	select {
	case got := <-n.Shown:
		if got.Summary != summary {
			n.Fatalf("got the notice %q, want %q", got.Summary, summary)
		}
		return got
	case <-time.After(lookLimit):
		n.Fatalf("waited %s in vain for the notice %q", lookLimit, summary)
	}
	return bus.Notification{}
}

// openOther puts a window of another program in front.
func (a actor) openOther() string {
	a.Helper()
	a.desk.place.start(a.desk.place.command([]string{a.desk.display}, "xev", "-geometry", "200x200+10+10", "-name", "other"))
	return a.desk.awaitWindow("other")
}

// disk is the file that the node stands on, as libvirt has it.
func (g *guest) disk() string {
	g.place.t.Helper()
	for line := range strings.Lines(g.place.virsh("domblklist", g.name, "--inactive")) {
		if target, file, _ := strings.Cut(strings.TrimSpace(line), " "); target == "vda" {
			return strings.TrimSpace(file)
		}
	}
	g.place.t.Fatal("got no disk of the domain")
	return ""
}

// colours of dunst, as a desktop of a scheme has it: background, foreground, frame.
var dunstColours = map[string][3]string{
	"light": {"#fafafa", "#1e1e1e", "#c0c0c0"},
	"dark":  {"#303030", "#f0f0f0", "#505050"},
}

// pictureByDunst has a real daemon show what stands, and takes a picture of that.
func (a actor) pictureByDunst(scheme string) {
	a.Helper()
	c := dunstColours[scheme]
	place := a.desk.place
	icons := filepath.Join(place.dir, "data")
	run(a.T, exec.Command("convert", "../appicon.png", "-resize", "128x128", filepath.Join(icons, "sandboxlabs.png")))
	place.write("config/dunst/"+scheme, fmt.Sprintf(`[global]
width = 360
origin = top-right
offset = 16x16
font = Sans 10
markup = full
format = "<b>%%s</b>\n%%b"
frame_width = 1
corner_radius = 8
icon_path = %s
max_icon_size = 40
show_indicators = no
[urgency_normal]
background = %q
foreground = %q
frame_color = %q
timeout = 0
`, icons, c[0], c[1], c[2]))
	cmd := place.command([]string{a.desk.display, "DBUS_SESSION_BUS_ADDRESS=" + place.bus.Address}, "dunst", "-config", filepath.Join(place.dir, "config/dunst", scheme))
	place.start(cmd)
	window := a.desk.awaitShown("Dunst")
	a.pictures++
	a.desk.picture(point{1000, 0}, point{400, 100}, filepath.Join(a.album, fmt.Sprintf("%02d-notice-%s.png", a.pictures, scheme)))
	check(a.T, cmd.Process.Kill())
	a.desk.await("the daemon to be gone", func() bool {
		_, err := a.desk.try("xdotool", "getwindowname", window)
		return err != nil
	})
}

// awaitShown waits for a window of a class to be shown, and gives its id.
func (d *desk) awaitShown(class string) (window string) {
	d.place.t.Helper()
	d.await("a window of "+class, func() bool {
		out, err := d.try("xdotool", "search", "--onlyvisible", "--class", class)
		window, _, _ = strings.Cut(out, "\n")
		return err == nil && window != ""
	})
	return window
}
