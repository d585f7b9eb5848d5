package service

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// Create makes a node from a base image. With Start it returns with the node
// starting.
func (s *Service) Create(ctx context.Context, in CreateInput) (lab.Node, error) {
	spec := s.newSpec(in)
	if err := s.checkNew(ctx, &spec); err != nil {
		return lab.Node{}, err
	}
	return s.make(ctx, spec, func(ctx context.Context, c *change) error {
		disk, err := c.fresh(ctx, &spec)
		if err != nil {
			return err
		}
		if err := c.settleIn(ctx, spec, disk, "from image "+spec.Image); err != nil || !in.Start {
			return err
		}
		c.later(lab.Starting, c.boot)
		return nil
	})
}

func (s *Service) newSpec(in CreateInput) lab.NodeSpec {
	spec := lab.NodeSpec{
		Name: in.Name, Image: in.Image, VCPUs: in.VCPUs, MemoryMiB: in.MemoryMiB,
		StopSeconds: in.StopSeconds, Keymap: in.Keymap, Notes: in.Notes,
		Clipboard: in.Clipboard, Guacamole: in.Guacamole,
	}
	if spec.VCPUs == 0 {
		spec.VCPUs = s.o.VCPUs
	}
	if spec.MemoryMiB == 0 {
		spec.MemoryMiB = s.o.MemoryMiB
	}
	identify(&spec)
	return spec
}

// identify makes a spec that of a new node.
func identify(spec *lab.NodeSpec) {
	var b [3]byte
	rand.Read(b[:]) // never fails
	spec.ID = uuid.NewString()
	spec.MAC = fmt.Sprintf("52:54:00:%02x:%02x:%02x", b[0], b[1], b[2])
	spec.Generation, spec.CreatedAt = 1, now()
	spec.Kept, spec.StartedAt, spec.WipedAt, spec.DeletedAt = nil, nil, nil, nil
}

// checkNew checks the spec of a new node, and the image it takes its base from.
func (s *Service) checkNew(ctx context.Context, spec *lab.NodeSpec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	if err := s.checkHost(ctx, *spec); err != nil {
		return err
	}
	image, err := s.o.Library.Check(ctx, spec.Image)
	if lab.KindOf(err) == lab.KindNotFound {
		return lab.Errorf(lab.KindNotFound, "there is no image %q", spec.Image).WithHint("List the images to see their names, or add it.")
	}
	spec.Base = image.Volume
	return err
}

// checkHost makes sure that the host has what a node is to be given. Memory may
// be more than is free: it may be free when the node starts.
func (s *Service) checkHost(ctx context.Context, spec lab.NodeSpec) error {
	host, err := s.knownHost(ctx)
	switch {
	case err != nil:
		return err
	case spec.VCPUs > host.CPUs:
		return lab.Errorf(lab.KindInvalid, "%d vCPUs are more than the host's %d", spec.VCPUs, host.CPUs).WithHint("Choose 1 to %d.", host.CPUs)
	case spec.MemoryMiB > host.MemoryMiB:
		return lab.Errorf(lab.KindInvalid, "%d MiB of memory are more than the host's %d", spec.MemoryMiB, host.MemoryMiB).
			WithHint("Choose %d to %d MiB.", lab.MinMemoryMiB, host.MemoryMiB)
	}
	return nil
}

// knownHost gives the host as it was last asked: its limits do not change.
func (s *Service) knownHost(ctx context.Context) (lab.Host, error) {
	s.mu.Lock()
	known := s.host
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	return s.o.Hypervisor.Host(ctx)
}

// make runs the work that makes a new node, which nobody sees until it is whole.
func (s *Service) make(ctx context.Context, spec lab.NodeSpec, work func(context.Context, *change) error) (lab.Node, error) {
	c := s.newChange(spec.ID, "being made")
	c.making, c.spec, c.state = true, spec, lab.Stopped
	defer c.releaseUnlessLater()
	err := c.reserve(ctx, func() error {
		if i := s.images[spec.Image]; i != nil && i.removing {
			return lab.Errorf(lab.KindBusy, "image %s is being removed", spec.Image).WithHint("Choose another image.")
		}
		return s.checkFree(spec.Name, spec.ID)
	})
	if err != nil {
		return lab.Node{}, err
	}
	if err := c.lock(ctx); err != nil {
		return lab.Node{}, err
	}
	return c.run(context.WithoutCancel(ctx), work)
}

// settleIn defines and saves a new node; after an error nothing of it is left.
// origin says for its history what it was made of.
func (c *change) settleIn(ctx context.Context, spec lab.NodeSpec, disk lab.Disk, origin string) error {
	undone, err := c.define(ctx, spec, disk)
	if undone {
		c.abandon(ctx, spec.OverlayVolume(spec.Generation))
		if gone := c.s.o.Store.Delete(ctx, c.id); gone != nil {
			c.s.o.Log.Warn("the spec of a node that was not made stays", "node", c.id, "error", gone)
		}
	}
	if err != nil {
		return err
	}
	c.tell(lab.MomentCreated, origin)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.diary.running[c.id] = false
	c.making = false
	return nil
}
