package systest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// The messages of the agent that shares a guest's clipboard, as its protocol has
// them (spice-space.org/agent-protocol.html): a chunk's header, a message's header,
// and what it says. They are written by a shell in the guest.
const (
	agentText     = 1 // a kind of clipboard: UTF-8
	agentAnnounce = 6 // messages
	agentRequest  = 8

	agentOnDemand = 1 << 5 // an ability: contents are sent when they are asked for
)

// agentSays gives the command by which the guest's agent says something.
func agentSays(kind int, words ...int) string {
	little := func(n, bytes int) (octal string) {
		for range bytes {
			octal += fmt.Sprintf(`\%03o`, n&0xff)
			n >>= 8
		}
		return octal
	}
	said := ""
	for _, w := range words {
		said += little(w, 4)
	}
	size := 4 * len(words)
	message := little(1, 4) + little(kind, 4) + little(0, 8) + little(size, 4) + said
	return fmt.Sprintf("printf '%s%s%s' >&3", little(1, 4), little(20+size, 4), message)
}

// TestClipboard gives a node QEMU's channel for the clipboard, and has the guest
// play its own desktop: what the page puts into the clipboard arrives there through
// guacd. The other way wants a guacd whose VNC client knows of QEMU's clipboard;
// build/story goes it directly.
func TestClipboard(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		node := w.node("clip")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		w.mustGateway(t)
		p := mustPage(t, w)
		n := p.call(t, "Create", map[string]any{"name": node, "image": "tiny"})
		w.must(t, "virt-xml", "-c", w.uri, node, "--add-device", "--channel",
			"qemu-vdagent,source.clipboard.copypaste=yes,target.type=virtio,target.name=com.redhat.spice.0")
		p.call(t, "Start", n.ID)
		if err := p.waitNode(n.ID, "it to be registered", func(n lab.Node) bool {
			return n.State == lab.Running && n.Gateway.State == lab.Registered
		}); err != nil {
			t.Fatal(err)
		}
		g := mustGuest(t, w, node)
		var port string
		await(t, "the guest to have its end of the channel", func() bool { // its modules are loaded beside the shells
			port = g.do(t, `modprobe virtio_console; grep -ls spice /sys/class/virtio-ports/*/name | cut -d/ -f5`)
			return port != ""
		})
		g.do(t, "exec 3<>/dev/"+port+"; cat <&3 >/tmp/heard & "+agentSays(agentAnnounce, 0, agentOnDemand))

		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s := mustScreen(t, ctx, p, n.ID)
		s.mustShow(t, ctx)
		s.mustPaste(t, ctx, "from the page")
		await(t, "the guest to be told of the clipboard", func() bool { return g.do(t, "wc -c </tmp/heard") != "0" })
		await(t, "the text in the guest", func() bool {
			return strings.Contains(g.do(t, agentSays(agentRequest, agentText)+"; strings /tmp/heard"), "from the page")
		})
	})
}
