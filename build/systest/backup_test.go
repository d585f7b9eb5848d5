package systest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// archived is what the program tells of a backup.
type archived struct {
	Nodes []struct {
		ID, Name        string
		Running, Frozen bool
	}
	Images []struct{ Name string }
}

// agent plays as much of QEMU's guest agent as holds file systems still, and
// writes down in a file, on the disk before it answers, when it was asked to.
const agent = `until port=$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name); do sleep 1; done
exec 3<>/dev/$(echo $port | cut -d/ -f5)
while :; do
	read -r line <&3 || sleep 1 # nobody is at the other end
	case $line in
	*guest-sync*) id=${line##*:}; echo "{\"return\": ${id%%\}*}}" >&3 ;;
	*freeze-freeze*) echo held >>/root/agent; sync; echo '{"return": 1}' >&3 ;;
	*freeze-thaw*) echo going >>/root/agent; sync; echo '{"return": 1}' >&3 ;;
	?*) echo '{"error": {"class": "CommandNotFound", "desc": "it only plays"}}' >&3 ;;
	esac
done
`

// TestBackup backs up a node that is off and one whose guest writes, with an agent
// that holds it still. They come back in another pool under other names, and in
// the old one as they were.
func TestBackup(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		off, on, file, kept := w.node("off"), w.node("on"), w.path("files", "lab.sbx"), w.path("files", "kept.qcow2")
		w.must(t, "mkdir", "-m", "0777", w.path("files"))
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		w.program(t, "node", "create", off, "--image", "tiny")
		was := w.show(t, off)
		w.must(t, "qemu-io", "-f", "qcow2", "-c", "write -P 7 100M 3M", was.Overlay.Path)
		w.must(t, "cp", was.Overlay.Path, kept)
		w.program(t, "node", "create", on, "--image", "tiny", "--start", "--wait")
		g := mustGuest(t, w, on)
		g.do(t, "echo "+base64.StdEncoding.EncodeToString([]byte(agent))+" | base64 -d >/root/agent.sh; (sh /root/agent.sh >/dev/null 2>&1 &)")
		g.do(t, "(while :; do date >>/root/log; sync; sleep 0.1; done >/dev/null 2>&1 &)")
		await(t, "an agent in the guest", func() bool {
			return strings.Contains(w.virsh(t, "dumpxml", on), "name='org.qemu.guest_agent.0' state='connected'")
		})

		made := mustDecode[archived](t, w.program(t, "backup", file, "--bases", "--json"))
		if n := made.Nodes[1]; len(made.Nodes) != 2 || n.Name != on || !n.Running || !n.Frozen || made.Nodes[0].Running {
			t.Errorf("got %+v, want %s copied while it ran, held still", made, on)
		}
		if got := g.do(t, "cat /root/agent"); got != "held\r\ngoing" {
			t.Errorf("the agent was asked %q, want it to hold the guest still, and to let it go on", got)
		}
		if got := w.must(t, "stat", "--format", "%a", file); got != "600\n" {
			t.Errorf("got a backup of mode %s, want it private", got)
		}
		checkWhole(t, w)
		checkChain(t, w, on)
		restoreElsewhere(t, w, file, kept)

		w.program(t, "node", "rm", off, on)
		w.program(t, "restore", file)
		if is := w.show(t, off); is.ID != was.ID || is.MAC != was.MAC || is.Name != was.Name {
			t.Errorf("got %+v, want %+v again", is, was)
		}
		w.must(t, "qemu-img", "compare", "-q", kept, w.show(t, off).Overlay.Path)
		checkWhole(t, w)
	})
}

// checkChain wants a running node to stand on its overlay, and nothing to be copied of it.
func checkChain(t *testing.T, w *world, node string) {
	t.Helper()
	text := w.virsh(t, "dumpxml", node)
	if own := w.show(t, node); strings.Contains(text, "<mirror") || !strings.Contains(text, own.OverlayVolume(own.Generation)) || own.State != lab.Running {
		t.Errorf("got %s on this, want it to run on its own disk alone:\n%s", own.State, text)
	}
}

// restoreElsewhere makes the nodes of a backup in another world, where nothing is,
// and starts the one that ran: its disk is of the moment when it was held still.
func restoreElsewhere(t *testing.T, w *world, file, kept string) {
	t.Helper()
	o := mustWorld(t, w.profile)
	off, on := o.node("off"), o.node("on")
	o.program(t, "restore", file, "--new-ids", "--rename", w.node("off")+"="+off, "--rename", w.node("on")+"="+on)
	o.must(t, "qemu-img", "compare", "-q", kept, o.show(t, off).Overlay.Path)
	o.must(t, "qemu-img", "check", "-q", o.show(t, on).Overlay.Path)
	checkWhole(t, o)
	o.program(t, "node", "start", on, "--wait")
	g := mustGuest(t, o, on)
	if g.hostName != on {
		t.Errorf("got the host name %q, want %q", g.hostName, on)
	}
	if got := g.do(t, "cat /root/agent"); got != "held" {
		t.Errorf("got %q on the restored disk, want it to be of the moment after the guest was held still", got)
	}
	if got := g.do(t, "wc -l </root/log"); got == "0" {
		t.Error("got nothing on the restored disk that the guest had written")
	}
	o.program(t, "node", "off", on)
}

// killedAfter runs the program and kills it at a random moment of the time it takes.
func killedAfter(t *testing.T, w *world, takes time.Duration, args ...string) {
	t.Helper()
	after := rand.N(takes)
	t.Logf("%v killed after %s", args, after.Round(time.Millisecond))
	r := w.run("timeout", append([]string{"--signal=KILL", fmt.Sprintf("%.3f", after.Seconds()+0.001), "sandboxlabs"}, args...)...)
	if r.code != 0 && r.code != 137 && r.code != -1 {
		t.Errorf("got exit code %d, want it killed or done: %v", r.code, r.err())
	}
}

// TestKilledInABackup kills backups of a node that has a process, and restores. The
// node goes on on its own disk, the next run leaves nothing over, and what is not
// there can be restored.
func TestKilledInABackup(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		on, off := w.node("on"), w.node("off")
		w.must(t, "mkdir", "-m", "0777", w.path("files"))
		file := w.path("files", "lab.sbx")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		for _, node := range []string{on, off} {
			w.program(t, "node", "create", node, "--image", "tiny")
			w.must(t, "qemu-io", "-f", "qcow2", "-c", "write -P 7 60M 60M", w.show(t, node).Overlay.Path)
		}
		w.program(t, "node", "start", on, "--wait")
		w.program(t, "node", "pause", on)
		began := time.Now()
		w.program(t, "backup", file)
		takes := time.Since(began)
		for i := range killRounds {
			again := w.path("files", fmt.Sprint(i))
			killedAfter(t, w, takes, "backup", again)
			checkWhole(t, w)
			w.program(t, "node", "resume", on)
			checkChain(t, w, on)
			w.program(t, "node", "pause", on)
			if r := w.run("test", "-e", again); r.code == 0 {
				w.program(t, "restore", again, "--dry-run", "--new-ids", "--rename", on+"="+w.node("a"), "--rename", off+"="+w.node("b"))
			}
		}
		w.program(t, "node", "rm", on, off)
		began = time.Now()
		w.program(t, "restore", file)
		takes = time.Since(began)
		for range killRounds {
			w.program(t, "node", "rm", on, off)
			killedAfter(t, w, takes, "restore", file)
			checkWhole(t, w)
			w.program(t, "restore", file, "--missing")
			checkWhole(t, w)
			if left := w.must(t, "find", w.path(poolDir)+".incoming", "-type", "f"); left != "" {
				t.Errorf("got %q left of the restores, want nothing", left)
			}
			w.must(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read -P 7 60M 60M", w.show(t, off).Overlay.Path)
		}
	})
}

// TestInterruptedBackup interrupts a backup as Ctrl-C does: nothing of the file stays.
func TestInterruptedBackup(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		node, dir := w.node("on"), w.path("files")
		w.must(t, "mkdir", "-m", "0777", dir)
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		w.program(t, "node", "create", node, "--image", "tiny")
		w.must(t, "qemu-io", "-f", "qcow2", "-c", "write -P 7 0 200M", w.show(t, node).Overlay.Path)
		w.must(t, "sh", "-c", `sandboxlabs backup "$1/lab.sbx" & until [ -e "$1/lab.sbx.part" ]; do sleep 0.01; done; kill -INT $!; ! wait $!`, "sh", dir)
		if left := w.must(t, "find", dir, "-type", "f"); left != "" {
			t.Errorf("got %q left, want nothing", left)
		}
		w.program(t, "backup", filepath.Join(dir, "lab.sbx"))
		checkWhole(t, w)
	})
}
