package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Restore makes a deleted or missing node again from its spec, on the disk it
// had, or on a fresh one if that is gone.
func (s *Service) Restore(ctx context.Context, node string) (lab.Node, error) {
	id, err := s.resolve(node, true)
	if err != nil {
		return lab.Node{}, err
	}
	return s.changeID(ctx, id, "being restored", func(ctx context.Context, c *change) error {
		if c.domain != nil {
			return lab.Errorf(lab.KindBusy, "%s is there, nothing is to be restored", c.spec.Name)
		}
		spec := c.spec
		spec.DeletedAt = nil
		s.mu.Lock()
		err := s.checkFree(spec.Name, spec.ID)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if err := s.checkImages(ctx, spec); err != nil {
			return err
		}
		if err := c.restore(ctx, spec); err != nil {
			return err
		}
		c.tell(lab.MomentRestored, "")
		return nil
	})
}

func (c *change) restore(ctx context.Context, spec lab.NodeSpec) error {
	var disk lab.Disk
	v, err := c.s.measure(ctx, spec.OverlayVolume(spec.Generation))
	made := lab.KindOf(err) == lab.KindNotFound
	switch {
	case made:
		disk, err = c.fresh(ctx, &spec)
	case err == nil:
		disk, err = c.diskOf(ctx, spec, v)
	}
	if err != nil {
		return err
	}
	undone, err := c.define(ctx, spec, disk)
	if undone && made {
		c.abandon(ctx, spec)
	}
	return err
}

// define makes the domain of a node that has none, and saves the spec. After an
// error, undone says whether there is none again.
func (c *change) define(ctx context.Context, spec lab.NodeSpec, disk lab.Disk) (undone bool, err error) {
	err = c.s.o.Hypervisor.Define(ctx, spec, disk)
	if err == nil {
		err = c.save(ctx, spec)
	}
	if err == nil {
		c.spec = spec
		return false, nil
	}
	if back := c.s.o.Hypervisor.Undefine(ctx, c.id); back != nil {
		c.s.o.Log.Warn("a domain that was to be taken back stays", "node", c.id, "error", back)
		return false, err
	}
	return true, err
}
