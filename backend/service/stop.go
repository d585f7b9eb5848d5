package service

import (
	"context"
	"time"

	"sandboxlabs/backend/lab"
)

// pressEvery is how often the power button is pressed: a guest that is still
// booting does not hear the first time.
const pressEvery = 5 * time.Second

// Stop asks the guest to power off, and forces the node off when its stop limit
// is over. It returns with the node stopping.
func (s *Service) Stop(ctx context.Context, node string) (lab.Node, error) {
	return s.change(ctx, node, "being stopped", func(_ context.Context, c *change) error {
		if err := c.in(lab.Running, lab.Paused); err != nil {
			return err
		}
		c.wait()
		c.later(lab.Stopping, c.stop)
		return nil
	})
}

// ForceOff ends the node like pulling its plug, also one that is being stopped.
// It returns with the node stopping.
func (s *Service) ForceOff(ctx context.Context, node string) (lab.Node, error) {
	if v, ok := s.hurry(node); ok {
		return v, nil
	}
	return s.change(ctx, node, "being forced off", func(_ context.Context, c *change) error {
		if err := c.in(lab.Running, lab.Paused, lab.Stopping, lab.Starting, lab.Failed); err != nil {
			return err
		}
		c.later(lab.Stopping, c.off)
		return nil
	})
}

// wait notes that the change waits for its guest, and can be told not to.
func (c *change) wait() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.waits = true
}

// hurry lets a stop under way wait no longer for the guest.
func (s *Service) hurry(node string) (v lab.Node, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(node)
	if n == nil {
		return v, false
	}
	c := s.changes[n.shown.ID]
	if c == nil || !c.waits {
		return v, false
	}
	ring(c.force)
	return *n.shown, true
}

// off forces the node off, if it is not, and measures what it has written.
func (c *change) off(ctx context.Context) error {
	if c.state != lab.Stopped {
		err := c.s.o.Hypervisor.Power(ctx, c.id, lab.PowerForceOff)
		if err != nil && lab.KindOf(err) != lab.KindNotFound {
			return err
		}
	}
	c.measure(ctx)
	return nil
}

// measure reads the size of the node's overlay. That it can not is no failure
// of the verb.
func (c *change) measure(ctx context.Context) {
	if _, err := c.s.measure(ctx, c.spec.OverlayVolume(c.spec.Generation)); err != nil {
		c.s.o.Log.Debug("an overlay could not be measured", "node", c.id, "error", err)
	}
}

// stop powers the node off by its guest, or without it when that takes too long.
func (c *change) stop(ctx context.Context) error {
	if err := c.wake(ctx); err != nil {
		return err
	}
	limit := time.NewTimer(c.spec.StopLimit(c.s.tuned().StopLimit))
	defer limit.Stop()
	press := time.NewTicker(pressEvery)
	defer press.Stop()
	for pressing := true; ; {
		off, err := c.press(ctx, pressing)
		if err != nil {
			return err
		}
		if off {
			c.measure(ctx)
			return nil
		}
		select {
		case <-c.hinted:
			pressing = false
		case <-press.C:
			pressing = true
		case <-limit.C:
			return c.off(ctx)
		case <-c.force:
			return c.off(ctx)
		case <-c.s.ctx.Done():
			return lab.Errorf(lab.KindUnavailable, "SandBoxLabs was closed while %s was stopping", c.spec.Name)
		}
	}
}

// wake lets a paused guest run: standing still, it would not hear the button.
func (c *change) wake(ctx context.Context) error {
	if c.state != lab.Paused {
		return nil
	}
	return c.s.o.Hypervisor.Power(ctx, c.id, lab.PowerResume)
}

// press reports whether the node is off, and otherwise presses the power button
// if it is to. While libvirt is away neither can be; that it comes back within
// the limit is worth waiting for.
func (c *change) press(ctx context.Context, pressing bool) (off bool, err error) {
	d, err := c.s.o.Hypervisor.Domain(ctx, c.id)
	if err == nil && d.State.Active() {
		if !pressing {
			return false, nil
		}
		err = c.s.o.Hypervisor.Power(ctx, c.id, lab.PowerShutdown)
	}
	switch lab.KindOf(err) {
	case "":
		return !d.State.Active(), nil
	case lab.KindNotFound:
		return true, nil
	case lab.KindUnavailable:
		return false, nil
	}
	return false, err
}
