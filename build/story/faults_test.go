package story

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/build/inspect"
)

// TestEmpty looks at the program before there is an image or a node, at its
// health, in a small window, and in both colour schemes.
func TestEmpty(t *testing.T) {
	mustPlay(t)
	for _, stage := range stages {
		t.Run(stage.name, func(t *testing.T) {
			t.Parallel()
			p := stage.open(newPlace(t, session), "empty/"+stage.name)
			p.await(id("no-images"))
			for _, scheme := range []string{"light", "dark"} {
				p.prefer(scheme)
				for _, screen := range []string{"nodes", "images", "health"} {
					p.click(id("nav-" + screen))
					p.picture(screen + "-" + scheme)
				}
			}
			p.await(id("check", "status", "ok"))
			p.resize(900, 600)
			p.picture("health-small")
			p.click(id("nav-images"))
			p.click(id("no-images") + " button")
			p.picture("add-image-small")
		})
	}
}

// prefer makes a colour scheme that of the desktop.
func (p *page) prefer(scheme string) {
	p.Helper()
	method, params := "Emulation.setEmulatedMedia", any(map[string]any{
		"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}},
	})
	if p.inspector.WebKit {
		method, params = "Page.overrideUserPreference", map[string]string{
			"name": "PrefersColorScheme", "value": map[string]string{"light": "Light", "dark": "Dark"}[scheme],
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), inspect.Limit)
	defer cancel()
	must(p.inspector.Call(ctx, method, params))(p.T)
}

// TestFaults does from outside what the page did not ask for, and looks at what
// it makes of it.
func TestFaults(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny", "--memory", "128", "--start", "--wait")
	a := newActor(openChromium(place, "faults"), "web-1")
	a.await(a.row("running"))
	a.openConsole()
	a.openTwice()
	a.destroyOutside()
	a.startOutside()
	a.killGuest()
	a.loseLibvirt()
}

// openTwice shows the console in a second tab of the browser as well.
func (a actor) openTwice() {
	a.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), inspect.Limit)
	defer cancel()
	var address string
	a.ask("return location.href", &address)
	port := must(debuggingPort(filepath.Join(a.place.dir, "chromium")))(a.T)
	second := *a.page
	second.inspector = must(inspect.Tab(ctx, port, address))(a.T)
	second.await(a.screen("connected"))
	a.await(a.screen("connected"))
	must(second.inspector.Call(ctx, "Page.close", nil))(a.T)
}

func (a actor) destroyOutside() {
	a.Helper()
	a.place.virsh("destroy", a.name)
	a.await(a.screen("off"))
	a.await(id("console-cover"), "is off")
	a.picture("destroyed-console")
	a.click(id("nav-nodes"))
	a.await(a.row("stopped"))
	a.picture("destroyed")
}

func (a actor) startOutside() {
	a.Helper()
	a.place.virsh("start", a.name)
	a.await(a.row("running"))
	a.click(a.row() + " " + id("node-console"))
	a.await(a.screen("connected"))
}

// killGuest kills the process of QEMU: a node that nobody stopped has failed.
func (a actor) killGuest() {
	a.Helper()
	a.place.kill("qemu/run/" + a.name)
	a.await(id("console-cover"), "failed")
	a.picture("killed-console")
	a.click(id("nav-nodes"))
	a.await(a.row("failed"))
	a.awaitState("shut off")
	a.picture("killed")
	a.click(a.row() + " " + id("node-start"))
	a.await(a.row("running"))
	a.awaitState("running")
}

// loseLibvirt kills the libvirt daemon: the page says so, and it comes back by
// itself with the guest still running.
func (a actor) loseLibvirt() {
	a.Helper()
	boot, sockets := must(a.query("domid"))(a.T), filepath.Join(a.place.dir, "run/libvirt")
	check(a.T, os.Chmod(sockets, 0o500)) // or the next connection starts another at once
	a.place.kill("libvirtd")
	a.await(id("lost-banner"))
	a.picture("lost")
	check(a.T, os.Chmod(sockets, 0o700))
	a.awaitGone(id("lost-banner"))
	a.await(a.row("running"))
	a.awaitState("running")
	if got := must(a.query("domid"))(a.T); got != boot {
		a.Errorf("got boot %s after libvirt came back, want %s still", got, boot)
	}
	a.picture("recovered")
}

// kill kills the process whose pid libvirt keeps in a file of the place.
func (p *place) kill(name string) {
	p.t.Helper()
	run(p.t, p.command(nil, "pkill", "--signal", "KILL", "--pidfile", fmt.Sprintf("%s/run/libvirt/%s.pid", p.dir, name)))
}

// TestPageProcess kills the process that shows the page of the window: WebKit
// would show its last picture for ever.
func TestPageProcess(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	daemon := notices{must(place.bus.NewNotifications("actions", "body"))(t), t}
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny")
	p := openWindow(place, "page-process")
	p.await(id("node-row", "name", "web-1"))
	p.click(id("nav-settings"))
	p.await(id("setting", "name", "bulk.limit"))
	p.killProcess()
	p.again(id("setting", "name", "bulk.limit")) // where the person was
	p.click(id("nav-health"))
	p.await(id("check", "status", "ok"))
	p.picture("again")
	p.killProcess()
	p.desk.awaitWindow("SandBoxLabs: ") // the dialog, which is no page
	p.desk.picture(point{}, p.desk.size, filepath.Join(p.album, "asked.png"))
	place.sandboxlabs("node", "wipe", "web-1")
	daemon.await("web-1 is wiped") // the page can not say that nobody looks at it
	p.desk.do("key", "Return")     // load it again
	p.again(id("check", "status", "ok"))
}

// killProcess kills what shows the page of our window, and nobody else's.
func (p *page) killProcess() {
	p.Helper()
	p.inspector.Close()
	for _, child := range strings.Fields(run(p.T, exec.Command("pgrep", "--full", "WebKitWebProcess"))) {
		env, err := os.ReadFile("/proc/" + child + "/environ")
		if err == nil && strings.Contains(string(env), p.desk.place.dir) {
			run(p.T, exec.Command("kill", "-KILL", child))
		}
	}
}

// again takes the page that comes in the place of one that is gone, once it shows
// what the selector finds.
func (p *page) again(selector string) {
	p.Helper()
	look := map[string]any{"expression": fmt.Sprintf("document.querySelector(%q) !== null", selector), "returnByValue": true}
	p.desk.await("the page to come again", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		i, err := p.reach(ctx)
		if err != nil {
			return false
		}
		reply, err := i.Call(ctx, "Runtime.evaluate", look)
		if err != nil || !strings.Contains(string(reply), "\"value\":true") {
			i.Close() // it is of the page before
			return false
		}
		p.inspector = i
		return true
	})
}
