package service

import (
	"cmp"
	"context"
	"path/filepath"
	"regexp"
	"slices"

	"sandboxlabs/backend/lab"
)

// PlanMigration tells what Migrate would do with a folder of the web prototype,
// and changes nothing.
func (s *Service) PlanMigration(ctx context.Context, in MigrateInput) (lab.Migration, error) {
	m, err := s.planMigration(ctx, in)
	if err != nil {
		return lab.Migration{}, err
	}
	return m.value, nil
}

// planMigration reads the folder and judges what is in it.
func (s *Service) planMigration(ctx context.Context, in MigrateInput) (*migration, error) {
	adopter, ok := s.o.Library.(lab.Adopter)
	if !ok || s.o.Prototype == nil {
		return nil, lab.Errorf(lab.KindUnavailable, "no nodes can come over from a web prototype here")
	}
	if err := s.reconcile(ctx); err != nil {
		return nil, err
	}
	folder, err := s.o.Prototype.Read(ctx, in.Dir)
	if err != nil {
		return nil, err
	}
	host, err := s.o.Hypervisor.Host(ctx)
	if err != nil {
		return nil, err
	}
	library, err := s.o.Library.Images(ctx)
	if err != nil {
		return nil, err
	}
	m := &migration{s: s, adopter: adopter, folder: folder, in: in, paths: make(map[string]int)}
	m.value = lab.Migration{
		Dir: folder.Dir, File: folder.State, Move: in.Move, Status: lab.MigrationPlanned,
		Images: []lab.MigratedImage{}, Nodes: []lab.MigratedNode{}, FreeBytes: host.PoolFree,
	}
	m.planImages(ctx, library)
	for _, n := range folder.Nodes {
		m.planNode(ctx, n, host)
	}
	m.note()
	return m, cmp.Or(lab.Cancelled(ctx), m.measure(ctx))
}

// planImages looks at each base once, by whatever names it is there.
func (m *migration) planImages(ctx context.Context, library []lab.Image) {
	for _, disk := range m.folder.Images {
		if _, known := m.paths[disk.Path]; known {
			continue
		}
		i := lab.MigratedImage{File: filepath.Base(disk.Path), Path: disk.Path, Bytes: disk.Bytes, Status: lab.MoveReady}
		virtual, err := m.checkImage(ctx, disk.Path)
		if err != nil {
			i.Status, i.Problem = lab.MoveWrong, lab.ProblemOf(err)
		}
		i.Name = lab.FreeName(lab.SuggestName(i.File), func(name string) bool {
			return slices.ContainsFunc(library, func(o lab.Image) bool { return o.Name == name }) ||
				slices.ContainsFunc(m.value.Images, func(o lab.MigratedImage) bool { return o.Name == name })
		})
		i.VirtualBytes = virtual
		if same := alike(library, i); i.Status == lab.MoveReady && len(same) > 0 {
			i.Name, i.Status = same[0], lab.MoveHere
		}
		m.paths[disk.Path] = len(m.value.Images)
		m.value.Images = append(m.value.Images, i)
	}
}

// alike names the bases of the library that are as large as one: which has the
// same content only a checksum tells.
func alike(library []lab.Image, as lab.MigratedImage) (names []string) {
	for _, i := range library {
		if i.Kind == lab.ImageBase && i.State == lab.ImageReady && i.Bytes == as.Bytes && i.VirtualBytes == as.VirtualBytes {
			names = append(names, i.Name)
		}
	}
	return names
}

// checkImage refuses what would not be the same base here, byte by byte.
func (m *migration) checkImage(ctx context.Context, path string) (virtualBytes int64, err error) {
	p, err := m.s.o.Library.Probe(ctx, path)
	if err == nil && (p.Kind != lab.ImageBase || p.Format != "qcow2") {
		err = lab.Errorf(lab.KindInvalid, "%s is %s, not qcow2, and would be another file once it is converted", path, p.Format).
			WithHint("Add it as an image of its own: sandboxlabs image add.")
	}
	return p.VirtualBytes, err
}

// planNode judges a node.
func (m *migration) planNode(ctx context.Context, n lab.PrototypeNode, host lab.Host) {
	node := lab.MigratedNode{ID: lab.PrototypeID(n.ID), Path: n.Disk, Status: lab.MoveReady}
	node.Name = lab.FitName(n.Name, "node-"+node.ID[:8])
	spec, on, err := lab.NodeSpec{}, -1, errorOrNil(n.Problem)
	if here, ok := m.here(node.ID); ok && err == nil {
		node.Name, node.Status, node.Notes = here, lab.MoveHere, nil
	} else if err == nil {
		on, err = m.inspect(ctx, &node, n)
		node.Name = lab.FreeName(node.Name, m.taken)
		spec = m.specFor(&node, n, host)
	}
	if err != nil {
		node.Status, node.Problem, node.Notes = lab.MoveWrong, lab.ProblemOf(err), nil
	}
	m.value.Nodes, m.specs, m.on = append(m.value.Nodes, node), append(m.specs, spec), append(m.on, on)
}

func errorOrNil(p *lab.Problem) error {
	if p == nil {
		return nil
	}
	return errorOf(p)
}

// here gives the name of a node that is here already, be it deleted.
func (m *migration) here(id string) (name string, ok bool) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	n := m.s.nodes[id]
	if n == nil || n.domain == nil && n.stored == nil {
		return "", false
	}
	return n.spec().Name, true
}

// taken reports whether a node has a name, here or in the plan.
func (m *migration) taken(name string) bool {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	return m.s.checkFree(name, "") != nil || slices.ContainsFunc(m.value.Nodes, func(n lab.MigratedNode) bool { return n.Name == name })
}

// inspect looks at the disk of a node, and finds the image that it stands on.
func (m *migration) inspect(ctx context.Context, node *lab.MigratedNode, n lab.PrototypeNode) (on int, err error) {
	for _, other := range m.value.Nodes {
		switch {
		case other.ID == node.ID:
			return -1, lab.Errorf(lab.KindInvalid, "the state has two nodes with the ID %s", node.ID).WithHint("Take one of them out of the file.")
		case other.Path == node.Path && node.Path != "":
			return -1, lab.Errorf(lab.KindInvalid, "%s has the same disk as %s", node.Name, other.Name).WithHint("Take one of them out of the file.")
		}
	}
	if node.Path == "" {
		return -1, lab.Errorf(lab.KindNotFound, "the disk of %s, %s, is not in overlays of %s", node.Name, cmp.Or(filepath.Base(n.Overlay), n.ID), m.folder.Dir).
			WithHint("Put it there, as a file that you may read, or leave the node behind.")
	}
	disk, err := m.adopter.Inspect(ctx, node.Path)
	if err != nil {
		return -1, err
	}
	node.Bytes, node.VirtualBytes = disk.Bytes, disk.VirtualBytes
	if on, err = m.imageUnder(node.Path, disk); err != nil {
		return -1, err
	}
	image := m.value.Images[on]
	node.Image = image.Name
	if image.Problem != nil {
		return -1, lab.Errorf(image.Problem.Kind, "%s stands on %s, which can not come over", node.Name, image.File).WithCause(errorOf(image.Problem)).WithHint("%s", image.Problem.Hint)
	}
	return on, nil
}

// protocol is what QEMU takes for one in the name of a file: a colon before any slash.
var protocol = regexp.MustCompile(`^[^/]*:`)

// imageUnder finds the image that an overlay stands on: the one at the path that
// the overlay has, or, since the prototype's folder was elsewhere in its container
// and may have been moved, the one of that name.
func (m *migration) imageUnder(overlay string, disk lab.DiskFile) (on int, err error) {
	backing := disk.Backing
	switch {
	case backing == "":
		return -1, lab.Errorf(lab.KindInvalid, "%s stands on no image", overlay).WithHint("Make an image of it (sandboxlabs image add), and a node of that.")
	case disk.BackingFormat != "" && disk.BackingFormat != "qcow2":
		return -1, lab.Errorf(lab.KindInvalid, "%s takes what it stands on, %s, for %s", overlay, backing, disk.BackingFormat).WithHint("Make a whole disk of it with qemu-img convert, and add that as an image.")
	}
	if !filepath.IsAbs(backing) {
		backing = filepath.Join(filepath.Dir(overlay), backing)
	}
	if i, ok := m.paths[filepath.Clean(backing)]; ok {
		return i, nil
	}
	named := map[int]bool{}
	for _, d := range m.folder.Images {
		if d.Name == filepath.Base(backing) && !protocol.MatchString(disk.Backing) {
			on = m.paths[d.Path]
			named[on] = true
		}
	}
	switch len(named) {
	case 1:
		return on, nil
	case 0:
		return -1, lab.Errorf(lab.KindInvalid, "%s stands on %s, which is none of the images of %s", overlay, disk.Backing, m.folder.Dir).
			WithHint("Put that file into images, under its name.")
	}
	return -1, lab.Errorf(lab.KindInvalid, "%s stands on %s, and more than one of the images of %s has that name", overlay, disk.Backing, m.folder.Dir).
		WithHint("Move all but the right one out of images.")
}

// measure sums up what is to be read, and the room that it takes. What is moved
// on one file system takes none but for the overlay that is just being copied.
func (m *migration) measure(ctx context.Context) error {
	v, largest := &m.value, int64(0)
	for _, i := range v.Images {
		near, err := m.near(ctx, i.Path)
		switch {
		case err != nil:
			return err
		case i.Status == lab.MoveReady && !near:
			v.NeedBytes += i.Bytes
		}
		if m.wanted(i) {
			v.Bytes += i.Bytes
		}
	}
	for _, n := range v.Nodes {
		if n.Status != lab.MoveReady {
			continue
		}
		near, err := m.near(ctx, n.Path)
		switch {
		case err != nil:
			return err
		case near:
			largest = max(largest, n.Bytes)
		default:
			v.NeedBytes += n.Bytes
		}
		v.Bytes += n.Bytes
	}
	v.NeedBytes += largest
	if v.NeedBytes > v.FreeBytes {
		v.Problem = lab.ProblemOf(lab.Errorf(lab.KindUnavailable, "there is no room for it: it takes %s, and %s are free on the disk of the pool", lab.Size(v.NeedBytes), lab.Size(v.FreeBytes)).
			WithHint("Make room there, or take what is not needed out of the folder."))
	}
	return nil
}

// near reports whether a file is to be moved within one file system.
func (m *migration) near(ctx context.Context, path string) (bool, error) {
	if !m.in.Move {
		return false, nil
	}
	return m.adopter.Near(ctx, path)
}

// wanted reports whether an image is to be read: one that is here already only
// if a node is to stand on it, or it is to be removed where it is.
func (m *migration) wanted(i lab.MigratedImage) bool {
	switch i.Status {
	case lab.MoveReady:
		return true
	case lab.MoveHere:
		return m.in.Move || slices.ContainsFunc(m.value.Nodes, func(n lab.MigratedNode) bool { return n.Status == lab.MoveReady && n.Image == i.Name })
	}
	return false
}
