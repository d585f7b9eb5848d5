package systest

import (
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// TestInstall makes a node with UEFI and a TPM from an ISO, whose guest writes to the
// node's empty disk, publishes that, and lets a node of the new image read it.
func TestInstall(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		iso, err := here.iso()
		if err != nil {
			t.Fatal(err)
		}
		node, copied := w.node("install"), w.node("copy")
		w.program(t, "image", "add", iso, "--name", "live")
		w.program(t, "node", "create", node, "--image", "live", "--disk", "1", "--firmware", "uefi", "--tpm", "--start", "--wait")
		g := mustGuest(t, w, node)
		if got := g.do(t, "cat /sys/block/vda/size"); got != "2097152" {
			t.Errorf("got a disk of %s sectors, want one of 1 GiB", got)
		}
		wantUEFI(t, g, true)
		g.do(t, "echo dear | dd of=/dev/vda bs=512 seek=2048 conv=sync && sync")
		changeMedium(t, w, node)
		w.program(t, "node", "off", node)

		image := mustDecode[lab.Image](t, w.program(t, "image", "publish", node, "--name", "installed", "--json"))
		if got := image.Defaults; got.Firmware != lab.FirmwareUEFI || !got.TPM {
			t.Errorf("got the defaults %+v, want what the node has", got)
		}
		w.program(t, "node", "create", copied, "--image", "installed", "--firmware", "bios", "--tpm=false") // half as slow
		w.program(t, "node", "set", copied, "--medium", "live")                                             // nothing boots from the disk
		w.program(t, "node", "start", copied)
		made := w.show(t, copied)
		if made.Base == "" || made.Inserted == "" || made.Inserted != made.Medium {
			t.Errorf("got %+v, want a base and the medium in its drive", made)
		}
		g = mustGuest(t, w, copied)
		if got := g.do(t, "dd if=/dev/vda bs=512 skip=2048 count=1 2>/dev/null | tr -d '\\0'"); got != "dear" {
			t.Errorf("got %q on the disk of the new image, want dear", got)
		}
		wantUEFI(t, g, false)
		if w.run("sandboxlabs", "image", "rm", "live").code == 0 {
			t.Error("the medium could be removed, and it is in a drive")
		}
		wipeInstalled(t, w, node)
		publishOnBase(t, w, copied)
		w.program(t, "node", "rm", node, copied)
		if left, err := filepath.Glob(w.path(poolDir, "*.nvram")); len(left) > 0 || err != nil {
			t.Errorf("got %v left, %v, want nothing of the nodes", left, err)
		}
	})
}

// publishOnBase publishes a node whose disk stands on a base, compressed, after it
// was refused while the node ran.
func publishOnBase(t *testing.T, w *world, node string) {
	t.Helper()
	if p := problemOf(t, w.run("sandboxlabs", "image", "publish", node, "--name", "second", "--json")); p == nil || p.Kind != lab.KindBusy {
		t.Errorf("got %+v of a node that runs, want busy", p)
	}
	w.program(t, "node", "off", node)
	image := mustDecode[lab.Image](t, w.program(t, "image", "publish", node, "--name", "second", "--compress", "--json"))
	if want := (lab.Origin{Kind: lab.OriginNode, Of: node, Base: "installed"}); image.Origin != want {
		t.Errorf("got the origin %+v, want %+v", image.Origin, want)
	}
	if said := w.must(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read -v 1048576 16", image.Path); !strings.Contains(said, "dear") {
		t.Errorf("got %s in the second image, want dear", said)
	}
}

// wantUEFI asks the guest whether it was booted by UEFI, with a TPM.
func wantUEFI(t *testing.T, g *guest, want bool) {
	t.Helper()
	for _, path := range []string{"/sys/firmware/efi", "/sys/firmware/acpi/tables/TPM2"} {
		if got := g.do(t, "test -e "+path+" && echo yes || echo no"); (got == "yes") != want {
			t.Errorf("got %s there: %s, want %t", path, got, want)
		}
	}
}

// changeMedium takes the medium out while the node runs, and puts it back.
func changeMedium(t *testing.T, w *world, node string) {
	t.Helper()
	medium := w.show(t, node).Medium
	w.program(t, "node", "set", node, "--eject")
	if got := w.show(t, node); got.Medium != "" || got.Inserted != "" {
		t.Errorf("got %q in the drive and %q at the next start, want nothing", got.Inserted, got.Medium)
	}
	w.program(t, "node", "set", node, "--medium", "live")
	if got := w.show(t, node); got.Medium != medium || got.Inserted != medium {
		t.Errorf("got %q in the drive and %q at the next start, want %q", got.Inserted, got.Medium, medium)
	}
}

// wipeInstalled wipes a node that stands on no base, and undoes that: the disk
// and the firmware's variables come and go with their generation.
func wipeInstalled(t *testing.T, w *world, node string) {
	t.Helper()
	before := w.show(t, node)
	w.program(t, "node", "wipe", node)
	wiped := w.show(t, node)
	if info := w.must(t, "qemu-img", "info", "--output=json", "-U", wiped.Overlay.Path); strings.Contains(info, "backing") || !strings.Contains(info, "1073741824") {
		t.Errorf("got %s, want an empty disk of 1 GiB", info)
	}
	if wiped.Generation == before.Generation || wiped.Medium != before.Medium {
		t.Errorf("got %+v after the wipe, want %+v on another disk", wiped.NodeSpec, before.NodeSpec)
	}
	w.program(t, "node", "undo", node)
	if after := w.show(t, node); after.Overlay.Path != before.Overlay.Path || after.State != lab.Stopped {
		t.Errorf("got %s, %s, want it off on %s", after.State, after.Overlay.Path, before.Overlay.Path)
	}
}
