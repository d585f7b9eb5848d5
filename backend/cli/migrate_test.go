package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

// mustLay makes a folder of the prototype with a node that can come over, and one
// whose disk is gone.
func mustLay(t *testing.T, d *desk) (dir string) {
	t.Helper()
	dir = t.TempDir()
	disk := func(name string, content []byte) lab.PrototypeDisk {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return lab.PrototypeDisk{Name: name, Path: path, Bytes: int64(len(content))}
	}
	overlay := disk("node_1.qcow2", labtest.QCOW2On("/images/alpine.qcow2", 8<<20))
	d.Prototype.Lay(lab.PrototypeFolder{
		Dir: dir, State: filepath.Join(dir, "nodes-state.json"), Overlays: []lab.PrototypeDisk{overlay},
		Images: []lab.PrototypeDisk{disk("alpine.qcow2", labtest.QCOW2(8<<20, labtest.NoFlaw))},
		Nodes: []lab.PrototypeNode{
			{ID: "1", Name: "web server", Disk: overlay.Path, MemoryMiB: 128, VCPUs: 1},
			{ID: "2", Name: "lost", Overlay: "/overlays/node_2.qcow2"},
		},
	})
	return dir
}

func TestImportPrototype(t *testing.T) {
	d := mustDesk(t)
	dir := mustLay(t, d)
	o := d.mustRun(t, "import-prototype", dir, "--dry-run")
	for _, want := range []string{"alpine", "web-server", "128 MiB", "to come", "can not come", `In the prototype its name was "web server".`, "It takes 512 KiB at most"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("got %s, want %q in it", o.out, want)
		}
	}
	if !strings.Contains(o.err, "lost: the disk of lost, node_2.qcow2, is not in overlays") || !strings.Contains(o.err, "hint: ") {
		t.Errorf("got %s, want it said what is wrong with lost", o.err)
	}
	if nodes := mustJSON[[]lab.Node](t, d, exitDone, "node", "ls"); len(nodes) > 0 {
		t.Errorf("got %v, want nothing done", nodes)
	}
	if o := d.run(t.Context(), "import-prototype", dir); o.code != exitFailed || !strings.Contains(o.out, "here now") || !strings.Contains(o.err, "to come") {
		t.Errorf("got %d %s%s, want the plan, and that one of both is here", o.code, o.out, o.err)
	}
	m := mustJSON[lab.Migration](t, d, exitFailed, "import-prototype", dir, "--move")
	if m.Status != lab.MigrationFailed || m.Nodes[0].Status != lab.MoveHere || m.Nodes[1].Status != lab.MoveWrong {
		t.Errorf("got %+v, want one here and the other wrong", m)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "import-prototype", dir+"/none"); p.Kind != lab.KindNotFound {
		t.Errorf("got %+v, want no folder", p)
	}
}

// Interrupted, it is given up; nothing is left of what was just coming.
func TestImportIsGivenUp(t *testing.T) {
	d := mustDesk(t)
	dir := mustLay(t, d)
	resume := d.Library.Hold()
	ctx, interrupt := context.WithCancel(t.Context())
	d.wired = func(s *service.Service) {
		events := s.Subscribe(ctx)
		go func() {
			for e := range events {
				if e.Migration != nil && e.Migration.DoneBytes > 0 {
					interrupt()
				}
			}
		}()
	}
	if o := d.run(ctx, "import-prototype", dir); o.code != exitFailed || strings.Contains(o.out, "here now") {
		t.Errorf("got %d %s%s, want it given up", o.code, o.out, o.err)
	}
	d.wired = nil
	resume()
	if nodes := mustJSON[[]lab.Node](t, d, exitDone, "node", "ls"); len(nodes) > 0 {
		t.Errorf("got %v, want none", nodes)
	}
}
