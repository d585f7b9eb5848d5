package service

import (
	"context"
	"errors"
	"slices"

	"sandboxlabs/backend/lab"
)

// migrationID is reserved by whoever brings nodes over: one at a time.
const migrationID = "b0c5b5b2-6d0f-4d0a-9c55-5f0e2a0c7f1d"

// Migrate begins to bring the nodes of a folder of the web prototype over, with
// their disks, UUIDs, names, memory, CPUs and times. It returns at once; how far
// it is, events tell. What can not come over is told and left out. It can be
// asked again after any failure: what is here already is left alone.
func (s *Service) Migrate(ctx context.Context, in MigrateInput) (lab.Migration, error) {
	unlock, err := s.o.Store.Lock(ctx, migrationID)
	if lab.KindOf(err) == lab.KindBusy {
		err = lab.Errorf(lab.KindBusy, "nodes of a web prototype are just coming over").WithHint("Wait until that is done, or cancel it.")
	}
	if err != nil {
		return lab.Migration{}, err
	}
	m, err := s.planMigration(ctx, in)
	if err == nil {
		err = errorOrNil(m.value.Problem)
	}
	if err == nil {
		err = m.start(unlock)
	}
	if err != nil {
		unlock()
		return lab.Migration{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return *m.shown, nil
}

// start sets it going; unlock is called when it is over.
func (m *migration) start(unlock func()) error {
	s := m.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return errClosing
	}
	life, cancel := context.WithCancel(s.ctx)
	m.cancel, s.moving, m.value.Status = cancel, m, lab.MigrationRunning
	m.show()
	s.work.Go(func() {
		defer cancel()
		defer unlock()
		m.run(life)
	})
	return nil
}

// run brings over the images, and after each the nodes that stand on it.
func (m *migration) run(life context.Context) {
	m.settle(life)
	for i := range m.value.Images {
		if life.Err() != nil {
			break
		}
		if !m.wanted(m.value.Images[i]) {
			continue
		}
		image, err := m.bringImage(life, i)
		for n, on := range m.on {
			if on == i && m.value.Nodes[n].Status == lab.MoveReady && life.Err() == nil {
				m.bringNode(life, n, image, err)
			}
		}
	}
	if life.Err() == nil && m.in.Move {
		m.removeImages(life)
	}
	m.end(life.Err() != nil)
}

// settle finishes with the nodes that are here since a run that was cut short: with
// Move, their disks may still be in the folder.
func (m *migration) settle(ctx context.Context) {
	unsettled, err := m.adopter.Unsettled(ctx)
	if err != nil {
		m.s.o.Log.Warn("what an earlier migration left could not be looked for", "error", err)
	}
	for n, node := range m.value.Nodes {
		spec := lab.NodeSpec{ID: node.ID}
		if node.Status == lab.MoveHere && slices.Contains(unsettled, spec.OverlayVolume(1)) {
			m.finish(ctx, n)
		}
	}
}

// bringImage makes an image here with the content of one of the folder: under the
// name of one that has it already, if there is such, or a free one.
func (m *migration) bringImage(life context.Context, i int) (image lab.Image, err error) {
	from := m.value.Images[i]
	m.begin(func(v *lab.Migration) { v.Images[i].Status = lab.MoveGoing })
	in := lab.Addition{Path: from.Path, Origin: lab.Origin{Kind: lab.OriginFile, Of: from.File}}
	in.Link, err = m.near(life, from.Path)
	if err == nil {
		image, err = m.addImage(life, in, from)
	}
	m.at(from.Bytes)
	m.change(func(v *lab.Migration) {
		v.Images[i].Status = lab.MoveDone
		switch {
		case life.Err() != nil:
			v.Images[i].Status = from.Status
		case err != nil:
			v.Images[i].Status, v.Images[i].Problem = lab.MoveFailed, lab.ProblemOf(err)
		default:
			v.Images[i].Name = image.Name
		}
	})
	return image, err
}

// addImage tries the names of images as large as this one, of which one may have
// its content, and then free ones.
func (m *migration) addImage(life context.Context, in lab.Addition, from lab.MigratedImage) (lab.Image, error) {
	library, err := m.s.o.Library.Images(life)
	if err != nil {
		return lab.Image{}, err
	}
	taken := func(name string) bool {
		return slices.ContainsFunc(library, func(o lab.Image) bool { return o.Name == name })
	}
	names := append(alike(library, from), lab.FreeName(lab.SuggestName(from.File), taken))
	var image lab.Image
	for _, in.Name = range names {
		image, err = m.s.o.Library.Add(life, in, func(v lab.Image) { m.at(int64(v.Progress * float64(from.Bytes))) })
		if lab.KindOf(err) != lab.KindExists {
			break
		}
	}
	if err != nil {
		return lab.Image{}, err
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.imageAt(image.Name).record = &image
	m.s.showImages()
	return image, nil
}

// bringNode makes a node on its image, if that is here.
func (m *migration) bringNode(life context.Context, n int, image lab.Image, err error) {
	node := m.value.Nodes[n]
	m.begin(func(v *lab.Migration) { v.Nodes[n].Status = lab.MoveGoing })
	if err != nil {
		err = lab.Errorf(lab.KindOf(err), "what %s stands on could not be brought over", node.Name).WithCause(err).WithHint("%s", lab.ProblemOf(err).Hint)
	} else {
		err = m.makeNode(life, n, image)
	}
	m.at(node.Bytes)
	m.change(func(v *lab.Migration) {
		to := &v.Nodes[n]
		switch {
		case err == nil:
			to.Status, to.Image = lab.MoveDone, image.Name
		case errors.Is(err, errHere):
			to.Status = lab.MoveHere
		case life.Err() != nil:
			to.Status = lab.MoveReady
		default:
			to.Status, to.Problem = lab.MoveFailed, lab.ProblemOf(err)
		}
	})
}

var errHere = lab.Errorf(lab.KindExists, "the node is here already")

// makeNode copies the disk and makes the node. Whenever the process dies, there
// is either the node, or a volume of which it is known that nobody misses it.
func (m *migration) makeNode(life context.Context, n int, image lab.Image) error {
	node, spec := m.value.Nodes[n], m.specs[n]
	spec.Image, spec.Base = image.Name, image.Volume
	if node.VirtualBytes > image.VirtualBytes && node.VirtualBytes >= lab.MinDiskBytes {
		spec.DiskBytes = node.VirtualBytes // a wipe gives a disk as large
	}
	if err := spec.Check(); err != nil {
		return err
	}
	_, err := m.s.make(life, spec, func(ctx context.Context, c *change) error {
		if err := c.read(ctx); err != nil {
			return err
		}
		if c.known {
			return errHere
		}
		adoption := lab.Adoption{Volume: spec.OverlayVolume(spec.Generation), Path: node.Path, Base: spec.Base}
		v, err := m.adopter.Adopt(life, adoption, m.at)
		if err != nil {
			return err
		}
		disk, err := c.standOn(ctx, spec, v, nil)
		if err != nil {
			return err
		}
		if err := c.settleIn(ctx, spec, disk, "from the web prototype"); err != nil {
			return err
		}
		m.finish(ctx, n)
		return nil
	})
	return err
}

// finish removes the disk of a node that is here where it came from, if it is to
// be moved. It is settled last: what could not be done is done by the next run.
func (m *migration) finish(ctx context.Context, n int) {
	node := m.value.Nodes[n]
	if m.in.Move && node.Path != "" {
		if err := m.s.o.Prototype.Remove(ctx, m.in.Dir, node.Path); err != nil {
			m.change(func(v *lab.Migration) { v.Nodes[n].Problem = lab.ProblemOf(err) })
			return
		}
	}
	spec := lab.NodeSpec{ID: node.ID}
	if err := m.adopter.Settle(ctx, spec.OverlayVolume(1)); err != nil {
		m.s.o.Log.Warn("that a disk was brought over is still noted", "node", node.ID, "error", err)
	}
}

// removeImages removes the images that came over, once no overlay is left that
// may stand on them.
func (m *migration) removeImages(ctx context.Context) {
	left, err := m.s.o.Prototype.Read(ctx, m.in.Dir)
	if err != nil {
		m.s.o.Log.Warn("the folder of the web prototype can not be read again", "error", err)
		return
	}
	if len(left.Overlays) > 0 {
		m.change(func(v *lab.Migration) {
			v.Notes = append(slices.Clone(v.Notes), imagesStay)
		})
		return
	}
	for i, image := range m.value.Images {
		if image.Status != lab.MoveDone {
			continue
		}
		if err := m.s.o.Prototype.Remove(ctx, m.in.Dir, image.Path); err != nil {
			m.change(func(v *lab.Migration) { v.Images[i].Problem = lab.ProblemOf(err) })
		}
	}
}

// end tells what came of it.
func (m *migration) end(cancelled bool) {
	m.change(func(v *lab.Migration) {
		v.Status = lab.MigrationDone
		missing := func(status lab.MoveStatus) bool { return status != lab.MoveDone && status != lab.MoveHere }
		if slices.ContainsFunc(v.Nodes, func(n lab.MigratedNode) bool { return missing(n.Status) }) ||
			slices.ContainsFunc(v.Images, func(i lab.MigratedImage) bool { return i.Status == lab.MoveFailed }) {
			v.Status = lab.MigrationFailed
		}
		if cancelled {
			v.Status = lab.MigrationCancelled
		}
	})
}
