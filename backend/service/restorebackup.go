package service

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"

	"sandboxlabs/backend/archive"
	"sandboxlabs/backend/lab"
)

// RestoreBackup makes the nodes of a backup, and gives what came of it. Everything
// is read and compared with its checksums before anything of it can be seen; if
// one node can not be made then, those before it are taken back. Nothing that is
// here is replaced. progress, which may be nil, is told how far it is.
func (s *Service) RestoreBackup(ctx context.Context, in RestoreInput, from io.Reader, progress func(lab.Step)) (Archived, error) {
	r, err := archive.NewReader(cancelled{ctx, from})
	if err != nil {
		return Archived{}, err
	}
	defer r.Close()
	p := &restoring{s: s, in: in, manifest: &r.Manifest, images: map[string]lab.Image{}, added: map[string]string{}}
	if err := p.plan(ctx); err != nil {
		return Archived{}, err
	}
	reception, err := p.receive(ctx, r, progress)
	if err != nil {
		return Archived{}, err
	}
	if reception != nil {
		defer func() {
			if err := reception.Close(); err != nil {
				s.o.Log.Warn("what was received stays until the next sweep", "error", err)
			}
		}()
		if err := p.publish(ctx, reception); err != nil {
			return Archived{}, err
		}
		s.remeasure(ctx)
	}
	return p.told(), nil
}

// file is the name under which a member is received; empty: it is not wanted.
func (p *restoring) file(m archive.Member) string {
	if m.Image != "" {
		for volume := range p.added {
			if p.manifest.ImageAt(volume).SHA256 == m.Image {
				return m.Image
			}
		}
		return ""
	}
	if !slices.ContainsFunc(p.nodes, func(n *restored) bool { return n.was.Spec.ID == m.Node }) {
		return ""
	}
	if m.Variables {
		return m.Node + ".variables"
	}
	return m.Node + ".disk"
}

// receive reads the backup to its end and keeps what is wanted; nil if nothing is
// to be kept.
func (p *restoring) receive(ctx context.Context, r *archive.Reader, progress func(lab.Step)) (_ lab.Reception, err error) {
	var reception lab.Reception
	if !p.in.DryRun && len(p.nodes) > 0 {
		receiver, ok := p.s.o.Library.(lab.Receiver)
		if !ok {
			return nil, lab.Errorf(lab.KindUnavailable, "this library can not take the disks of nodes")
		}
		p.receiver = receiver
		if reception, err = receiver.Receive(ctx); err != nil {
			return nil, err
		}
		if err := p.mustFit(reception); err != nil {
			return nil, errors.Join(err, reception.Close())
		}
	}
	if err := p.take(ctx, r, reception, newTransfer(lab.StepVerifying, bytesOf(p.manifest.Members()), progress)); err != nil {
		if reception != nil {
			err = errors.Join(err, reception.Close())
		}
		return nil, err
	}
	return reception, nil
}

// mustFit refuses what there is no room for before it is read.
func (p *restoring) mustFit(reception lab.Reception) error {
	room, err := reception.Room()
	if err != nil {
		return err
	}
	var need int64
	for _, m := range p.manifest.Members() {
		if p.file(m) != "" {
			need += m.Allocated
		}
	}
	if need <= room {
		return nil
	}
	return lab.Errorf(lab.KindUnavailable, "there is no room for the nodes: they take %s, and %s are free on the pool's disk", lab.Size(need), lab.Size(max(room, 0))).
		WithHint("Make room there, or restore some of them with --node.")
}

// take reads all members. When it succeeds everything was whole.
func (p *restoring) take(ctx context.Context, r *archive.Reader, reception lab.Reception, t *transfer) error {
	var disks []string
	for {
		m, content, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return checkAll(ctx, reception, disks)
		case err != nil:
			return err
		}
		file := p.file(m)
		if reception == nil || file == "" {
			if _, err := io.Copy(io.Discard, t.of(content)); err != nil {
				return err
			}
			continue
		}
		if err := reception.Take(ctx, file, m.Bytes, t.of(content)); err != nil {
			return err
		}
		if m.Node != "" && !m.Variables {
			disks = append(disks, file)
		}
	}
}

func checkAll(ctx context.Context, reception lab.Reception, disks []string) error {
	for _, disk := range disks {
		if err := reception.Check(ctx, disk); err != nil {
			return lab.Errorf(lab.KindOf(err), "a disk in the backup can not be a node's").WithCause(err)
		}
	}
	return nil
}

// publish makes the images and the nodes, or none of them.
func (p *restoring) publish(ctx context.Context, reception lab.Reception) error {
	var added []string
	var err error
	for _, volume := range slices.Sorted(maps.Keys(p.added)) {
		if err = p.addImage(reception, volume); err != nil {
			break
		}
		added = append(added, p.added[volume])
	}
	for i := 0; err == nil && i < len(p.nodes); i++ {
		err = p.makeNode(ctx, reception, p.nodes[i])
	}
	if err != nil {
		p.takeBack(context.WithoutCancel(ctx), added)
	}
	return err
}

// addImage makes a received file an image, which is told of as any other's addition.
func (p *restoring) addImage(reception lab.Reception, volume string) error {
	image, name := p.manifest.ImageAt(volume), p.added[volume]
	add := lab.Addition{Name: name, Path: reception.Path(image.SHA256), Link: true, Origin: image.Origin, Defaults: &image.Defaults}
	_, ended, err := p.s.beginAddition(add)
	if err != nil {
		return err
	}
	<-ended
	p.images[volume], err = p.s.outcome(name)
	return err
}

// outcome is what has become of an addition that is over. One that was cancelled
// left nothing.
func (s *Service) outcome(name string) (lab.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch i := s.images[name]; {
	case i != nil && i.addition != nil && i.addition.err != nil:
		return lab.Image{}, i.addition.err
	case i == nil || i.addition != nil || i.record == nil:
		return lab.Image{}, lab.Errorf(lab.KindUnavailable, "the addition of image %s was given up", name)
	default:
		return *i.record, nil
	}
}

// makeNode makes a node of what was received.
func (p *restoring) makeNode(ctx context.Context, reception lab.Reception, n *restored) error {
	spec := &n.spec
	if base, ok := p.images[spec.Base]; ok {
		spec.Base, spec.Image = base.Volume, base.Name
	}
	if medium, ok := p.images[spec.Medium]; ok {
		if spec.Base == "" {
			spec.Image = medium.Name
		}
		spec.Medium = medium.Volume
	}
	_, err := p.s.make(ctx, *spec, func(ctx context.Context, c *change) error {
		if err := c.mustBeNew(ctx); err != nil {
			return err
		}
		v, err := c.placeDisk(ctx, reception, n)
		if err != nil {
			return err
		}
		disk, err := c.standOn(ctx, *spec, v, nil)
		if err != nil {
			c.abandon(ctx, *spec)
		} else {
			err = c.settleIn(ctx, *spec, disk, "from a backup of "+p.manifest.Made.Format("2006-01-02"))
		}
		if late := p.receiver.Settle(ctx, v.Name); late != nil {
			p.s.o.Log.Warn("that a disk was restored is still noted", "node", c.id, "error", late)
		}
		return err
	})
	if err == nil {
		p.made = append(p.made, spec.ID)
	}
	return err
}

// mustBeNew makes sure that nobody has made a node of that ID meanwhile: it would
// be given another disk.
func (c *change) mustBeNew(ctx context.Context) error {
	_, err := c.s.o.Hypervisor.Domain(ctx, c.id)
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	if err == nil {
		err = lab.Errorf(lab.KindExists, "a node with the UUID %s is here already", c.id)
	}
	return err
}

// placeDisk gives a node its disk, under the generation it had or the next that is
// free, and takes that into its spec.
func (c *change) placeDisk(ctx context.Context, reception lab.Reception, n *restored) (v lab.Volume, err error) {
	base := ""
	if n.spec.Base != "" {
		under, err := c.s.o.Pool.Volume(ctx, n.spec.Base)
		if err != nil {
			return v, err
		}
		base = under.Path
	}
	variables := ""
	if n.was.Variables != nil {
		variables = n.was.Spec.ID + ".variables"
	}
	for {
		v, err = reception.PlaceDisk(ctx, n.spec.OverlayVolume(n.spec.Generation), base, n.was.Spec.ID+".disk", variables)
		if lab.KindOf(err) != lab.KindExists {
			return v, err
		}
		n.spec.Generation++
	}
}

// takeBack removes what was made, but for what somebody has begun to use.
func (p *restoring) takeBack(ctx context.Context, images []string) {
	for _, id := range p.made {
		n, err := p.s.Show(ctx, id)
		if err == nil && !n.State.Active() {
			_, err = p.s.Delete(ctx, id, true)
		}
		if err != nil {
			p.s.o.Log.Warn("a node of a restore that failed stays", "node", id, "error", err)
		}
	}
	for _, name := range images {
		if err := p.s.RemoveImage(ctx, name); err != nil {
			p.s.o.Log.Warn("an image of a restore that failed stays", "image", name, "error", err)
		}
	}
}
