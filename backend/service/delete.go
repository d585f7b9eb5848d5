package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Delete forces the node off and takes it from libvirt. Its spec and its disks
// stay, for Restore, as long as wiped disks do; purge leaves nothing, and may
// be asked of a deleted node too. It returns the node as it was last, off.
func (s *Service) Delete(ctx context.Context, node string, purge bool) (lab.Node, error) {
	id, err := s.resolve(node, purge)
	if err != nil {
		return lab.Node{}, err
	}
	var last lab.Node
	_, err = s.changeID(ctx, id, "being deleted", func(ctx context.Context, c *change) error {
		last = c.value()
		if err := c.remove(ctx, &last); err != nil {
			return err
		}
		if purge {
			return c.erase(ctx)
		}
		return nil
	})
	if err != nil {
		return lab.Node{}, err
	}
	return last, nil
}

// remove takes the node from libvirt once the store knows it as deleted. Until
// then the domain is there, and with it the node.
func (c *change) remove(ctx context.Context, last *lab.Node) error {
	if c.state.Active() {
		c.show(lab.Stopping)
	}
	if c.domain != nil {
		if err := c.off(ctx); err != nil {
			return err
		}
		c.tellOff()
	}
	spec, at := c.spec, now()
	spec.DeletedAt = &at
	if err := c.save(ctx, spec); err != nil {
		return err
	}
	if err := c.s.o.Hypervisor.Undefine(ctx, c.id); err != nil && !c.vanished(ctx) {
		if back := c.save(ctx, c.spec); back != nil {
			c.s.o.Log.Warn("a spec stays marked as deleted until the next reconciliation", "node", c.id, "error", back)
		}
		return err
	}
	if c.spec.DeletedAt == nil {
		c.tell(lab.MomentDeleted, "")
	}
	last.NodeSpec, last.State, last.VNC, last.Problem = told(spec), lab.Stopped, nil, nil
	return nil
}

// vanished reports whether the domain is gone, whatever else was said.
func (c *change) vanished(ctx context.Context) bool {
	_, err := c.s.o.Hypervisor.Domain(ctx, c.id)
	return lab.KindOf(err) == lab.KindNotFound
}
