package service

import (
	"cmp"
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// Wipe gives a node a fresh overlay on its base, or a fresh empty disk where it
// was installed from a medium, and keeps the old one for
// UndoWipe. An active node is forced off and started again; for that, Wipe
// returns with the node stopping.
func (s *Service) Wipe(ctx context.Context, node string) (lab.Node, error) {
	return s.change(ctx, node, "being wiped", func(ctx context.Context, c *change) error {
		if err := cmp.Or(c.usable(), c.ownDisk()); err != nil {
			return err
		}
		if err := s.checkImages(ctx, c.spec); err != nil {
			return err
		}
		spec, at := c.spec, now()
		spec.Generation, spec.WipedAt = nextGeneration(spec), &at
		spec.Kept = append(slices.Clone(spec.Kept), lab.KeptOverlay{Generation: c.spec.Generation, At: at, Reason: lab.KeptByWipe})
		disk, err := c.fresh(ctx, &spec)
		if err != nil {
			return err
		}
		return c.turn(ctx, spec, disk, lab.MomentWiped)
	})
}

// nextGeneration is above that of every overlay the spec knows.
func nextGeneration(spec lab.NodeSpec) int {
	next := spec.Generation
	for _, k := range spec.Kept {
		next = max(next, k.Generation)
	}
	return next + 1
}

// fresh makes the overlay of a spec, under the next generation that is free: a
// crash may have left one behind, which is for the sweep to judge.
func (c *change) fresh(ctx context.Context, spec *lab.NodeSpec) (lab.Disk, error) {
	v, err := c.s.o.Pool.CreateOverlay(ctx, spec.OverlayVolume(spec.Generation), spec.Base, spec.DiskBytes)
	for lab.KindOf(err) == lab.KindExists {
		spec.Generation++
		v, err = c.s.o.Pool.CreateOverlay(ctx, spec.OverlayVolume(spec.Generation), spec.Base, spec.DiskBytes)
	}
	disk, err := c.standOn(ctx, *spec, v, err)
	if err != nil {
		c.abandon(ctx, *spec)
	}
	return disk, err
}

// standOn gives the disk on a new overlay, if that could be made.
func (c *change) standOn(ctx context.Context, spec lab.NodeSpec, overlay lab.Volume, err error) (lab.Disk, error) {
	if err != nil {
		return lab.Disk{}, err
	}
	c.made(overlay)
	return c.diskOf(ctx, spec, overlay)
}

// made notes the size of a new overlay.
func (c *change) made(v lab.Volume) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.volumes[v.Name] = v
}

// turn makes the node stand on another overlay, with a restart if it is active;
// kind is what its history tells of that.
func (c *change) turn(ctx context.Context, spec lab.NodeSpec, disk lab.Disk, kind lab.MomentKind) error {
	if !c.state.Active() {
		return c.flip(ctx, spec, disk, kind)
	}
	c.later(lab.Stopping, func(ctx context.Context) error {
		at := now()
		spec.StartedAt = &at
		if err := c.flip(ctx, spec, disk, kind); err != nil {
			return err
		}
		c.show(lab.Starting)
		return c.s.o.Hypervisor.Power(ctx, c.id, lab.PowerStart)
	})
	return nil
}

// flip is the moment of the wipe, and of its undoing: the node, off by then,
// stands on the other overlay. What crashed may still have a process.
func (c *change) flip(ctx context.Context, spec lab.NodeSpec, disk lab.Disk, kind lab.MomentKind) error {
	err := c.off(ctx)
	detail := c.putAside()
	if err == nil {
		err = c.put(ctx, spec, disk)
	}
	if err != nil {
		c.abandonUnused(ctx, spec)
		return err
	}
	c.tell(kind, detail)
	return nil
}

// abandonUnused deletes the overlay of a spec that did not come to be, unless
// it did after all, the old spec knew the overlay, or neither can be told: the
// next sweep can.
func (c *change) abandonUnused(ctx context.Context, spec lab.NodeSpec) {
	d, err := c.s.o.Hypervisor.Domain(ctx, c.id)
	if err == nil && d.Spec.Generation == c.spec.Generation && !refersTo(c.spec, spec.Generation) {
		c.abandon(ctx, spec)
	}
}

// abandon deletes the overlay of a spec, to which nothing refers. Where that fails
// the next sweep does it.
func (c *change) abandon(ctx context.Context, spec lab.NodeSpec) {
	if err := c.dropGeneration(ctx, spec, spec.Generation); err != nil {
		c.s.o.Log.Warn("an unused overlay stays until the next sweep", "volume", spec.OverlayVolume(spec.Generation), "error", err)
	}
}
