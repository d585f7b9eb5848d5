package story

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/build/stand"
)

// hall is a Guacamole of a play's own: PostgreSQL and guacd are real, the web
// application is a double of it.
type hall struct {
	schema *stand.Schema
	guacd  *stand.Guacd
	web    *stand.WebApp
}

func newHall(t *testing.T) *hall {
	t.Helper()
	dir := must(os.MkdirTemp("", "sblhall"))(t)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	database := must(stand.NewDatabase(filepath.Join(dir, "pg")))(t)
	t.Cleanup(func() { check(t, database.Close()) })
	guacd := must(stand.NewGuacd(""))(t)
	t.Cleanup(func() { check(t, guacd.Close()) })
	schema := must(database.NewGateway("1.6"))(t)
	web := must(stand.NewWebApp(schema.WebApp, guacd.Address()))(t)
	t.Cleanup(func() { check(t, web.Close()) })
	return &hall{schema, guacd, web}
}

// number is that of the one connection there is, as the database has it.
func (h *hall) number(t *testing.T) int {
	t.Helper()
	rows := must(h.schema.Rows(t.Context()))(t)
	if len(rows) != 1 {
		t.Fatalf("got the connections %+v, want one", rows)
	}
	return rows[0].Number
}

// TestGateway plays with a Guacamole on both stages: as root in Chromium, and as
// an ordinary user in the window.
func TestGateway(t *testing.T) {
	mustPlay(t)
	for i, stage := range stages {
		profile := profiles()[i%len(profiles())]
		t.Run(stage.name+"/"+profile, func(t *testing.T) {
			t.Parallel()
			place := newPlace(t, profile)
			place.addTiny()
			h := newHall(t)
			page := stage.open(place, "gateway/"+stage.name)
			page.prefer(schemes[profile])
			playGateway(newActor(page, "far-"+strings.ToLower(rand.Text()[:3])), h)
		})
	}
}

func playGateway(a actor, h *hall) {
	a.Helper()
	a.click(id("nav-health"))
	a.await(id("gateway-card", "state", "off"))
	a.picture("health-off")
	a.setGateway(h)
	a.click(id("nav-nodes"))
	a.createByClicking()
	a.await(a.row() + " " + id("node-gateway", "state", "registered"))
	a.click(a.row() + " " + id("node-console"))
	a.awaitThrough("guacamole")
	a.awaitBoot()
	a.picture("prompt")
	number := h.number(a.T)
	a.prove("Through Guacamole: ~!@#%^&*()_+{}|")
	a.pointInGuest()
	a.pasteTyped("Pasted: ~!@#%^&*()_+{}|")
	a.toggleFit()
	a.chooseTransport("direct")
	a.prove("Straight")
	a.pointInGuest()
	a.chooseTransport("guacamole")
	a.prove("And back")
	a.pressCtrlAltDel()
	a.addClipboard()
	a.wipe()
	a.awaitThrough("guacamole")
	a.prove("After a wipe")
	if got := h.number(a.T); got != number {
		a.Errorf("got the connection number %d after a wipe, want %d", got, number)
	}
	a.chooseTransport("direct")
	a.copyInGuest("copied in " + a.name)
	a.loseGuacd(h)
	a.click(id("nav-health"))
	a.await(id("gateway-card", "state", "ready"), h.web.URL())
	a.picture("health-ready")
	a.stop()
	a.click(a.row() + " " + id("node-menu"))
	a.click(id("menu-delete"))
	a.awaitGone(a.row())
	if !eventually(lookLimit, func() bool { return len(must(h.schema.Rows(a.Context()))(a.T)) == 0 }) {
		a.Error("got a connection of a node that was deleted, want none")
	}
}

// setGateway sets the gateway up by hand: with a wrong address first, which the
// test finds, then with the right one.
func (a actor) setGateway(h *hall) {
	a.Helper()
	a.click(id("nav-settings"))
	a.await(id("settings"))
	a.picture("settings-off")
	a.click(id("gateway-mode-external"))
	a.fill(id("gateway-url"), h.web.URL()+"/nowhere")
	a.fill(id("gateway-dsn"), h.schema.Ours)
	a.click(id("gateway-test"))
	a.await(id("gateway-step", "name", "rights", "status", "ok"))
	a.await(id("gateway-step", "status", "failed"))
	a.picture("settings-test-failed")
	a.fill(id("gateway-url"), h.web.URL())
	a.click(id("gateway-test"))
	a.await(id("gateway-step", "name", "database", "status", "ok"))
	a.picture("settings-test-ok")
	a.click(id("gateway-save"))
}

// awaitThrough waits until the console is connected by that transport.
func (a actor) awaitThrough(transport string) {
	a.Helper()
	a.await(id("console", "name", a.name, "state", "connected", "transport", transport))
}

// chooseTransport chooses it in the console's menu.
func (a actor) chooseTransport(transport string) {
	a.Helper()
	a.click(id("console-toolbar") + " " + id("console-transport"))
	a.await(id("transport-" + transport))
	a.picture("transport-menu")
	a.click(id("transport-" + transport))
	if transport == "auto" {
		transport = "guacamole"
	}
	a.awaitThrough(transport)
}

// prove types a text into the display that the guest repeats on its serial port.
func (a actor) prove(text string) {
	a.Helper()
	proof := text + " " + rand.Text()[:6]
	a.command(fmt.Sprintf("echo '%s' | tee /dev/ttyS0", proof))
	a.hear(proof+"\r\n", lookLimit)
	a.picture("proof")
}

// loseGuacd kills guacd below an open console, which goes on straight, says why,
// and goes back when it is told to.
func (a actor) loseGuacd(h *hall) {
	a.Helper()
	a.chooseTransport("auto")
	check(a.T, h.guacd.Kill())
	a.awaitThrough("direct")
	a.prove("Without guacd")
	a.click(id("console-toolbar") + " " + id("console-transport"))
	a.picture("fell-back")
	a.desk.do("key", "Escape")
	check(a.T, h.guacd.Start())
	a.chooseTransport("guacamole")
	a.prove("With guacd again")
}

// addClipboard gives the node, from its next start on, the channel by which QEMU
// shares the clipboard, as a person does who wants it.
func (a actor) addClipboard() {
	a.Helper()
	run(a.T, a.place.command(nil, "virt-xml", "-c", a.place.uri, a.name, "--add-device", "--channel",
		"qemu-vdagent,source.clipboard.copypaste=yes,target.type=virtio,target.name=com.redhat.spice.0"))
}

// copyInGuest plays the agent of the guest's own desktop on its serial port: a text
// that it copies is in the clipboard of the person's. The bytes are those of the
// agent's protocol (spice-space.org/agent-protocol.html): it announces that it
// shares the clipboard on demand, grabs it, and answers what is asked.
func (a actor) copyInGuest(text string) {
	a.Helper()
	const chunk, header = `\001\000\000\000\%03o\000\000\000`, `\001\000\000\000\%03o\000\000\000\000\000\000\000\000\000\000\000\%03o\000\000\000`
	say := func(kind, size int, words string) string {
		return fmt.Sprintf("printf '"+chunk+header+"%s' >&4", 20+size, kind, size, words)
	}
	one := `\001\000\000\000`
	must(fmt.Fprintf(a.port, "modprobe virtio_console; exec 4<>/dev/$(grep -l spice /sys/class/virtio-ports/*/name | cut -d/ -f5); cat <&4 >/dev/null & %s; %s; sleep 1; %s\n",
		say(6, 8, `\000\000\000\000\040\000\000\000`), say(7, 4, one), say(4, 4+len(text), one+text)))(a.T)
	a.desk.await("the text in the desktop's clipboard", func() bool {
		got, err := a.desk.try("timeout", "2", "xclip", "-o", "-selection", "clipboard")
		return err == nil && strings.TrimSpace(got) == text
	})
}
