package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Reboot restarts the guest of a running node; when, is up to the guest.
func (s *Service) Reboot(ctx context.Context, node string) (lab.Node, error) {
	return s.power(ctx, node, "being rebooted", lab.PowerReboot, lab.Running)
}

// Pause makes the vCPUs of a running node stand still.
func (s *Service) Pause(ctx context.Context, node string) (lab.Node, error) {
	return s.power(ctx, node, "being paused", lab.PowerPause, lab.Running)
}

// Resume lets a paused node run.
func (s *Service) Resume(ctx context.Context, node string) (lab.Node, error) {
	return s.power(ctx, node, "being resumed", lab.PowerResume, lab.Paused)
}

// power does what takes but a moment, in the one state it is for.
func (s *Service) power(ctx context.Context, node, doing string, action lab.PowerAction, in lab.State) (lab.Node, error) {
	return s.change(ctx, node, doing, func(ctx context.Context, c *change) error {
		if err := c.in(in); err != nil {
			return err
		}
		return s.o.Hypervisor.Power(ctx, c.id, action)
	})
}
