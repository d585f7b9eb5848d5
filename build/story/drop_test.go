package story

import (
	_ "embed"
	"path/filepath"
	"time"
)

//go:embed testdata/dragsource.py
var dragSource string

// dropImage drags a file from another program onto the window, as from a file
// manager, and adds what it is.
func (a actor) dropImage() {
	a.Helper()
	place := a.desk.place
	file := filepath.Join(place.dir, "home", "dropped.vmdk")
	run(a.T, place.command(nil, "qemu-img", "convert", "-O", "vmdk", tinyImage(a.T), file))
	place.start(place.command([]string{a.desk.display, "NO_AT_BRIDGE=1"}, "/usr/bin/python3", "-c", dragSource, file))
	source := a.desk.awaitWindow("drag source")
	to := a.desk.middle(a.window)
	from := a.desk.middle(source)
	a.desk.moveMouse(from)
	a.desk.do("mousedown", "1")
	for i := range 8 { // GTK takes it for a drag after some pixels, and the window hears of it on the way
		part := point{(to.X - from.X) * (i + 1) / 8, (to.Y - from.Y) * (i + 1) / 8}
		a.desk.moveMouse(from.plus(part))
		time.Sleep(50 * time.Millisecond)
	}
	a.await(id("drop-cover"))
	a.picture("dropping")
	a.desk.do("mouseup", "1")
	a.await(id("probe"), "vmdk")
	a.picture("dropped")
	a.click(id("image-submit"))
	a.awaitFor(time.Minute, id("image-row", "name", "dropped", "state", "ready"))
	a.picture("images")
}
