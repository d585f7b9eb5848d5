package service

import (
	"context"
	"slices"

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
		if err := c.load(ctx, &spec, in.Medium); err != nil {
			return err
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

// load puts the image that is asked for into the drive of a spec; an empty name
// takes out what is in it. The image is in use from now on.
func (c *change) load(ctx context.Context, spec *lab.NodeSpec, name *string) error {
	if name == nil || *name == "" {
		replace(&spec.Medium, name)
		return nil
	}
	image, err := c.s.imageNamed(ctx, *name)
	if err != nil {
		return err
	}
	if image.Kind != lab.ImageMedium {
		return lab.Errorf(lab.KindInvalid, "image %s is a base, which does not go into a drive", image.Name).WithHint("Choose one that was made of an ISO.")
	}
	spec.Medium = image.Volume
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.takes = image.Volume
	return c.s.checkStays(image.Volume)
}

// checkStays refuses volumes of images that are just being removed or made anew.
// s.mu must be held.
func (s *Service) checkStays(volumes ...string) error {
	for name, i := range s.images {
		if i.record != nil && i.leaving() && slices.Contains(volumes, i.record.Volume) {
			return lab.Errorf(lab.KindBusy, "image %s is %s", name, i.busy()).WithHint("Choose another image, or wait.")
		}
	}
	return nil
}

// replace sets what is asked for.
func replace[T any](value, asked *T) {
	if asked != nil {
		*value = *asked
	}
}
