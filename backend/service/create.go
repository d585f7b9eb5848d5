package service

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// Create makes a node from a base image. With Start it returns with the node
// starting.
func (s *Service) Create(ctx context.Context, in CreateInput) (lab.Node, error) {
	spec, err := s.newSpec(ctx, in)
	if err != nil {
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

// newSpec gives the checked spec of a new node.
func (s *Service) newSpec(ctx context.Context, in CreateInput) (lab.NodeSpec, error) {
	image, err := s.imageNamed(ctx, in.Image)
	if err != nil {
		return lab.NodeSpec{}, err
	}
	t := s.tuned()
	spec := lab.NodeSpec{
		Name: in.Name, Image: in.Image,
		VCPUs:       cmp.Or(in.VCPUs, image.Defaults.VCPUs, t.VCPUs),
		MemoryMiB:   cmp.Or(in.MemoryMiB, image.Defaults.MemoryMiB, t.MemoryMiB),
		Firmware:    cmp.Or(in.Firmware, image.Defaults.Firmware),
		TPM:         image.Defaults.TPM,
		StopSeconds: in.StopSeconds, Keymap: in.Keymap, Notes: in.Notes,
		Clipboard: in.Clipboard, Guacamole: in.Guacamole,
	}
	replace(&spec.TPM, in.TPM)
	if err := furnish(&spec, image, in.DiskGiB); err != nil {
		return lab.NodeSpec{}, err
	}
	if spec.FirstBoot, err = s.prepare(image, in.FirstBoot); err != nil {
		return lab.NodeSpec{}, err
	}
	identify(&spec)
	if err := spec.Check(); err != nil {
		return lab.NodeSpec{}, err
	}
	return spec, cmp.Or(s.checkHost(ctx, spec), s.checkAbilities(ctx, spec))
}

// imageNamed gives an image that is as it was recorded.
func (s *Service) imageNamed(ctx context.Context, name string) (lab.Image, error) {
	image, err := s.o.Library.Check(ctx, name)
	if lab.KindOf(err) == lab.KindNotFound {
		err = lab.Errorf(lab.KindNotFound, "there is no image %q", name).WithHint("List the images to see their names, or add it.")
	}
	return image, err
}

// furnish gives a new node the image as its base, or in its drive before an
// empty disk, and the disk its size: a base's can only grow.
func furnish(spec *lab.NodeSpec, image lab.Image, gib int) error {
	if gib < 0 || gib > lab.MaxDiskBytes>>30 {
		return lab.Errorf(lab.KindInvalid, "a disk of %d GiB is out of range", gib).WithHint("Choose %d to %d GiB.", lab.MinDiskBytes>>30, lab.MaxDiskBytes>>30)
	}
	spec.DiskBytes = int64(gib) << 30
	if image.Kind == lab.ImageMedium {
		spec.Medium, spec.DiskBytes = image.Volume, cmp.Or(spec.DiskBytes, lab.DefaultDiskGiB<<30)
		return nil
	}
	spec.Base = image.Volume
	if spec.DiskBytes != 0 && spec.DiskBytes < image.VirtualBytes {
		return lab.Errorf(lab.KindInvalid, "a disk of %d GiB is smaller than that of image %s, which has %s", gib, image.Name, lab.Size(image.VirtualBytes)).
			WithHint("Choose more, or leave it to the image.")
	}
	return nil
}

// identify makes a spec that of a new node.
func identify(spec *lab.NodeSpec) {
	spec.ID, spec.MAC = uuid.NewString(), newMAC()
	spec.Generation, spec.CreatedAt = 1, now()
	spec.Kept, spec.StartedAt, spec.WipedAt, spec.DeletedAt = nil, nil, nil, nil
}

// newMAC gives an address that most likely nobody has.
func newMAC() string {
	var b [3]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", b[0], b[1], b[2])
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

// What must be installed for what not every host can.
const (
	installUEFI = "sudo apt install ovmf"
	installTPM  = "sudo apt install swtpm swtpm-tools"
)

// checkAbilities makes sure that the host has what not every host has. Before it
// is refused the host is asked afresh: it may have been installed just now.
func (s *Service) checkAbilities(ctx context.Context, spec lab.NodeSpec) error {
	uefi := spec.Firmware == lab.FirmwareUEFI
	host, err := s.knownHost(ctx)
	if err == nil && (uefi && !host.UEFI || spec.TPM && !host.TPM) {
		host, err = s.o.Hypervisor.Host(ctx)
	}
	switch {
	case err != nil:
		return err
	case uefi && !host.UEFI:
		return lab.Errorf(lab.KindUnavailable, "%s is to boot by UEFI, which this host can not do: %s", spec.Name, host.NoUEFI).WithHint("Install it: %s, or edk2-ovmf on Fedora and Arch.", installUEFI)
	case spec.TPM && !host.TPM:
		return lab.Errorf(lab.KindUnavailable, "%s is to have a TPM, which this host can not give it: %s", spec.Name, host.NoTPM).WithHint("Install it: %s", installTPM)
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
		return cmp.Or(s.checkStays(spec.Base, spec.Medium), s.checkFree(spec.Name, spec.ID))
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
		c.abandon(ctx, spec)
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
