package service

import (
	"cmp"
	"context"

	"sandboxlabs/backend/lab"
)

// Clone makes a node like another, with a name, UUID and MAC of its own: from
// the same base, or with a copy of the other's disk, which must be off for that.
func (s *Service) Clone(ctx context.Context, node string, in CloneInput) (lab.Node, error) {
	if !in.CopyDisk {
		id, err := s.resolve(node, false)
		if err != nil {
			return lab.Node{}, err
		}
		return s.clone(ctx, s.specOf(id), in.Name, nil)
	}
	var made lab.Node
	_, err := s.change(ctx, node, "being copied", func(_ context.Context, c *change) (err error) {
		if c.state.Active() {
			return lab.Errorf(lab.KindBusy, "%s writes to its disk, which can not be copied now", c.spec.Name).
				WithHint("Stop it first, or clone it without its disk.")
		}
		if err := cmp.Or(c.in(lab.Stopped, lab.Failed), c.ownDisk()); err != nil {
			return err
		}
		defer s.remeasure(s.ctx)
		made, err = s.clone(ctx, c.spec, in.Name, func(ctx context.Context, name string) (lab.Volume, error) {
			return s.o.Pool.CopyOverlay(ctx, name, c.spec.OverlayVolume(c.spec.Generation))
		})
		return err
	})
	return made, err
}

// clone makes a node of another's spec, whose overlay is made by overlay, or is
// a fresh one without. Copying ends with ctx; the rest does not.
func (s *Service) clone(ctx context.Context, spec lab.NodeSpec, name string, overlay func(ctx context.Context, name string) (lab.Volume, error)) (lab.Node, error) {
	origin := "clone of " + spec.Name
	spec.Name, spec.Image = name, s.presentImage(spec)
	identify(&spec)
	spec.FirstBoot = ownName(spec.FirstBoot)
	if err := spec.Check(); err != nil {
		return lab.Node{}, err
	}
	if err := s.checkImages(ctx, spec); err != nil {
		return lab.Node{}, err
	}
	return s.make(ctx, spec, func(going context.Context, c *change) error {
		if overlay == nil {
			disk, err := c.fresh(going, &spec)
			if err != nil {
				return err
			}
			return c.settleIn(going, spec, disk, origin)
		}
		v, err := overlay(ctx, spec.OverlayVolume(spec.Generation))
		disk, err := c.standOn(going, spec, v, err)
		if err != nil {
			c.abandon(going, spec)
			return err
		}
		return c.settleIn(going, spec, disk, origin+", with its disk")
	})
}
