package systest

import (
	"strconv"
	"testing"

	"sandboxlabs/backend/lab"
)

// TestVirsh changes a node with virsh in all ways there are, and follows it in
// the events that `sandboxlabs serve` sends.
func TestVirsh(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		name, other := w.node("a"), w.node("other")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		id := mustDecode[lab.Node](t, w.program(t, "node", "create", name, "--image", "tiny", "--vcpus", "2", "--json")).ID
		p := mustPage(t, w)
		is := func(state lab.State) func(lab.Node) bool {
			return func(n lab.Node) bool { return n.State == state }
		}
		for _, step := range []struct {
			virsh []string
			what  string
			ok    func(lab.Node) bool
		}{
			{[]string{"start", name}, "running at an address", func(n lab.Node) bool {
				return n.State == lab.Running && n.VNC != nil && n.VNC.Port > 0 && n.StartedAt != nil
			}},
			{[]string{"suspend", name}, "paused", is(lab.Paused)},
			{[]string{"resume", name}, "running", is(lab.Running)},
			{[]string{"destroy", name}, "stopped without an address", func(n lab.Node) bool {
				return n.State == lab.Stopped && n.VNC == nil
			}},
			{[]string{"start", name, "--paused"}, "paused", is(lab.Paused)},
			{[]string{"destroy", name}, "stopped", is(lab.Stopped)},
			{[]string{"setvcpus", name, "1", "--config"}, "one vCPU", func(n lab.Node) bool { return n.VCPUs == 1 }},
			{[]string{"setmem", name, strconv.Itoa(128 << 10), "--config"}, "128 MiB", func(n lab.Node) bool { return n.MemoryMiB == 128 }},
			{[]string{"domrename", name, other}, "the other name", func(n lab.Node) bool { return n.Name == other }},
			{[]string{"undefine", other}, "missing", is(lab.Missing)},
		} {
			w.virsh(t, step.virsh...)
			if err := p.waitNode(id, step.what+" after virsh "+step.virsh[0], step.ok); err != nil {
				t.Fatal(err)
			}
		}

		// Nobody else's are told.
		p.await(t, "one node", func(nodes map[string]lab.Node) bool { return len(nodes) == 1 })
		p.call(t, "Restore", other)
		if got := w.show(t, other); got.ID != id || got.State != lab.Stopped || got.VCPUs != 1 || got.MemoryMiB != 128 {
			t.Errorf("got %+v, want what virsh had made of it", got)
		}
		p.call(t, "Delete", id, true)
		p.await(t, "no nodes", func(nodes map[string]lab.Node) bool { return len(nodes) == 0 })
	})
}
