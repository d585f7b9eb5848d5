package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Start boots a node that is off. It returns with the node starting, when its
// disk and what that stands on have been found to be whole.
func (s *Service) Start(ctx context.Context, node string) (lab.Node, error) {
	return s.change(ctx, node, "being started", func(ctx context.Context, c *change) error {
		if err := c.in(lab.Stopped, lab.Failed); err != nil {
			return err
		}
		if err := c.usable(); err != nil {
			return err
		}
		if err := s.checkImages(ctx, c.spec); err != nil {
			return err
		}
		if err := c.checkDisk(ctx); err != nil {
			return err
		}
		c.later(lab.Starting, c.boot)
		return nil
	})
}

// boot starts the node and writes down when.
func (c *change) boot(ctx context.Context) error {
	if err := c.s.o.Hypervisor.Power(ctx, c.id, lab.PowerStart); err != nil {
		return err
	}
	at := now()
	spec := c.spec
	spec.StartedAt = &at
	return c.put(ctx, spec, lab.Disk{})
}

// started writes down that the node has been started just now.
func (c *change) started(ctx context.Context) error {
	at := now()
	spec := c.spec
	spec.StartedAt = &at
	return c.rewrite(ctx, spec)
}

// rewrite puts a spec and leaves the node's disk as it is: a snapshot may have
// made it another file, which holds what was written since.
func (c *change) rewrite(ctx context.Context, spec lab.NodeSpec) error {
	if c.domain == nil {
		return c.save(ctx, spec)
	}
	return c.put(ctx, spec, lab.Disk{})
}

// checkImages makes sure that the images a node uses are still what they were.
func (s *Service) checkImages(ctx context.Context, spec lab.NodeSpec) error {
	if spec.Base != "" {
		if _, err := s.checkBase(ctx, spec); err != nil {
			return err
		}
	}
	_, name, _, inserted := lab.ParseImageVolume(spec.Medium)
	if !inserted {
		return nil
	}
	image, err := s.checkImageOn(ctx, spec.Medium, name)
	why := "is not in the library"
	switch kind := lab.KindOf(err); {
	case err == nil && image.Volume == spec.Medium:
		return nil
	case kind == lab.KindUnavailable && image.Volume == spec.Medium:
		why = "is gone or was changed"
	case err != nil && kind != lab.KindNotFound:
		return err
	}
	return lab.Errorf(lab.KindUnavailable, "%s has the medium %s in its drive, which %s", spec.Name, spec.Medium, why).WithCause(err).
		WithHint("Take it out (sandboxlabs node set %s --eject), or add it again under the name %s.", spec.Name, name)
}

// checkBase makes sure that the image a node stands on is still what it was.
func (s *Service) checkBase(ctx context.Context, spec lab.NodeSpec) (lab.Image, error) {
	image, err := s.checkImageOn(ctx, spec.Base, spec.Image)
	switch {
	case lab.KindOf(err) == lab.KindNotFound:
		err = lab.Errorf(lab.KindUnavailable, "%s stands on image %s, which is not in the library", spec.Name, spec.Image).
			WithHint("Add the same image under the name %s again.", spec.Image)
	case err == nil && image.Volume != spec.Base:
		err = lab.Errorf(lab.KindUnavailable, "%s stands on another version of image %s than the library has", spec.Name, spec.Image).
			WithHint("Remove image %s and add the version of volume %s.", spec.Image, spec.Base)
	case err != nil && image.Volume == spec.Base:
		err = lab.Errorf(lab.KindOf(err), "%s stands on image %s, which can not be used", spec.Name, image.Name).WithCause(err).
			WithHint("%s On any other content the disk of %s would be damaged.", lab.ProblemOf(err).Hint, spec.Name)
	}
	return image, err
}

// checkImageOn checks the image that has a volume, which may have another name by
// now than it had when a node was made of it; another process may have given it.
func (s *Service) checkImageOn(ctx context.Context, volume, was string) (lab.Image, error) {
	image, err := s.o.Library.Check(ctx, s.nameOn(volume, was))
	if lab.KindOf(err) != lab.KindNotFound && image.Volume == volume {
		return image, err
	}
	if err := s.readImages(ctx); err != nil {
		return lab.Image{}, err
	}
	return s.o.Library.Check(ctx, s.nameOn(volume, was))
}

func (s *Service) nameOn(volume, was string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.imageOn(volume, was)
}

// checkDisk makes sure that the node's disk is there, and measures it on the way.
func (c *change) checkDisk(ctx context.Context) error {
	v, err := c.s.measure(ctx, c.spec.OverlayVolume(c.spec.Generation))
	if lab.KindOf(err) == lab.KindNotFound {
		return lab.Errorf(lab.KindUnavailable, "the disk of %s is gone from the pool", c.spec.Name).
			WithHint("Wipe the node to give it a fresh one.")
	}
	if err != nil {
		return err
	}
	_, err = c.diskOf(ctx, c.spec, v) // which sees to its seed
	return err
}
