package service

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"path"

	"sandboxlabs/backend/lab"
)

// FirstBoot tells what there is to choose from for a node's first boot.
func (s *Service) FirstBoot(context.Context) (lab.FirstBootChoices, error) {
	if s.o.Seeder == nil {
		return lab.FirstBootChoices{}, errNoSeeder
	}
	return s.o.Seeder.Choices()
}

var errNoSeeder = lab.Errorf(lab.KindUnavailable, "seeds for a first boot can not be made here")

// prepare makes what is kept of what is asked of a first boot: the password in it
// is a hash from here on. Whom the image expects to log in is the user if nobody
// else is named.
func (s *Service) prepare(image lab.Image, in *lab.FirstBootInput) (*lab.FirstBoot, error) {
	switch {
	case in == nil:
		return nil, nil
	case s.o.Seeder == nil:
		return nil, errNoSeeder
	case !image.Defaults.CloudInit:
		return nil, lab.Errorf(lab.KindInvalid, "image %s is not known to run cloud-init, which does what is asked of the first boot", image.Name).
			WithHint("If it does: sandboxlabs image set %s --cloud-init. If not, leave the first boot out.", image.Name)
	}
	asked := *in
	if asked.UserData == "" {
		asked.User = cmp.Or(asked.User, image.Defaults.User)
	}
	return s.o.Seeder.Prepare(asked)
}

// ownName is a first boot for a copy of its node, which has a name of its own.
func ownName(f *lab.FirstBoot) *lab.FirstBoot {
	if f == nil || f.HostName == "" {
		return f
	}
	own := *f
	own.HostName = ""
	return &own
}

// specOf is the node's spec with everything in it, which is not for others to see.
func (s *Service) specOf(id string) lab.NodeSpec {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.nodes[id]; n != nil {
		return n.spec()
	}
	return lab.NodeSpec{}
}

// diskOf gives the files of a disk whose overlay is there, with its seed.
func (c *change) diskOf(ctx context.Context, spec lab.NodeSpec, overlay lab.Volume) (lab.Disk, error) {
	disk := lab.Disk{Overlay: overlay.Path, Base: overlay.Backing}
	if spec.FirstBoot == nil {
		return disk, nil
	}
	seed, err := c.seed(ctx, spec)
	disk.Seed = seed.Path
	return disk, err
}

// seed gives the seed of a spec's generation. One that is gone, or was written in
// part by a process that died, is made again: it has nothing that the spec has not.
func (c *change) seed(ctx context.Context, spec lab.NodeSpec) (lab.Volume, error) {
	name := spec.SeedVolume(spec.Generation)
	whole, err := c.wholeSeed(ctx, name)
	switch {
	case whole:
		return c.s.o.Pool.Volume(ctx, name)
	case err == nil:
		err = c.s.o.Pool.Delete(ctx, name)
	case lab.KindOf(err) == lab.KindNotFound:
		err = nil
	}
	switch {
	case err != nil:
		return lab.Volume{}, err
	case c.s.o.Seeder == nil:
		return lab.Volume{}, errNoSeeder
	}
	content, err := c.s.o.Seeder.Seed(spec)
	if err != nil {
		return lab.Volume{}, err
	}
	return c.s.o.Pool.Upload(ctx, name, int64(len(content)), bytes.NewReader(content))
}

func (c *change) wholeSeed(ctx context.Context, name string) (whole bool, err error) {
	file, err := c.s.o.Pool.Download(ctx, name)
	if err != nil {
		return false, err
	}
	content, err := io.ReadAll(file)
	return bytes.HasSuffix(content, []byte(lab.SeedEnd)), errors.Join(err, file.Close())
}

// seedBeside is where the node's seed is, if it has one: in the folder of its overlay.
func (c *change) seedBeside(overlay string) string {
	if c.spec.FirstBoot == nil {
		return ""
	}
	return path.Join(path.Dir(overlay), c.spec.SeedVolume(c.spec.Generation))
}
