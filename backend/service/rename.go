package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Rename gives a node that is off another name.
func (s *Service) Rename(ctx context.Context, node, name string) (lab.Node, error) {
	if err := lab.CheckName(name); err != nil {
		return lab.Node{}, err
	}
	return s.change(ctx, node, "being renamed", func(ctx context.Context, c *change) error {
		if c.state.Active() {
			return lab.Errorf(lab.KindBusy, "%s is %s", c.spec.Name, c.state).WithHint("Stop it first: libvirt renames only what is off.")
		}
		if err := c.there(); err != nil {
			return err
		}
		s.mu.Lock()
		err := s.checkFree(name, c.id)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		return c.rename(ctx, name)
	})
}

func (c *change) rename(ctx context.Context, name string) error {
	if err := c.s.o.Hypervisor.Rename(ctx, c.id, name); err != nil {
		return err
	}
	spec := c.spec
	spec.Name = name
	err := c.save(ctx, spec)
	if err == nil {
		c.tell(lab.MomentRenamed, c.spec.Name+" to "+name)
		return nil
	}
	if back := c.s.o.Hypervisor.Rename(ctx, c.id, c.spec.Name); back != nil {
		c.s.o.Log.Warn("a domain could not be given its name back", "node", c.id, "error", back)
	}
	return err
}
