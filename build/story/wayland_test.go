package story

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"sandboxlabs/build/inspect"
)

// compositor is Weston without a screen, on which Wayland is all there is: it starts
// no X server, and has neither a mouse nor a keyboard.
type compositor struct {
	place *place
	env   []string
	album string
}

// dots is how many pixels of the screen a pixel of the desktop has.
const dots = 2

func newCompositor(p *place, album string) *compositor {
	p.t.Helper()
	c := &compositor{
		p,
		[]string{"WAYLAND_DISPLAY=wayland-1", "GDK_BACKEND=wayland", "NO_AT_BRIDGE=1", "XDG_PICTURES_DIR=" + p.dir + "/tmp"},
		filepath.Join(must(filepath.Abs("../out/screenshots"))(p.t), album),
	}
	check(p.t, os.RemoveAll(c.album))
	check(p.t, os.MkdirAll(c.album, 0o755))
	p.write("config/weston.ini", "[shell]\nstartup-animation=none\nclose-animation=none\n")
	p.start(p.command(nil, "weston", "--backend=headless-backend.so", "--use-pixman", "--width=1400", "--height=900",
		fmt.Sprintf("--scale=%d", dots), "--socket=wayland-1", "--debug", "--config="+p.dir+"/config/weston.ini", "--log="+p.dir+"/tmp/weston.log"))
	if !eventually(lookLimit, func() bool { _, err := os.Stat(p.dir + "/run/wayland-1"); return err == nil }) {
		p.t.Fatal("waited for Weston in vain")
	}
	return c
}

// open opens the window.
func (c *compositor) open() *page {
	t := c.place.t
	t.Helper()
	port := freePort(t)
	env := append(c.env, "DBUS_SESSION_BUS_ADDRESS="+c.place.bus.Address, fmt.Sprintf("WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:%d", port))
	c.place.start(c.place.command(env, c.place.program))
	p := &page{T: t, album: c.album}
	if !eventually(lookLimit, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), inspect.Limit)
		defer cancel()
		i, err := inspect.WebKit(ctx, port)
		p.inspector = i
		return err == nil
	}) {
		t.Fatal("waited for the page in vain")
	}
	return p
}

// picture takes a picture of the screen, which is kept under that name.
func (c *compositor) picture(name string) image.Image {
	t := c.place.t
	t.Helper()
	taken := filepath.Join(c.place.dir, "tmp", "wayland-screenshot-*.png")
	run(t, c.place.command(c.env, "weston-screenshooter"))
	files := must(filepath.Glob(taken))(t)
	if len(files) != 1 {
		t.Fatalf("got the pictures %v, want one", files)
	}
	kept := filepath.Join(c.album, name+".png")
	check(t, os.Rename(files[0], kept))
	file := must(os.Open(kept))(t)
	defer func() { check(t, file.Close()) }()
	return must(png.Decode(file))(t)
}

// awaitShown waits until the page is on the screen, or is no longer: its background
// would be much of what is seen.
func (c *compositor) awaitShown(p *page, want bool, name string) {
	c.place.t.Helper()
	var text string
	p.ask("return getComputedStyle(document.body).backgroundColor", &text)
	var r, g, b uint32
	must(fmt.Sscanf(text, "rgb(%d, %d, %d)", &r, &g, &b))(c.place.t)
	share := 0
	if !eventually(lookLimit, func() bool {
		share = shareOf(c.picture(name), r, g, b)
		return (share > 20) == want && (share == 0) != want
	}) {
		c.place.t.Fatalf("the background of the page is %d %% of the picture %s", share, name)
	}
}

// shareOf gives how much of a picture is of a colour, in percent.
func shareOf(picture image.Image, r, g, b uint32) int {
	const step = 8 // what is looked for is no dot
	size, of, all := picture.Bounds(), 0, 0
	for y := size.Min.Y; y < size.Max.Y; y += step {
		for x := size.Min.X; x < size.Max.X; x += step {
			all++
			if pr, pg, pb, _ := picture.At(x, y).RGBA(); pr>>8 == r && pg>>8 == g && pb>>8 == b {
				of++
			}
		}
	}
	return of * 100 / all
}

// TestWayland opens the window where there is no X server at all, hides it in the
// tray, and brings it back by a second start.
func TestWayland(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	tray := must(place.bus.NewTray())(t)
	c := newCompositor(place, "wayland")
	p := c.open()
	p.await(id("no-images"))
	p.await(id("link", "connected", "true"))
	c.awaitShown(p, true, "opened")
	var ratio float64
	if p.ask("return devicePixelRatio", &ratio); ratio != dots {
		t.Errorf("got a ratio of %v, want the screen's, %v", ratio, dots)
	}
	awaitIcon(t, tray)
	p.ask("go.app.App.Hide()", new(any))
	c.awaitShown(p, false, "hidden")
	run(t, place.command(c.env, place.program, "--show", "settings"))
	p.await(id("setting", "name", "bulk.limit"))
	p.settle()
	c.awaitShown(p, true, "again")
}
