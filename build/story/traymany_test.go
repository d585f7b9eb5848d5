package story

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// rows are the items of the menu of three nodes, of which all are as high, but for lines.
var rows = []string{"headline", "", "node", "node", "node", "", "stop all", "start last", "", "show", "quit"}

// pick opens the icon's menu and clicks one of the items below its nodes. How high an item
// is tells the menu of a node, which has four.
func (p *panel) pick(item string) {
	p.place.t.Helper()
	menu := p.openMenu()
	height := p.openSubmenu(menu).size.Y / 4
	items, lines := 0, 0 // below it
	for i := len(rows) - 1; rows[i] != item; i-- {
		if rows[i] == "" {
			lines++
		} else {
			items++
		}
	}
	below := items*height + lines*(menu.size.Y-8*height)/3
	p.clickMenu(menu.corner.plus(point{menu.size.X / 3, menu.size.Y - below - height/2}))
}

// many stops all nodes that run, and starts the same again, with no window open.
func (p *panel) many(g *guest, album string) {
	t := p.place.t
	t.Helper()
	_, suffix, _ := strings.Cut(g.name, "-")
	nodes := []*guest{g, {place: p.place, name: "db-" + suffix}}
	idle := &guest{place: p.place, name: "web-" + suffix}
	for _, n := range nodes {
		p.place.virsh("start", n.name)
	}
	p.awaitRunning(2)
	p.pick("stop all")
	p.awaitRunning(0)
	p.pick("start last")
	for _, n := range nodes {
		n.awaitState("running")
	}
	if got := idle.state(); got != "shut off" {
		t.Errorf("%s is %s, and did not run before", idle.name, got)
	}
	p.shot(album, "started-again")
	p.awaitRunning(2)
	p.pick("stop all")
	p.awaitRunning(0)
}

// awaitRunning waits until the icon, and so the menu, tells that as many of the three nodes run.
func (p *panel) awaitRunning(count int) {
	p.place.t.Helper()
	p.await("the icon to know", func() bool { return strings.Contains(p.ask("ToolTip"), fmt.Sprintf("%d of 3", count)) })
}

// wipe wipes a node, and takes it back by the button of the notification, with no window open.
func (p *panel) wipe(g *guest, album string) {
	p.place.t.Helper()
	disk := g.disk()
	p.choose(p.openSubmenu(p.openMenu()), 3, 4)
	p.await("another disk", func() bool { return g.disk() != disk })
	notice := p.rectangle(p.awaitShown("Xfce4-notifyd"))
	p.shot(album, "wiped")
	p.await("the disk to be back", func() bool { // the notice fades in, and does not hear at first
		p.moveMouse(notice.corner.plus(notice.size).minus(point{57, 31})) // its last button
		p.do("click", "1")
		return eventually(2*time.Second, func() bool { return g.disk() == disk })
	})
}

// addNotifications puts Xfce's daemon of notifications on the desk.
func (s seat) addNotifications() {
	t := s.place.t
	t.Helper()
	var found []string
	for _, lib := range []string{"/usr/lib*/xfce4", "/usr/lib/*/xfce4"} {
		found = append(found, must(filepath.Glob(lib+"/notifyd/xfce4-notifyd"))(t)...)
	}
	if len(found) == 0 {
		t.Fatal("there is no xfce4-notifyd: run build/setup.sh test")
	}
	s.place.start(s.place.command([]string{s.display, s.bus, "NO_AT_BRIDGE=1"}, found[0]))
	s.await("the daemon of notifications", func() bool {
		out, err := output(s.place.command([]string{s.bus}, "gdbus", "call", "--session", "--dest", "org.freedesktop.DBus",
			"--object-path", "/org/freedesktop/DBus", "--method", "org.freedesktop.DBus.NameHasOwner", "org.freedesktop.Notifications"))
		return err == nil && strings.Contains(out, "true")
	})
}

// askWithTray closes the window, which asks, and has each answer hold but for the end of
// the program.
func (s seat) askWithTray(first *launch, album string) {
	s.place.t.Helper()
	s.place.sandboxlabs("settings", "set", "desktop.close", "ask")
	page := s.look(first, album)
	defer page.leave()
	ask := func() {
		s.do("windowactivate", "--sync", page.window, "key", "alt+F4")
		page.await(id("closing-dialog"), "it stays in the tray")
	}
	ask()
	page.settle()
	s.shot(album, "asking-with-tray")
	page.click(id("closing-cancel"))
	page.awaitGone(id("closing-dialog"))
	ask()
	page.click(id("closing-submit"))
	s.awaitNoWindow()
	s.moveMouse(icon)
	s.do("click", "1")
	s.awaitWindow("SandBoxLabs")
	s.place.sandboxlabs("settings", "reset", "desktop.close")
}
