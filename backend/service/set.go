package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Set changes a node's resources and notes. What can not change while it runs
// takes effect at its next start.
func (s *Service) Set(ctx context.Context, node string, in SetInput) (lab.Node, error) {
	return s.change(ctx, node, "being changed", func(ctx context.Context, c *change) error {
		if err := c.there(); err != nil {
			return err
		}
		spec := c.spec
		replace(&spec.VCPUs, in.VCPUs)
		replace(&spec.MemoryMiB, in.MemoryMiB)
		replace(&spec.StopSeconds, in.StopSeconds)
		replace(&spec.Notes, in.Notes)
		replace(&spec.Keymap, in.Keymap)
		replace(&spec.Clipboard, in.Clipboard)
		if in.Guacamole != nil {
			spec.Guacamole = in.Guacamole
		}
		if err := spec.Check(); err != nil {
			return err
		}
		if err := s.checkHost(ctx, spec); err != nil {
			return err
		}
		what := differences(c.spec, spec)
		if err := c.rewrite(ctx, spec); err != nil {
			return err
		}
		if what != "" {
			c.tell(lab.MomentChanged, what)
		}
		return nil
	})
}

// replace sets what is asked for.
func replace[T any](value, asked *T) {
	if asked != nil {
		*value = *asked
	}
}
