package story

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// homes are the folders of a place that are below a person's home.
var homes = []string{"home", "config", "data", "state", "cache"}

// TestFullHome opens the window where not a byte is free at home, and works with it:
// what can not be kept is refused, and nothing of it is done; with room again it is.
// The pool is on another disk.
func TestFullHome(t *testing.T) {
	mustPlay(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root, who can mount a file system of a few MiB")
	}
	place := newPlace(t, session)
	config := string(must(os.ReadFile(filepath.Join(place.dir, "config/sandboxlabs/config.toml")))(t))
	for _, name := range homes {
		place.smallDisk(name)
	}
	place.write("config/sandboxlabs/config.toml", config)
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny")
	for _, name := range homes {
		_, err := output(place.command(nil, "sh", "-c", "cat /dev/zero >"+place.dir+"/"+name+"/ballast"))
		if err == nil {
			t.Fatal("the disk is endless")
		}
	}
	a := newActor(openWindow(place, "full-home"), "web-1")
	a.await(a.row("stopped"))
	disk := a.disk()
	a.click(a.row() + " " + id("node-wipe"))
	a.await(id("toast"), "A disk of the host is full", place.dir+"/config/libvirt", "Free some space there.")
	a.picture("refused")
	if got := a.disk(); got != disk {
		t.Errorf("got %s after a wipe that was refused, want %s still", got, disk)
	}
	a.click(id("nav-settings"))
	a.fill(id("setting", "name", "bulk.limit")+" input", "3")
	a.desk.do("key", "Tab")
	a.await(id("setting", "name", "bulk.limit"), "there is no space left")
	a.picture("settings")
	for _, name := range homes {
		check(t, os.Remove(filepath.Join(place.dir, name, "ballast")))
	}
	a.click(id("nav-nodes"))
	a.click(a.row() + " " + id("node-wipe"))
	a.await(id("undo-toast"), "web-1")
	if got := a.disk(); got == disk {
		t.Errorf("got %s after a wipe with room again, want another disk", got)
	}
}

// smallDisk puts a disk of a few MiB in the place of a folder.
func (p *place) smallDisk(name string) {
	p.t.Helper()
	dir := filepath.Join(p.dir, name)
	run(p.t, exec.Command("mount", "-t", "tmpfs", "-o", "size=4m,mode=0700,uid="+p.user+",gid="+p.user, "sblstory", dir))
	p.atEnd("umount --lazy %s", dir)
}
