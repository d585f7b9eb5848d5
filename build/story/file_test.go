package story

import (
	"path/filepath"
	"testing"
)

// TestWindowOpensAFile is what a file manager's "Open with" does.
func TestWindowOpensAFile(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	file := filepath.Join(place.dir, "home", "a disk.vmdk")
	run(t, place.command(nil, "qemu-img", "convert", "-O", "vmdk", tinyImage(t), file))
	page := openWindowWith(place, "window/file", file)
	page.await(id("probe"), "vmdk")
	page.picture("asked")
}
