package labtest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

// Prototype is a lab.Prototype whose folders are in memory; their disks may be
// files.
type Prototype struct {
	script *Script

	mu      sync.Mutex
	folders map[string]lab.PrototypeFolder
}

// Lay makes a folder.
func (p *Prototype) Lay(f lab.PrototypeFolder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.folders == nil {
		p.folders = make(map[string]lab.PrototypeFolder)
	}
	p.folders[f.Dir] = f
}

// Read implements lab.Prototype.
func (p *Prototype) Read(ctx context.Context, dir string) (found lab.PrototypeFolder, err error) {
	err = p.script.call(ctx, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		f, ok := p.folders[dir]
		if !ok {
			return lab.Errorf(lab.KindNotFound, "there is no folder %s", dir)
		}
		found = f
		found.Nodes = slices.Clone(f.Nodes)
		for i, n := range found.Nodes {
			if !slices.ContainsFunc(f.Overlays, func(d lab.PrototypeDisk) bool { return d.Path == n.Disk }) {
				found.Nodes[i].Disk = ""
			}
		}
		return nil
	}, "Prototype.Read", dir)
	return found, err
}

// Remove implements lab.Prototype.
func (p *Prototype) Remove(ctx context.Context, dir, path string) error {
	return p.script.call(ctx, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if filepath.Clean(path) != path || !strings.HasPrefix(path, dir+"/") || filepath.Ext(path) != ".qcow2" {
			return lab.Errorf(lab.KindInvalid, "%s is no disk in %s", path, dir)
		}
		f := p.folders[dir]
		here := func(d lab.PrototypeDisk) bool { return d.Path == path }
		f.Overlays, f.Images = slices.DeleteFunc(slices.Clone(f.Overlays), here), slices.DeleteFunc(slices.Clone(f.Images), here)
		p.folders[dir] = f
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return lab.Errorf(lab.KindUnavailable, "%s can not be removed", path).WithCause(err)
		}
		return nil
	}, "Prototype.Remove", path)
}

// PrototypeSuite holds a lab.Prototype to its contract. lay makes a folder with
// the nodes and the disks of f, whose Name is all that is said of them, and gives
// where it is.
func PrototypeSuite(t *testing.T, lay func(t *testing.T, f lab.PrototypeFolder) (p lab.Prototype, dir string)) {
	f := lab.PrototypeFolder{
		Nodes: []lab.PrototypeNode{
			{ID: "a", Name: "web", OSType: "tiny", Overlay: "/overlays/node_a.qcow2", MemoryMiB: 256, VCPUs: 2},
			{ID: "b", Name: "gone", Overlay: "/overlays/node_b.qcow2"},
		},
		Images:   []lab.PrototypeDisk{{Name: "tiny.qcow2", Bytes: 3}},
		Overlays: []lab.PrototypeDisk{{Name: "node_a.qcow2", Bytes: 5}},
	}
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, p lab.Prototype, dir string)
	}{
		{"what lies there is told", prototypeReads},
		{"a folder that is not there is told", prototypeMissing},
		{"removing is final and can be repeated", prototypeRemoves},
		{"what is not in the folder is refused", prototypeRefuses},
		{"a cancelled call changes nothing", prototypeCancelled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, dir := lay(t, f)
			tt.run(t, p, dir)
		})
	}
}

func mustReadPrototype(t *testing.T, p lab.Prototype, dir string) lab.PrototypeFolder {
	t.Helper()
	f, err := p.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func prototypeReads(t *testing.T, p lab.Prototype, dir string) {
	f := mustReadPrototype(t, p, dir)
	if len(f.Nodes) != 2 || len(f.Images) != 1 || len(f.Overlays) != 1 || f.State == "" {
		t.Fatalf("got %+v, want two nodes, an image and an overlay", f)
	}
	a, b, overlay := f.Nodes[0], f.Nodes[1], f.Overlays[0]
	if a.ID != "a" || a.Name != "web" || a.OSType != "tiny" || a.MemoryMiB != 256 || a.VCPUs != 2 || a.Disk != overlay.Path || a.Problem != nil {
		t.Errorf("got %+v, want it as it was laid, on %s", a, overlay.Path)
	}
	if b.ID != "b" || b.Disk != "" {
		t.Errorf("got %+v, want it without a disk", b)
	}
	if overlay.Name != "node_a.qcow2" || overlay.Bytes != 5 || f.Images[0].Bytes != 3 {
		t.Errorf("got %+v and %+v, want 5 and 3 bytes", overlay, f.Images[0])
	}
	for _, path := range []string{f.State, overlay.Path, f.Images[0].Path} {
		if !strings.HasPrefix(path, f.Dir+"/") {
			t.Errorf("got %s, want it in %s", path, f.Dir)
		}
	}
}

func prototypeMissing(t *testing.T, p lab.Prototype, dir string) {
	_, err := p.Read(t.Context(), dir+"/none")
	mustBeKind(t, err, lab.KindNotFound)
}

func prototypeRemoves(t *testing.T, p lab.Prototype, dir string) {
	path := mustReadPrototype(t, p, dir).Nodes[0].Disk
	for range 2 {
		if err := p.Remove(t.Context(), dir, path); err != nil {
			t.Fatal(err)
		}
	}
	if f := mustReadPrototype(t, p, dir); len(f.Overlays) != 0 || f.Nodes[0].Disk != "" || len(f.Images) != 1 {
		t.Errorf("got %+v, want the overlay gone and all else there", f)
	}
}

func prototypeRefuses(t *testing.T, p lab.Prototype, dir string) {
	f := mustReadPrototype(t, p, dir)
	for _, path := range []string{"", f.Dir, f.State, "/etc/passwd", filepath.Dir(f.Dir) + "/other.qcow2", "overlays/node_a.qcow2"} {
		mustBeKind(t, p.Remove(t.Context(), dir, path), lab.KindInvalid)
	}
	if got := mustReadPrototype(t, p, dir); len(got.Overlays) != 1 || len(got.Images) != 1 {
		t.Errorf("got %+v, want all there", got)
	}
}

func prototypeCancelled(t *testing.T, p lab.Prototype, dir string) {
	path := mustReadPrototype(t, p, dir).Nodes[0].Disk
	_, err := p.Read(cancelled(t), dir)
	mustBeKind(t, err, lab.KindUnavailable)
	mustBeKind(t, p.Remove(cancelled(t), dir, path), lab.KindUnavailable)
	if f := mustReadPrototype(t, p, dir); len(f.Overlays) != 1 {
		t.Errorf("got %+v, want all there", f)
	}
}
