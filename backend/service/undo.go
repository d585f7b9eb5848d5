package service

import (
	"cmp"
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// UndoWipe brings back the overlay that the last wipe put aside, and keeps the
// present one for as long. An active node is forced off and started again; for
// that, UndoWipe returns with the node stopping.
func (s *Service) UndoWipe(ctx context.Context, node string) (lab.Node, error) {
	return s.change(ctx, node, "being given its old disk back", func(ctx context.Context, c *change) error {
		if err := cmp.Or(c.usable(), c.ownDisk()); err != nil {
			return err
		}
		back, ok := lastWiped(c.spec)
		if !ok {
			return lab.Errorf(lab.KindNotFound, "%s has no wipe to undo", c.spec.Name)
		}
		disk, err := c.undoable(ctx, back)
		if err != nil {
			return err
		}
		spec := c.spec
		spec.Generation = back.Generation
		spec.Kept = slices.DeleteFunc(slices.Clone(spec.Kept), func(k lab.KeptOverlay) bool { return k.Generation == back.Generation })
		spec.Kept = append(spec.Kept, lab.KeptOverlay{Generation: c.spec.Generation, At: now(), Reason: lab.KeptByUndo})
		return c.turn(ctx, spec, disk, lab.MomentUndone)
	})
}

// undoable gives the disk to go back to, if it is there and the node could
// start from it where it is to.
func (c *change) undoable(ctx context.Context, back lab.KeptOverlay) (lab.Disk, error) {
	v, err := c.s.measure(ctx, c.spec.OverlayVolume(back.Generation))
	switch {
	case lab.KindOf(err) == lab.KindNotFound:
		return lab.Disk{}, lab.Errorf(lab.KindNotFound, "the disk from before the last wipe of %s is gone from the pool", c.spec.Name)
	case err != nil:
		return lab.Disk{}, err
	case c.state.Active():
		err = c.s.checkImages(ctx, c.spec)
	}
	if err != nil {
		return lab.Disk{}, err
	}
	spec := c.spec
	spec.Generation = back.Generation
	return c.diskOf(ctx, spec, v)
}
