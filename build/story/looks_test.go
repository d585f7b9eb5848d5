package story

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/build/bus"
	"sandboxlabs/build/inspect"
)

// looks is what of the desktop's looks has come to the page.
type looks struct {
	Dark, Still, Contrast bool
	Accent                string
	Background            string
}

const askLooks = `
	const is = (query) => matchMedia(query).matches, style = getComputedStyle(document.documentElement);
	return {
		Dark: is('(prefers-color-scheme: dark)'), Still: is('(prefers-reduced-motion: reduce)'), Contrast: is('(prefers-contrast: more)'),
		Accent: style.getPropertyValue('--accent').trim(), Background: getComputedStyle(document.body).backgroundColor,
	}`

func (p *page) awaitLooks(want looks) {
	p.Helper()
	var got looks
	if !eventually(lookLimit, func() bool { p.ask(askLooks, &got); return got == want }) {
		p.Errorf("got the looks %+v, want %+v", got, want)
	}
}

// Backgrounds of the page.
const darkPage, lightPage = "rgb(14, 16, 19)", "rgb(244, 245, 247)"

// TestLooks changes what the desktop's portal says while the window is open, and
// takes the portal away and brings it back.
func TestLooks(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	p := openWindow(place, "looks")
	p.await(id("no-images"))
	p.click(id("nav-images"))
	p.awaitLooks(looks{Accent: "#2f5fd0", Background: lightPage}) // GTK's own, without a portal
	p.picture("without-portal")
	portal := must(place.bus.NewPortal(map[string]any{"color-scheme": uint32(1)}))(t)
	p.awaitLooks(looks{Dark: true, Accent: "#3d6fe0", Background: darkPage})
	p.picture("dark")
	type rgb struct{ R, G, B float64 }
	check(t, portal.Set("accent-color", rgb{0.91, 0.8, 0.18}))
	p.awaitLooks(looks{Dark: true, Accent: "#e8cc2e", Background: darkPage})
	p.picture("dark-yellow")
	check(t, portal.Set("color-scheme", uint32(2)))
	p.awaitLooks(looks{Accent: "#99871e", Background: lightPage}) // yellow on white could not be seen
	p.picture("light-yellow")
	check(t, portal.Set("reduced-motion", uint32(1)))
	p.awaitLooks(looks{Still: true, Accent: "#99871e", Background: lightPage})
	check(t, portal.Close())
	portal = must(place.bus.NewPortal(map[string]any{"color-scheme": uint32(1), "contrast": uint32(1)}))(t)
	p.awaitLooks(looks{Dark: true, Contrast: true, Accent: "#2f5fd0", Background: "rgb(0, 0, 0)"})
	p.picture("dark-contrast")
	check(t, portal.Set("contrast", uint32(0)))
	check(t, portal.Set("color-scheme", uint32(0)))
	p.awaitLooks(looks{Accent: "#2f5fd0", Background: lightPage})
	p.chooseScheme(portal)
	p.scaleText()
}

// TestLooksOfGTK begins where GTK's own settings are dark, and no portal says so.
func TestLooksOfGTK(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.write("config/gtk-3.0/settings.ini", "[Settings]\ngtk-application-prefer-dark-theme=1\n")
	p := openWindow(place, "looks")
	p.await(id("no-images"))
	p.awaitLooks(looks{Dark: true, Accent: "#3d6fe0", Background: darkPage})
}

// scaleText has a desktop come whose texts are larger, which then makes them as they were.
func (p *page) scaleText() {
	p.Helper()
	type scaled struct {
		Width int     // of the page
		Zoom  float64 // that it was told of
	}
	p.ask("runtime.EventsOn('appearance', (now) => { window.looked = now })", new(any))
	var before scaled
	p.ask("return { Width: innerWidth }", &before)
	await := func(want scaled) {
		p.Helper()
		var got scaled
		if !eventually(lookLimit, func() bool {
			p.ask("return { Width: innerWidth, Zoom: window.looked?.zoom ?? 0 }", &got)
			return got == want
		}) {
			p.Errorf("got %+v, want %+v", got, want)
		}
	}
	place, file := p.desk.place, "home/xsettings"
	place.write(file, "Xft/DPI 147456\n") // 96 dots an inch, 1.5 times, in 1024ths
	desktop := place.command([]string{p.desk.display}, "xsettingsd", "-c", filepath.Join(place.dir, file))
	place.start(desktop)
	await(scaled{(before.Width*2 + 1) / 3, 1.5})
	p.settle()
	p.desk.shot("looks", "large-text")
	place.write(file, "Xft/DPI 98304\n")
	check(p.T, desktop.Process.Signal(syscall.SIGHUP))
	await(scaled{before.Width, 1})
}

// chooseScheme chooses the colours for the program alone: those of the desktop change nothing then.
func (p *page) chooseScheme(portal *bus.Portal) {
	p.Helper()
	p.desk.place.sandboxlabs("settings", "set", "desktop.scheme", "dark")
	p.awaitLooks(looks{Dark: true, Accent: "#3d6fe0", Background: darkPage})
	check(p.T, portal.Set("color-scheme", uint32(2)))
	check(p.T, portal.Set("accent-color", struct{ R, G, B float64 }{0.91, 0.8, 0.18})) // the other has come when this has
	p.awaitLooks(looks{Dark: true, Accent: "#e8cc2e", Background: darkPage})
	p.click(id("image-add"))
	p.click(id("image-browse"))
	p.desk.awaitWindow("Choose the image of a disk")
	p.desk.shot("looks", "dialog-dark")
	p.desk.do("key", "Escape")
	p.desk.do("windowactivate", "--sync", p.window)
	check(p.T, portal.Set("color-scheme", uint32(1)))
	p.desk.place.sandboxlabs("settings", "set", "desktop.scheme", "light")
	p.awaitLooks(looks{Accent: "#99871e", Background: lightPage})
	p.click(id("image-browse"))
	p.desk.awaitWindow("Choose the image of a disk")
	p.desk.shot("looks", "dialog-light")
	p.desk.do("key", "Escape")
	p.desk.place.sandboxlabs("settings", "reset", "desktop.scheme")
	p.awaitLooks(looks{Dark: true, Accent: "#e8cc2e", Background: darkPage})
}

// TestPixels looks at a console at its own size on monitors of several scales: each
// pixel of the guest is as many of the monitor, and as sharp.
func TestPixels(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny", "--memory", "128", "--start", "--wait")
	shot := place.awaitText("web-1")
	for _, test := range []struct {
		env   []string
		ratio float64 // pixels of the monitor a CSS pixel has
		scale int     // of a pixel of the guest, in those
	}{
		{[]string{"GDK_DPI_SCALE=1.25"}, 1.25, 1},
		{[]string{"GDK_DPI_SCALE=1.5"}, 1.5, 2},
		{[]string{"GDK_SCALE=2"}, 2, 2},
	} {
		t.Run(strings.Join(test.env, " "), func(t *testing.T) {
			place := *place
			place.t = t
			p := openScaled(&place, test.env)
			p.await(id("node-row", "name", "web-1", "state", "paused"))
			p.ask(fmt.Sprintf("location.hash = '#/console/%s'", place.virsh("domuuid", "web-1")), new(any))
			p.await(id("console", "state", "connected"))
			p.clickWithin(id("console-scale"))
			p.clickWithin(id("scale-actual"))
			p.await(id("console-scale", "scale", "actual"))
			p.wantSharp(shot, test.ratio, test.scale)
		})
	}
}

// openScaled opens the window on a monitor of another scale, with room for all of it: Wails
// puts it in the middle, and the corner of a larger one may lie beyond. Where the mouse is on
// the page is not learnt: nothing is clicked with it.
func openScaled(place *place, env []string) *page {
	place.t.Helper()
	d := newDeskOf(place, point{2800, 1800})
	port := freePort(place.t)
	env = append(env, d.display, "NO_AT_BRIDGE=1", fmt.Sprintf("WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:%d", port))
	cmd := place.command(env, "dbus-run-session", "--", place.program)
	place.start(cmd)
	place.t.Cleanup(func() { // before another is opened: there is one at a time
		check(place.t, syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM))
		if !eventually(lookLimit, func() bool { return syscall.Kill(-cmd.Process.Pid, 0) != nil }) {
			place.t.Error("the program does not end")
		}
	})
	p := &page{T: place.t, desk: d, window: d.awaitWindow("SandBoxLabs")}
	d.await("the inspector", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), inspect.Limit)
		defer cancel()
		i, err := inspect.WebKit(ctx, port)
		p.inspector = i
		return err == nil
	})
	return p
}

// clickWithin clicks an element from within the page.
func (p *page) clickWithin(selector string) {
	p.Helper()
	p.await(selector)
	p.ask(fmt.Sprintf("document.querySelector('%s').click()", selector), new(any))
}

// firstLines is the part of a guest's display in which its BIOS names itself, but for what
// the frame of the console may cover.
var firstLines = struct{ X, Y, Width, Height int }{4, 4, 200, 40}

// awaitText waits until the BIOS of a node has said something, makes the node stand
// still, and gives the file of its picture.
func (p *place) awaitText(node string) string {
	p.t.Helper()
	shot := filepath.Join(p.dir, "tmp", "shot")
	part := fmt.Sprintf("%s[%dx%d+%d+%d]", shot, firstLines.Width, firstLines.Height, firstLines.X, firstLines.Y)
	if !eventually(bootLimit, func() bool {
		_, err := output(p.command(nil, "virsh", "-q", "-c", p.uri, "screenshot", node, "--file", shot))
		colours, _ := output(exec.Command("identify", "-format", "%k", part))
		return err == nil && colours == "2"
	}) {
		p.t.Fatalf("%s shows no text", node)
	}
	p.virsh("suspend", node)
	p.virsh("screenshot", node, "--file", shot)
	return shot
}

// wantSharp compares what the desk shows of the display with what the guest has, each
// pixel of it that many of the monitor. WebKit may put all of it on the next pixel, sharp
// as it is.
func (p *page) wantSharp(shot string, ratio float64, scale int) {
	p.Helper()
	dir := p.TempDir()
	guest, seen := filepath.Join(dir, "guest.png"), filepath.Join(dir, "seen.png")
	corner, size := point{firstLines.X * scale, firstLines.Y * scale}, point{firstLines.Width * scale, firstLines.Height * scale}
	run(p.T, exec.Command("convert", shot, "-filter", "point", "-resize", fmt.Sprintf("%d%%", 100*scale), guest))
	var at picture
	if !eventually(lookLimit, func() bool {
		p.ask(fmt.Sprintf(findPicture, `'canvas'`), &at)
		left, top := int(math.Round(at.Left*ratio)), int(math.Round(at.Top*ratio))
		p.desk.picture(p.desk.inner(p.window).plus(point{left, top}).plus(corner), size, seen)
		for _, off := range []point{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
			part := fmt.Sprintf("%s[%dx%d+%d+%d]", guest, size.X, size.Y, corner.X-off.X, corner.Y-off.Y)
			if _, err := output(exec.Command("compare", "-metric", "AE", part, seen, "null:")); err == nil {
				return true
			}
		}
		return false
	}) {
		p.Errorf("got other pixels than the guest's, each %d of the monitor's: %+v, %+v", scale, p.desk.inner(p.window), at)
		p.desk.shotOfFailure()
	}
}

// inner is where a window's content begins on the desk.
func (d *desk) inner(window string) point {
	d.place.t.Helper()
	var at point
	for line := range strings.Lines(must(d.try("xwininfo", "-id", window))(d.place.t)) {
		_, _ = fmt.Sscanf(strings.TrimSpace(line), "Absolute upper-left X: %d", &at.X)
		_, _ = fmt.Sscanf(strings.TrimSpace(line), "Absolute upper-left Y: %d", &at.Y)
	}
	return at
}
