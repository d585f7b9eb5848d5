package service

import (
	"cmp"
	"context"

	"sandboxlabs/backend/lab"
)

// publish begins to make a base image of a node's present disk. The node, which
// must be off, is reserved until that has ended.
func (s *Service) publish(ctx context.Context, in AddImageInput) (image lab.Image, err error) {
	_, err = s.change(ctx, in.Node, "being published", func(ctx context.Context, c *change) error {
		if c.state.Active() {
			return lab.Errorf(lab.KindBusy, "%s writes to its disk, which can not be published now", c.spec.Name).WithHint("Stop it first.")
		}
		if err := cmp.Or(c.in(lab.Stopped, lab.Failed), c.usable(), c.ownDisk()); err != nil {
			return err
		}
		add, err := c.asAddition(ctx, in)
		if err != nil {
			return err
		}
		var ended <-chan struct{}
		image, ended, err = s.beginAddition(add)
		c.rest = func(context.Context) error {
			<-ended
			return nil // how it went, the image tells
		}
		return err
	})
	return image, err
}

// asAddition says what is to be made of the node: its disk, whose image's
// defaults hold but for what the node itself says.
func (c *change) asAddition(ctx context.Context, in AddImageInput) (lab.Addition, error) {
	spec := c.spec
	add := lab.Addition{
		Name: cmp.Or(in.Name, spec.Name), Compress: in.Compress, Defaults: in.Defaults,
		Disk:   &lab.Chain{Overlay: spec.OverlayVolume(spec.Generation), Base: spec.Base},
		Origin: lab.Origin{Kind: lab.OriginNode, Of: spec.Name, Base: c.s.presentImage(spec)},
	}
	var defaults lab.Defaults
	if spec.Base != "" {
		base, err := c.s.checkBase(ctx, spec)
		if err != nil {
			return add, err
		}
		defaults = base.Defaults
	}
	defaults.VCPUs, defaults.MemoryMiB, defaults.Firmware, defaults.TPM = spec.VCPUs, spec.MemoryMiB, spec.Firmware, spec.TPM
	if in.Defaults == nil {
		add.Defaults = &defaults
	}
	return add, c.checkDisk(ctx)
}
