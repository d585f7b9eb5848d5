package systest

import (
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// step is a change by virsh and what the events are to tell after it.
type step struct {
	virsh string // several commands have semicolons between them
	what  string
	ok    func(lab.Node) bool
}

func is(state lab.State) func(lab.Node) bool {
	return func(n lab.Node) bool { return n.State == state }
}

// virshSteps lead a node NAME with two vCPUs from stopped to missing.
var virshSteps = []step{
	{"start NAME", "running at an address", func(n lab.Node) bool {
		return n.State == lab.Running && n.VNC != nil && n.VNC.Port > 0
	}},
	{"suspend NAME", "paused", is(lab.Paused)},
	{"resume NAME", "running", is(lab.Running)},
	{"destroy NAME", "stopped without an address", func(n lab.Node) bool { return n.State == lab.Stopped && n.VNC == nil }},
	// Only of a start it has seen does the program know when it was.
	{"start NAME --paused", "paused, and since when", func(n lab.Node) bool { return n.State == lab.Paused && n.StartedAt != nil }},
	{"destroy NAME", "stopped", is(lab.Stopped)},
	// libvirt sends no event for these: the next reading of everything finds them.
	{"setvcpus NAME 1 --config; setmem NAME 128M --config", "its resources", func(n lab.Node) bool {
		return n.VCPUs == 1 && n.MemoryMiB == 128
	}},
	{"domrename NAME OTHER", "the other name", func(n lab.Node) bool { return strings.HasSuffix(n.Name, "-other") }},
	{"undefine OTHER", "missing", is(lab.Missing)},
}

// mustVirsh runs commands of virsh. Each libvirt daemon finds a free port for
// itself, and the guest of another may take it first: then it is asked again.
func mustVirsh(t *testing.T, w *world, commands string) {
	t.Helper()
	await(t, "virsh "+commands, func() bool {
		r := w.run("virsh", "-q", "-c", w.uri, commands)
		if r.code != 0 && !strings.Contains(r.say, "Address already in use") {
			t.Fatal(r.err())
		}
		return r.code == 0
	})
}

// TestVirsh changes a node with virsh in all ways there are, and follows it in
// the events that `sandboxlabs serve` sends.
func TestVirsh(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		name, other := w.node("a"), w.node("other")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		id := mustDecode[lab.Node](t, w.program(t, "node", "create", name, "--image", "tiny", "--vcpus", "2", "--json")).ID
		p := mustPage(t, w)
		names := strings.NewReplacer("NAME", name, "OTHER", other)
		for _, s := range virshSteps {
			if strings.HasPrefix(s.virsh, "undefine") {
				// What virsh changed comes back only if it was written down.
				spec := w.path(dataDir, "sandboxlabs", "nodes", id+".json")
				await(t, "the name in the spec", func() bool { return w.exec("grep", "-q", other, spec) == nil })
			}
			mustVirsh(t, w, names.Replace(s.virsh))
			if err := p.waitNode(id, s.what+" after virsh "+s.virsh, s.ok); err != nil {
				t.Fatal(err)
			}
		}

		p.await(t, "one node", func(nodes map[string]lab.Node) bool { return len(nodes) == 1 })
		p.call(t, "Restore", other)
		if got := w.show(t, other); got.ID != id || got.State != lab.Stopped || got.VCPUs != 1 || got.MemoryMiB != 128 {
			t.Errorf("got %+v, want what virsh had made of it", got)
		}
		p.call(t, "Delete", id, true)
		p.await(t, "no nodes", func(nodes map[string]lab.Node) bool { return len(nodes) == 0 })
	})
}
