// Package prototype reads the folders of the web prototype, the program before
// this one: an Express server that ran QEMU by itself.
//
// It kept the nodes in nodes-state.json, which lay beside its server, in backend/,
// and later in a folder that outlived its container, state/ or data/; their disks in
// overlays/node_<id>.qcow2, and what these stand on in images/. Any of these is
// looked for in the folder that is given and in its backend/. The paths in the state
// are those of the program, often of its container, so that it is the files' names that count.
package prototype

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

const (
	stateFile = "nodes-state.json"
	maxBytes  = 16 << 20 // far above any state
	extension = ".qcow2"
)

// Where things may lie, below the folder.
var (
	statePlaces   = []string{".", "backend", "state", "data", "backend/state", "backend/data"}
	overlayPlaces = []string{"overlays", "backend/overlays"}
	imagePlaces   = []string{"images", "images/custom", "backend/images", "backend/images/custom"}
)

// Reader is a lab.Prototype.
type Reader struct{}

var _ lab.Prototype = Reader{}

// folder is one that is being looked at. What leads out of it is not there.
type folder struct {
	*os.Root
	dir string // absolute, without links
}

func open(ctx context.Context, dir string) (*folder, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	if !filepath.IsAbs(dir) {
		return nil, lab.Errorf(lab.KindInvalid, "%q is not an absolute path", dir).WithHint("Give the whole path of the prototype's folder.")
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, explain(err, dir)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, explain(err, dir)
	}
	return &folder{root, real}, nil
}

func explain(err error, dir string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lab.Errorf(lab.KindNotFound, "there is no folder %s", dir).WithHint("See whether the path is right.")
	case errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "you may not read %s", dir).WithHint("Make it readable for you, or do this as its owner.")
	}
	return lab.Errorf(lab.KindInvalid, "%s can not be read as a folder", dir).WithHint("Give the folder that has nodes-state.json, overlays and images, or its backend, in it.").WithCause(err)
}

// Read implements lab.Prototype.
func (Reader) Read(ctx context.Context, dir string) (lab.PrototypeFolder, error) {
	f, err := open(ctx, dir)
	if err != nil {
		return lab.PrototypeFolder{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	found := lab.PrototypeFolder{Dir: f.dir, Images: f.disks(imagePlaces), Overlays: f.disks(overlayPlaces)}
	states := f.states()
	if len(states) == 0 {
		return found, lab.Errorf(lab.KindNotFound, "there is no %s in %s", stateFile, dir).
			WithHint("Give the folder of the web prototype: the one that has %s, or its backend or state folder, in it.", stateFile)
	}
	found.State, found.Older = f.path(states[0]), f.paths(states[1:])
	content, err := f.read(states[0])
	if err == nil {
		found.Nodes, err = parse(content)
	}
	if err != nil {
		return found, lab.Errorf(lab.KindInvalid, "%s can not be understood", found.State).WithCause(err).
			WithHint("See whether it is whole: the web prototype must be able to read it too.")
	}
	for i := range found.Nodes {
		found.Nodes[i].Disk = f.overlayOf(found.Nodes[i], found.Overlays)
	}
	return found, nil
}

func (f *folder) path(within string) string { return filepath.Join(f.dir, filepath.FromSlash(within)) }

func (f *folder) paths(within []string) (all []string) {
	for _, w := range within {
		all = append(all, f.path(w))
	}
	return all
}

// states gives the files with nodes, the newest first: an older one was left
// where the program used to look.
func (f *folder) states() (found []string) {
	times := map[string]int64{}
	for _, place := range statePlaces {
		name := path.Join(place, stateFile)
		info, err := f.Stat(name)
		if err == nil && info.Mode().IsRegular() {
			found, times[name] = append(found, name), info.ModTime().UnixNano()
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(times[b], times[a]) })
	return found
}

func (f *folder) read(name string) ([]byte, error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err == nil && len(content) > maxBytes {
		err = errors.New("it is far too large")
	}
	return content, err
}

// disks gives the disks of some places, without those that can not be looked at.
func (f *folder) disks(places []string) (found []lab.PrototypeDisk) {
	for _, place := range places {
		entries, err := fs.ReadDir(f.FS(), place)
		if err != nil {
			continue // it is not there, or leads out of the folder
		}
		for _, e := range entries {
			if !strings.EqualFold(path.Ext(e.Name()), extension) {
				continue
			}
			if disk, ok := f.disk(path.Join(place, e.Name())); ok {
				found = append(found, disk)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b lab.PrototypeDisk) int { return strings.Compare(a.Path, b.Path) })
	return found
}

// disk gives a file of the folder; a link's path is that of what it leads to.
func (f *folder) disk(name string) (lab.PrototypeDisk, bool) {
	info, err := f.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return lab.PrototypeDisk{}, false
	}
	real, err := filepath.EvalSymlinks(f.path(name))
	if err != nil || !f.has(real) {
		return lab.PrototypeDisk{}, false
	}
	return lab.PrototypeDisk{Name: path.Base(name), Path: real, Bytes: info.Size()}, true
}

// has reports whether a path without links is within the folder.
func (f *folder) has(real string) bool {
	within, err := filepath.Rel(f.dir, real)
	return err == nil && filepath.IsLocal(within) && within != "."
}

// overlayOf finds the disk of a node by the name that the state has for its file,
// or by the node's ID; empty if it is not there.
func (f *folder) overlayOf(n lab.PrototypeNode, overlays []lab.PrototypeDisk) string {
	if n.Problem != nil {
		return ""
	}
	for _, name := range []string{path.Base(n.Overlay), "node_" + n.ID + extension, n.ID + extension} {
		for _, disk := range overlays {
			if disk.Name == name {
				return disk.Path
			}
		}
	}
	return ""
}

// Remove implements lab.Prototype.
func (Reader) Remove(ctx context.Context, dir, disk string) error {
	f, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	within, err := filepath.Rel(f.dir, disk)
	if err != nil || !f.has(disk) || !strings.EqualFold(filepath.Ext(disk), extension) {
		return lab.Errorf(lab.KindInvalid, "%s is no disk in %s", disk, dir).WithCause(err)
	}
	switch err := f.Remove(within); {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "you may not remove %s", disk).WithHint("Remove it yourself: what was in it is here.").WithCause(err)
	default:
		return lab.Errorf(lab.KindInvalid, "%s can not be removed", disk).WithHint("Remove it yourself: what was in it is here.").WithCause(err)
	}
}
