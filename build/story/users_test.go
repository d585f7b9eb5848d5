package story

import (
	"strings"
	"testing"
)

// TestTwoUsers has two people work on one machine at the same time, each with a
// window, a session bus and a tray of their own: a node of the same name is each one's
// own, and runs beside the other's.
func TestTwoUsers(t *testing.T) {
	mustPlay(t)
	users := [2]actor{}
	for i, album := range []string{"first-user", "second-user"} {
		place := newPlace(t, session)
		place.newBus()
		tray := must(place.bus.NewTray())(t)
		place.addStill()
		place.sandboxlabs("node", "create", "web-1", "--image", "still", "--memory", "128")
		users[i] = newActor(openWindow(place, album), "web-1")
		users[i].await(users[i].row("stopped"))
		awaitIcon(t, tray)
	}
	first, second := users[0], users[1]
	displays := make(map[string]bool)
	for _, a := range users {
		a.click(a.row() + " " + id("node-start"))
		a.await(a.row("running"))
		a.awaitState("running")
		displays[a.place.virsh("domdisplay", a.name)] = true
		a.click(a.row() + " " + id("node-console"))
		a.await(a.screen("connected"))
		a.picture("console")
	}
	if len(displays) != 2 {
		t.Errorf("got the displays %v, want each node to have its own", displays)
	}
	first.place.sandboxlabs("node", "off", "web-1")
	first.await(first.screen("off"))
	second.await(second.screen("connected"))
	if got := second.state(); got != "running" {
		t.Errorf("got the second person's node %s after the first one's was put off, want it running", got)
	}
	for _, a := range users {
		run(t, a.place.command([]string{a.desk.display, "DBUS_SESSION_BUS_ADDRESS=" + a.place.bus.Address}, a.place.program, "--show", "images"))
		a.await(id("image-row", "name", "still"))
		listed := run(t, a.place.command(nil, a.place.program, "node", "ls", "--json"))
		if n := strings.Count(listed, `"name": "web-1"`); n != 1 {
			t.Errorf("got %d nodes of that name in %s, want the person's own", n, listed)
		}
	}
	second.place.sandboxlabs("node", "off", "web-1")
}
