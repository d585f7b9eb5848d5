package story

import (
	"bufio"
	_ "embed"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata/xfce4-panel.xml
var panelSettings string

// seat is a desk with a session bus, as a person has who is logged in.
type seat struct {
	*desk
	bus string // of the environment
}

// panel is Xfce's, at the top of a desk, with nothing in it but the tray.
type panel struct {
	seat
	process *exec.Cmd
}

// popup is a menu that is open.
type popup struct {
	id           string
	corner, size point
}

// logIn gives a desk a session bus.
func logIn(d *desk) seat {
	d.place.t.Helper()
	daemon := d.place.command([]string{d.display}, "dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address")
	out := must(daemon.StdoutPipe())(d.place.t)
	d.place.start(daemon)
	address := must(bufio.NewReader(out).ReadString('\n'))(d.place.t)
	return seat{d, "DBUS_SESSION_BUS_ADDRESS=" + strings.TrimSpace(address)}
}

// command is one of the program, in the session.
func (s seat) command(args ...string) *exec.Cmd {
	return s.place.command([]string{s.display, s.bus, "NO_AT_BRIDGE=1"}, s.place.program, args...)
}

// icon is the place of the first icon in the tray.
var icon = point{17, 17}

// addPanel puts a panel on the desk, light or dark.
func (s seat) addPanel(scheme string) *panel {
	s.place.t.Helper()
	s.place.write("config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml", panelSettings)
	theme := map[string]string{"light": "GTK_THEME=Adwaita", "dark": "GTK_THEME=Adwaita:dark"}[scheme]
	cmd := s.place.command([]string{s.display, s.bus, "NO_AT_BRIDGE=1", theme}, "xfce4-panel", "--disable-wm-check")
	s.place.start(cmd)
	p := &panel{s, cmd}
	s.await("a host of the tray", func() bool { return strings.Contains(s.watcher("IsStatusNotifierHostRegistered"), "true") })
	return p
}

// awaitIcon waits until the tray shows our icon.
func (s seat) awaitIcon() {
	s.place.t.Helper()
	s.await("the icon", func() bool {
		return strings.Contains(s.watcher("RegisteredStatusNotifierItems"), "StatusNotifierItem-")
	})
}

// watcher gives a property of the tray's, as text; empty without a tray.
func (s seat) watcher(property string) string {
	return s.property("org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher", property)
}

// ask gives a property of our icon, as text.
func (s seat) ask(property string) string {
	_, item, _ := strings.Cut(s.watcher("RegisteredStatusNotifierItems"), "'")
	item, _, _ = strings.Cut(item, "/")
	return s.property(item, "/StatusNotifierItem", "org.kde.StatusNotifierItem", property)
}

func (s seat) property(name, path, iface, property string) string {
	out, err := output(s.place.command([]string{s.bus}, "gdbus", "call", "--session", "--dest", name,
		"--object-path", path, "--method", "org.freedesktop.DBus.Properties.Get", iface, property))
	if err != nil {
		return ""
	}
	return out
}

// popups are the menus that are open, the first opened first.
func (d *desk) popups() (open []popup) {
	out, err := d.try("xdotool", "search", "--onlyvisible", "--class", "^Wrapper-2.0$")
	if err != nil {
		return nil
	}
	for id := range strings.FieldsSeq(out) {
		kind, err := d.try("xprop", "-id", id, "_NET_WM_WINDOW_TYPE")
		if err != nil || !strings.Contains(kind, "MENU") {
			continue
		}
		if p := d.rectangle(id); p.size != (point{}) {
			open = append(open, p)
		}
	}
	return open
}

// rectangle is where a window is; nowhere, if it has closed.
func (d *desk) rectangle(id string) popup {
	geometry, err := d.try("xdotool", "getwindowgeometry", "--shell", id)
	if err != nil {
		return popup{}
	}
	value := make(map[string]int)
	for line := range strings.Lines(geometry) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), "=")
		value[key], _ = strconv.Atoi(number)
	}
	return popup{id, point{value["X"], value["Y"]}, point{value["WIDTH"], value["HEIGHT"]}}
}

// openMenu opens the icon's menu.
func (p *panel) openMenu() popup {
	p.place.t.Helper()
	var open []popup
	p.await("the menu", func() bool {
		p.moveMouse(icon)
		p.do("click", "3")
		return eventually(2*time.Second, func() bool { open = p.popups(); return len(open) == 1 })
	})
	return open[0]
}

// openSubmenu opens the menu of the first node by the keyboard: a mouse that is moved down
// until something opens may be at the next node by then.
func (p *panel) openSubmenu(menu popup) popup {
	p.place.t.Helper()
	p.do("key", "Down", "Right")
	var open []popup
	p.await("the menu of a node, with its items", func() bool {
		open = p.popups()
		return len(open) == 2 && min(open[0].size.Y, open[1].size.Y) > 40
	})
	if open[0].id == menu.id {
		return open[1]
	}
	return open[0]
}

// choose clicks an item of a menu, all of whose items are as high.
func (p *panel) choose(menu popup, item, of int) {
	p.place.t.Helper()
	p.clickMenu(menu.corner.plus(point{menu.size.X / 2, menu.size.Y * (2*item + 1) / (2 * of)}))
}

// clickMenu clicks at a place of a menu until that closes: a press that comes with the
// pointer is lost now and then.
func (p *panel) clickMenu(at point) {
	p.place.t.Helper()
	p.await("the menu to close", func() bool {
		p.moveMouse(at)
		p.do("click", "1")
		return eventually(2*time.Second, func() bool { return len(p.popups()) == 0 })
	})
}

// shot takes a picture of the whole desk.
func (d *desk) shot(album, name string) {
	d.place.t.Helper()
	dir := filepath.Join(must(filepath.Abs("../out/screenshots"))(d.place.t), album)
	run(d.place.t, exec.Command("mkdir", "-p", dir))
	d.picture(point{}, d.size, filepath.Join(dir, fmt.Sprintf("%s.png", name)))
}

// shotOfFailure keeps what the desk shows when a test fails.
func (d *desk) shotOfFailure() {
	d.place.t.Helper()
	d.shot("failed", strings.ReplaceAll(d.place.t.Name(), "/", "-"))
}
