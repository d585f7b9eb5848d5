package systest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// oldNode is a node of a folder that is laid out as the web prototype lays it out.
type oldNode struct {
	id, name string
	ram      int
	backing  string // as its overlay names what it stands on
	image    string // raw, of what is on its disk
}

// oldFolder is such a folder, with three nodes on one image.
type oldFolder struct {
	dir   string
	nodes []oldNode
}

// made is when the prototype says that the nodes were made.
const made = "2025-03-01T10:00:00.123Z"

// mustPrototype makes such a folder. The overlays name their image as the program in
// its container did, absolutely, and relatively; the guests have written to their disks.
func mustPrototype(t *testing.T, w *world, name string) oldFolder {
	t.Helper()
	f := oldFolder{dir: w.path(name)}
	w.must(t, "mkdir", "-p", f.path("overlays"), f.path("images"))
	w.must(t, "mkdir", "-m", "0777", f.path("backend"))
	w.must(t, "cp", w.site.image, f.path("images", "tiny.qcow2"))
	for i, backing := range []string{"/images/tiny.qcow2", f.path("images", "tiny.qcow2"), "../images/tiny.qcow2"} {
		n := oldNode{id: uuid.NewString(), name: w.node(fmt.Sprint(name, i)), ram: 192 + 64*i, backing: backing}
		n.image = f.path(fmt.Sprintf("disk%d.raw", i))
		disk := f.overlay(n)
		w.must(t, "qemu-img", "create", "-q", "-f", "qcow2", "-b", f.path("images", "tiny.qcow2"), "-F", "qcow2", disk, "300M")
		w.must(t, "qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -P %d 260M 3M", i+1), "-c", fmt.Sprintf("write -P %d 299M 64k", i+7), disk)
		w.must(t, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk, n.image)
		w.must(t, "qemu-img", "rebase", "-u", "-f", "qcow2", "-b", backing, "-F", "qcow2", disk)
		f.nodes = append(f.nodes, n)
	}
	f.writeState(t)
	return f
}

func (f oldFolder) path(elem ...string) string {
	return filepath.Join(f.dir, filepath.Join(elem...))
}

func (f oldFolder) overlay(n oldNode) string { return f.path("overlays", "node_"+n.id+".qcow2") }

// writeState writes what the prototype wrote.
func (f oldFolder) writeState(t *testing.T) {
	t.Helper()
	nodes := []map[string]any{}
	for _, n := range f.nodes {
		nodes = append(nodes, map[string]any{
			"id": n.id, "name": n.name, "osType": "tiny", "status": "stopped", "vncPort": nil, "guacConnectionId": nil, "guacUrl": nil,
			"overlayPath": "/overlays/node_" + n.id + ".qcow2", "createdAt": made, "updatedAt": made, "startedAt": nil, "stoppedAt": nil,
			"wipedAt": nil, "resources": map[string]int{"ram": n.ram, "cpus": 1},
		})
	}
	text, err := json.MarshalIndent(map[string]any{"version": "1.0.0", "lastUpdated": made, "nodes": nodes}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path("backend", "nodes-state.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sums are the checksums of everything in the folder but what the test itself put there.
func (f oldFolder) sums(t *testing.T, w *world) string {
	t.Helper()
	return w.must(t, "sh", "-c", `cd "$0" && find . -type f ! -name "*.raw" | sort | xargs sha256sum`, f.dir)
}

// checkOver checks that the nodes are here as they were, with their disks bit for bit.
func (f oldFolder) checkOver(t *testing.T, w *world) {
	t.Helper()
	for _, old := range f.nodes {
		n := w.show(t, old.id)
		at, err := time.Parse(time.RFC3339, made)
		if n.Name != old.name || n.MemoryMiB != old.ram || n.VCPUs != 1 || n.Image != "tiny" || !n.CreatedAt.Equal(at) || err != nil {
			t.Errorf("got %+v, want %+v", n, old)
		}
		w.must(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "raw", n.Overlay.Path, old.image)
	}
	checkWhole(t, w)
	staging := w.path(poolDir) + ".incoming"
	if left := w.must(t, "sh", "-c", `find "$0" -type f -o -name "*.qcow2"`, staging); left != "" {
		t.Errorf("got %q left in %s, want nothing", left, staging)
	}
}

// TestImportPrototype brings a folder of the web prototype over: planned first,
// which changes nothing, then copied, then asked again. One of its guests boots.
func TestImportPrototype(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		f := mustPrototype(t, w, "old")
		before := f.sums(t, w)
		plan := mustDecode[lab.Migration](t, w.program(t, "import-prototype", f.dir, "--dry-run", "--json"))
		for _, n := range plan.Nodes {
			if n.Status != lab.MoveReady || n.Image != "tiny" || n.VirtualBytes != 300<<20 || len(n.Notes) > 0 {
				t.Errorf("got %+v, want it ready", n)
			}
		}
		if got := w.list(t); len(got) > 0 || len(plan.Nodes) != 3 || strings.TrimSpace(w.program(t, "image", "ls", "--json")) != "[]" {
			t.Errorf("got %+v after a plan of %d nodes, want nothing", got, len(plan.Nodes))
		}
		w.program(t, "import-prototype", f.dir)
		f.checkOver(t, w)
		again := mustDecode[lab.Migration](t, w.program(t, "import-prototype", f.dir, "--json"))
		for _, n := range again.Nodes {
			if n.Status != lab.MoveHere {
				t.Errorf("got %+v, want it left alone", n)
			}
		}
		if after := f.sums(t, w); after != before {
			t.Errorf("the folder was\n%s\nand is\n%s", before, after)
		}
		w.program(t, "node", "start", f.nodes[0].id, "--wait")
		mustGuest(t, w, f.nodes[0].name)
		w.program(t, "node", "off", f.nodes[0].id)
	})
}

// TestImportPrototypeKilled kills the program at random moments of moving a folder.
// Nothing is half there, nothing is lost, and the next run goes on.
func TestImportPrototypeKilled(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		f := mustPrototype(t, w, "moved")
		w.list(t) // libvirt is up by now
		began := time.Now()
		w.program(t, "import-prototype", f.dir, "--dry-run")
		reads := time.Since(began)
		for range killRounds {
			after := reads/2 + rand.N(reads)
			t.Logf("killed after %s", after.Round(time.Millisecond))
			limit := fmt.Sprintf("%.3f", after.Seconds()+0.001)
			if r := w.run("timeout", "--signal=KILL", limit, "sandboxlabs", "import-prototype", f.dir, "--move"); r.code != 0 && r.code != 137 && r.code != -1 {
				t.Errorf("got exit code %d, want it killed or done: %v", r.code, r.err())
			}
			checkWhole(t, w)
		}
		w.program(t, "import-prototype", f.dir, "--move")
		f.checkOver(t, w)
		if left := w.must(t, "find", f.path("overlays"), f.path("images"), "-type", "f"); left != "" {
			t.Errorf("got %q left in the folder, want all of it moved", left)
		}
	})
}
