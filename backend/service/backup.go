package service

import (
	"cmp"
	"context"
	"errors"
	"io"

	"sandboxlabs/backend/archive"
	"sandboxlabs/backend/lab"
)

// Backup writes nodes with their disks into one stream, and gives what is in it
// when it is whole: what was written before an error is no backup. progress, which
// may be nil, is told how far it is.
//
// All nodes are reserved before the first is read, so that the backup is of one
// lab; each is given free when it has been written. The disk of one that runs is
// copied first, to the same pool, and the copy is written: lab.Copier tells how.
// Of disks that wait to be undone, of TPMs and of what is in memory nothing is kept.
func (s *Service) Backup(ctx context.Context, in BackupInput, to io.Writer, progress func(lab.Step)) (Archived, error) {
	b := &backup{s: s}
	defer b.close(ctx)
	err := b.hold(ctx, in.Nodes)
	for i := 0; err == nil && i < len(b.nodes); i++ {
		err = b.nodes[i].open(ctx)
	}
	if err != nil {
		return Archived{}, err
	}
	m := archive.Manifest{Program: s.o.Version, Made: now()}
	for _, n := range b.nodes {
		m.Nodes = append(m.Nodes, n.entry)
	}
	if m.Images, err = b.images(ctx, in.Bases); err != nil {
		return Archived{}, err
	}
	if err := b.write(ctx, m, to, progress); err != nil {
		return Archived{}, err
	}
	return archived(&m), nil
}

// archived tells what is in a backup.
func archived(m *archive.Manifest) Archived {
	a := Archived{Made: m.Made, Program: m.Program, Nodes: []ArchivedNode{}, Images: []ArchivedImage{}}
	for _, n := range m.Nodes {
		a.Nodes = append(a.Nodes, ArchivedNode{
			ID: n.Spec.ID, Name: n.Spec.Name, Image: n.Spec.Image, Bytes: n.Disk.Bytes, Running: n.Running, Frozen: n.Frozen,
		})
	}
	for _, i := range m.Images {
		told := ArchivedImage{Name: i.Name, SHA256: i.SHA256}
		if i.File != nil {
			told.Bytes, told.Included = i.File.Bytes, true
		}
		a.Images = append(a.Images, told)
	}
	return a
}

// backup is one Backup under way.
type backup struct {
	s     *Service
	nodes []*backedUp
}

// backedUp is one node of it.
type backedUp struct {
	*change
	entry archive.Node
	disk  lab.Volume // that is written: its overlay, or the copy of that
	copy  string     // volume of that copy; empty: there is none
}

// hold reserves the nodes.
func (b *backup) hold(ctx context.Context, nodes []string) error {
	if len(nodes) == 0 {
		all, err := b.s.List(ctx)
		if err != nil {
			return err
		}
		for _, n := range all {
			nodes = append(nodes, n.ID)
		}
	}
	if len(nodes) == 0 {
		return lab.Errorf(lab.KindNotFound, "there is no node to be backed up")
	}
	for _, ref := range b.s.distinct(nodes) {
		id, err := b.s.resolve(ref, false)
		if err != nil {
			return err
		}
		n := &backedUp{change: b.s.newChange(id, "being backed up")}
		b.nodes = append(b.nodes, n)
		if err := n.begin(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close gives free what is held yet, and removes the copies.
func (b *backup) close(ctx context.Context) {
	for _, n := range b.nodes {
		defer n.close(context.WithoutCancel(ctx))
	}
}

func (n *backedUp) close(ctx context.Context) {
	defer n.release()
	if n.copy == "" {
		return
	}
	if err := n.drop(ctx, n.copy); err != nil {
		n.s.o.Log.Warn("the copy of a disk stays until the next sweep", "volume", n.copy, "error", err)
	}
	n.copy = ""
}

// open finds the node's files, which stay as they are from then on.
func (n *backedUp) open(ctx context.Context) error {
	if !n.known {
		return unknown(n.id)
	}
	err := cmp.Or(n.usable(), n.ownDisk(), n.s.checkImages(ctx, n.spec))
	if err == nil {
		err = n.checkDisk(ctx)
	}
	if err == nil && n.state.Active() {
		err = n.copyDisk(ctx)
	}
	if err == nil && n.copy == "" {
		n.disk, err = n.s.o.Pool.Volume(ctx, n.spec.OverlayVolume(n.spec.Generation))
	}
	if err != nil {
		return err
	}
	n.entry.Spec, n.entry.Disk = n.spec, fileOf(n.disk)
	n.entry.Spec.Kept = nil
	return n.findVariables(ctx)
}

func fileOf(v lab.Volume) archive.File { return archive.File{Bytes: v.FileBytes, Allocated: v.Bytes} }

// copyDisk copies the disk of a node that runs. One that stopped meanwhile needs no copy.
func (n *backedUp) copyDisk(ctx context.Context) error {
	copier, ok := n.s.o.Hypervisor.(lab.Copier)
	if !ok {
		return lab.Errorf(lab.KindUnavailable, "the disk of %s can not be copied while it runs", n.spec.Name).WithHint("Stop it first.")
	}
	generation := nextGeneration(n.spec)
	frozen, err := copier.CopyDisk(ctx, n.id, n.spec.OverlayVolume(generation))
	for lab.KindOf(err) == lab.KindExists { // a crash may have left one, which is for the sweep to judge
		generation++
		frozen, err = copier.CopyDisk(ctx, n.id, n.spec.OverlayVolume(generation))
	}
	if lab.KindOf(err) == lab.KindBusy {
		if lookErr := n.read(ctx); lookErr == nil && !n.state.Active() {
			return nil
		}
	}
	if err != nil {
		return err
	}
	n.copy = n.spec.OverlayVolume(generation)
	n.entry.Running, n.entry.Frozen = true, frozen
	n.disk, err = n.s.o.Pool.Volume(ctx, n.copy)
	return err
}

// findVariables looks for those of the node's UEFI.
func (n *backedUp) findVariables(ctx context.Context) error {
	v, err := n.s.o.Pool.Volume(ctx, n.spec.VariablesVolume(n.spec.Generation))
	switch lab.KindOf(err) {
	case lab.KindNotFound:
		return nil
	case "":
		f := fileOf(v)
		n.entry.Variables = &f
	}
	return err
}

// images tells what the nodes stand on and have in their drives.
func (b *backup) images(ctx context.Context, whole bool) (all []archive.Image, err error) {
	seen := map[string]bool{"": true}
	for _, n := range b.nodes {
		for _, volume := range []string{n.spec.Base, n.spec.Medium} {
			if seen[volume] {
				continue
			}
			seen[volume] = true
			image, err := b.s.imageOfVolume(volume)
			if err != nil {
				return nil, err
			}
			if whole {
				v, err := b.s.o.Pool.Volume(ctx, volume)
				if err != nil {
					return nil, err
				}
				f := fileOf(v)
				image.File = &f
			}
			all = append(all, image)
		}
	}
	return all, nil
}

// imageOfVolume tells of an image what its nodes need to know elsewhere.
func (s *Service) imageOfVolume(volume string) (archive.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.images {
		if r := i.record; r != nil && r.Volume == volume {
			return archive.Image{
				Name: r.Name, Kind: r.Kind, Volume: r.Volume, SHA256: r.SHA256, VirtualBytes: r.VirtualBytes, Defaults: r.Defaults, Origin: r.Origin,
			}, nil
		}
	}
	return archive.Image{}, lab.Errorf(lab.KindUnavailable, "no image in the library has the volume %s", volume)
}

// write writes everything, and gives each node free when it is written.
func (b *backup) write(ctx context.Context, m archive.Manifest, to io.Writer, progress func(lab.Step)) error {
	w, err := archive.NewWriter(to, m)
	if err != nil {
		return err
	}
	members := m.Members()
	t := newTransfer(lab.StepCopying, bytesOf(members), progress)
	for i, member := range members {
		if err := b.add(ctx, w, t, &m, member); err != nil {
			return err
		}
		if i+1 < len(members) && members[i+1].Node == member.Node {
			continue
		}
		if n := b.node(member.Node); n != nil {
			if err := n.unchanged(ctx); err != nil {
				return err
			}
			n.close(ctx)
		}
	}
	return w.Close()
}

func bytesOf(members []archive.Member) (total int64) {
	for _, m := range members {
		total += m.Bytes
	}
	return total
}

func (b *backup) node(id string) *backedUp {
	for _, n := range b.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

// add writes one file.
func (b *backup) add(ctx context.Context, w *archive.Writer, t *transfer, m *archive.Manifest, member archive.Member) error {
	content, err := b.s.o.Pool.Download(ctx, b.volume(m, member))
	if err != nil {
		return err
	}
	return errors.Join(w.Add(t.of(cancelled{ctx, content})), content.Close())
}

// volume is the one that has the content of a member.
func (b *backup) volume(m *archive.Manifest, member archive.Member) string {
	if member.Image != "" {
		for _, i := range m.Images {
			if i.SHA256 == member.Image {
				return i.Volume
			}
		}
	}
	n := b.node(member.Node)
	if member.Variables {
		return n.spec.VariablesVolume(n.spec.Generation)
	}
	return n.disk.Name
}

// unchanged makes sure that nobody wrote to the node's disk while it was read:
// virsh asks nobody before it starts a node.
func (n *backedUp) unchanged(ctx context.Context) error {
	v, err := n.s.o.Pool.Volume(ctx, n.disk.Name)
	if err == nil && (!v.ModTime.Equal(n.disk.ModTime) || v.FileBytes != n.disk.FileBytes) {
		err = lab.Errorf(lab.KindBusy, "the disk of %s was written to while it was read", n.spec.Name).WithHint("Another program has started it: make the backup again.")
	}
	return err
}

// cancelled ends with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := lab.Cancelled(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
