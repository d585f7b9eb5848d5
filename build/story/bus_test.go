package story

import (
	"context"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/bus"
)

// startBus starts the session bus of the place, at the same address as the one before.
func (p *place) startBus() {
	p.t.Helper()
	b := must(bus.New(p.busDir))(p.t)
	p.bus = b
	p.t.Cleanup(func() { _ = b.Close() }) // a test may have ended it
}

// TestBus takes the session bus away under a window that is hidden in its tray: it
// comes back, since nothing else would bring it. On the next bus there is everything
// again that a desktop has of the program.
func TestBus(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny")
	tray := must(place.bus.NewTray())(t)
	a := newActor(openWindow(place, "bus"), "web-1")
	a.await(a.row("stopped"))
	awaitIcon(t, tray)
	a.desk.do("key", "alt+F4")
	a.awaitHidden()
	a.inspector.Close() // the page's process may end with its bus, and come again
	check(t, place.bus.Close())
	a.desk.awaitWindow("SandBoxLabs")

	place.startBus()
	tray = must(place.bus.NewTray())(t)
	daemon := notices{must(place.bus.NewNotifications("actions", "body"))(t), t}
	must(place.bus.NewPortal(map[string]any{"color-scheme": uint32(1)}))(t)
	awaitIcon(t, tray)
	a.again(a.row("stopped"))
	place.callByName("images")
	a.await(id("image-row", "name", "tiny"))
	a.awaitLooks(looks{Dark: true, Accent: "#3d6fe0", Background: darkPage})
	a.findCorner()
	a.openOther()
	place.sandboxlabs("node", "wipe", a.name)
	daemon.await("web-1 is wiped")
	a.picture("again")
}

func awaitIcon(t *testing.T, tray *bus.Tray) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lookLimit)
	defer cancel()
	select {
	case <-tray.Registered:
	case <-ctx.Done():
		t.Fatalf("waited %s in vain for the icon in the tray", lookLimit)
	}
}

// awaitHidden waits until the window can not be seen.
func (p *page) awaitHidden() {
	p.Helper()
	p.desk.await("the window to be hidden", func() bool {
		_, err := p.desk.try("xdotool", "search", "--onlyvisible", "--name", "^SandBoxLabs$")
		return err != nil // it finds none
	})
}

// callByName has the program do an action, as the desktop calls it.
func (p *place) callByName(action string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), lookLimit)
	defer cancel()
	check(p.t, p.bus.Await(ctx, lab.AppID))
	check(p.t, p.bus.Activate(ctx, lab.AppID, action))
}
