package systest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// cloudPatience is how long a Debian may take to boot and to run cloud-init on a
// busy machine without KVM.
const cloudPatience = 4 * time.Minute

// TestSeedReachesTheGuest has the tiny guest look at its seed: a disk with the
// label that cloud-init looks for, by whatever name, and after a wipe for another instance.
// It is the system's libvirt that gives disks to another user; TestFirstBoot goes on from
// there in the session.
func TestSeedReachesTheGuest(t *testing.T) {
	if testing.Short() {
		t.Skip("needs libvirt; run without -short")
	}
	t.Parallel()
	w := mustWorld(t, system)
	node := w.node("seed")
	w.program(t, "image", "add", w.site.image, "--name", "tiny", "--cloud-init")
	w.program(t, "node", "create", node, "--image", "tiny", "--start", "--wait")
	made := w.show(t, node)
	g := mustGuest(t, w, node)
	if got := g.do(t, "dd if=/dev/vdb bs=1 skip=32808 count=6 2>/dev/null"); got != "CIDATA" {
		t.Errorf("got the label %q on the second disk, want CIDATA", got)
	}
	if got := g.do(t, "cat /sys/block/vdb/ro"); got != "1" {
		t.Errorf("got %q, want a disk that can not be written", got)
	}
	wantInstance(t, g, made)
	w.program(t, "node", "wipe", node, "--wait")
	wiped := w.show(t, node)
	if wiped.InstanceID() == made.InstanceID() {
		t.Errorf("got the instance %s after a wipe, want another: its first boot is to come", wiped.InstanceID())
	}
	wantInstance(t, mustGuest(t, w, node), wiped)
	w.program(t, "node", "off", node)
}

// wantInstance checks what the seed in a guest says the node is to cloud-init.
func wantInstance(t *testing.T, g *guest, n lab.Node) {
	t.Helper()
	if got, want := g.do(t, "grep -a -o \"instance-id: .*\" /dev/vdb"), "instance-id: "+n.InstanceID(); got != want {
		t.Errorf("got %q on the second disk, want %q", got, want)
	}
}

// TestFirstBoot has a real cloud-init do what a node's first boot asks for.
func TestFirstBoot(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		node, key := createCloud(t, w)
		wantFirstBoot(t, w, node, key)
		w.program(t, "node", "off", node)
	})
}

// createCloud starts a node of the cloud guest, which is to let ann in by a
// password and by the key that is given.
func createCloud(t *testing.T, w *world) (node, key string) {
	t.Helper()
	node = w.node("cloud")
	w.must(t, "sh", "-c", "mkdir -p $HOME/.ssh; rm -f $HOME/.ssh/id_cloud*; ssh-keygen -q -t ed25519 -N '' -C me@here -f $HOME/.ssh/id_cloud")
	key = strings.TrimSpace(w.must(t, "sh", "-c", "cat $HOME/.ssh/id_cloud.pub"))
	w.program(t, "image", "add", mustCloud(t, w), "--name", "cloud", "--cloud-init", "--user", "debian")
	w.must(t, "sh", "-c", `printf 'version: 2\nethernets:\n  eth0:\n    addresses: [192.0.2.7/24]\n' >network`)
	w.must(t, "sh", "-c", `printf '%s\n' 'open sesame' | exec sandboxlabs "$@"`, "sh",
		"node", "create", node, "--image", "cloud", "--memory", "512", "--user", "ann", "--password-stdin",
		"--ssh-key", filepath.Join(w.home, ".ssh", "id_cloud.pub"), "--hostname", "www", "--network-config", "network", "--start", "--wait")
	return node, key
}

// wantFirstBoot logs in by the password at the serial port, and looks at what
// cloud-init made.
func wantFirstBoot(t *testing.T, w *world, node, key string) {
	t.Helper()
	made := w.show(t, node)
	c := mustLogin(t, w, node, "ann", "open sesame")
	ask := func(command string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		said, err := c.do(ctx, command)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(said)
	}
	for command, want := range map[string]string{
		"id -un":   "ann",
		"hostname": "www",
		"grep -h Address= /etc/systemd/network/*": "Address=192.0.2.7/24",
		"cat ~/.ssh/authorized_keys":              key,
		"cat /var/lib/cloud/data/instance-id":     made.InstanceID(),
		"cat /run/cloud-init/cloud-id 2>&1":       "nocloud",
		"ls /var/lib/cloud/instances":             made.InstanceID(),
	} {
		if got := ask(command); got != want {
			t.Errorf("%s: got %q, want %q", command, got, want)
		}
	}
	if got := ask("cat /etc/ssh/ssh_host_ed25519_key.pub"); !strings.HasPrefix(got, "ssh-ed25519 ") {
		t.Errorf("got %q, want a key of the host, which the image has none of", got)
	}
}

// mustLogin logs in at the serial port of a guest that boots.
func mustLogin(t *testing.T, w *world, node, name, password string) *console {
	t.Helper()
	c, err := w.openConsole(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	ctx, cancel := context.WithTimeout(t.Context(), cloudPatience)
	defer cancel()
	for _, step := range []struct{ await, typed string }{
		{`www login: `, name},
		{`Password: `, password},
		{`ann@www:~\$ `, "exec sh"}, // which sends no codes for a terminal along
	} {
		if _, err := c.await(ctx, regexp.MustCompile(step.await), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c.port, step.typed+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// mustCloud gives the cloud guest where the world's account can read it, built
// where make has not.
func mustCloud(t *testing.T, w *world) string {
	t.Helper()
	built, path := filepath.Join("..", "out", "cloud.qcow2"), w.path("cloud.qcow2")
	err := copyFile(built, path, 0o444)
	if errors.Is(err, fs.ErrNotExist) {
		err = output(exec.Command(filepath.Join("..", "..", "images", "cloud", "build.sh"), path))
	}
	if err == nil {
		err = os.Chmod(path, 0o444)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
