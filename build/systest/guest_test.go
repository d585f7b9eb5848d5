package systest

import (
	"context"
	"strings"
	"testing"
)

// guest is a person in a running guest.
type guest struct {
	*console
	hostName string
}

// mustGuest waits for a running node's guest to be up.
func mustGuest(t *testing.T, w *world, node string) *guest {
	t.Helper()
	c, err := w.openConsole(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	name, err := c.login(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{c, name}
}

// do runs a shell command in the guest, which must succeed.
func (g *guest) do(t *testing.T, command string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said, err := g.console.do(ctx, command)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(said)
}

// base is what must not change of a base image.
func base(t *testing.T, w *world, volume string) string {
	t.Helper()
	path := w.path(poolDir, volume)
	return w.must(t, "stat", "--format", "%a %U %s", path) + w.must(t, "sha256sum", path)
}

// TestGuest boots a node, writes a file in it, wipes it and undoes the wipe, and
// asks the guest each time. build/story does so with the system's libvirt.
func TestGuest(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		const file = "/root/letter"
		node := w.node("guest")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		w.program(t, "node", "create", node, "--image", "tiny", "--start", "--wait")
		made := w.show(t, node)
		untouched := base(t, w, made.Base)
		if !strings.HasPrefix(untouched, "444 ") {
			t.Errorf("got a base image with mode and owner %q, want 444", untouched)
		}

		g := mustGuest(t, w, node)
		if g.hostName != node {
			t.Errorf("got the host name %q, want the node's, %q", g.hostName, node)
		}
		wantAddress(t, g, made.MAC)
		g.do(t, "echo dear > "+file+" && sync")

		w.program(t, "node", "wipe", node, "--wait")
		wiped := w.show(t, node)
		if wiped.ID != made.ID || wiped.MAC != made.MAC || wiped.Name != made.Name || wiped.State != "running" {
			t.Errorf("got %+v after the wipe, want %+v with another disk", wiped, made)
		}
		g = mustGuest(t, w, node)
		if got := g.do(t, "ls /root"); strings.Contains(got, "letter") {
			t.Errorf("got %q in the wiped guest, want the file to be gone", got)
		}

		w.program(t, "node", "undo", node)
		g = mustGuest(t, w, node)
		if got := g.do(t, "cat "+file); got != "dear" {
			t.Errorf("got %q in the file after undo, want dear", got)
		}
		surviveDaemon(t, w, node)
		w.program(t, "node", "off", node)
		if got := base(t, w, made.Base); got != untouched {
			t.Errorf("got the base image %q, want it untouched, %q", got, untouched)
		}
	})
}

// wantAddress checks that the NIC is the node's and was given an address.
func wantAddress(t *testing.T, g *guest, mac string) {
	t.Helper()
	// A busy machine's guest has a shell before it has a NIC.
	await(t, "a NIC", func() bool { return strings.Contains(g.do(t, "ls /sys/class/net"), "eth0") })
	if got := g.do(t, "cat /sys/class/net/eth0/address"); got != mac {
		t.Errorf("got the MAC address %q in the guest, want %q", got, mac)
	}
	await(t, "an address by DHCP", func() bool {
		return strings.Contains(g.do(t, "ip -4 addr show eth0"), "inet ")
	})
}

// surviveDaemon kills the libvirt daemon below a running node. Only the session's
// daemon is ours to kill.
func surviveDaemon(t *testing.T, w *world, node string) {
	t.Helper()
	before := w.show(t, node)
	if err := w.endDaemon(); err != nil {
		t.Fatal(err)
	}
	if after := w.show(t, node); after.State != "running" || *after.VNC != *before.VNC {
		t.Errorf("got %s at %v after the daemon died, want the guest to go on as %s at %v",
			after.State, after.VNC, before.State, before.VNC)
	}
	g := mustGuest(t, w, node)
	if got := g.do(t, "cat /root/letter"); got != "dear" {
		t.Errorf("got %q in the file after the daemon died, want dear", got)
	}
}
