package service

import (
	"cmp"
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// PruneImages gives the files of the library that can go: those of images that
// no node uses, be it deleted or being made, and volumes that processes left
// which died, of which no node uses any either. It removes those that in names;
// if it names anything else, it removes nothing.
func (s *Service) PruneImages(ctx context.Context, in PruneInput) ([]lab.Unused, error) {
	unused, err := s.unused(ctx)
	if err != nil {
		return nil, err
	}
	if err := in.check(unused); err != nil {
		return nil, err
	}
	for i := range unused {
		if in.names(unused[i]) {
			if err := s.removeUnused(ctx, unused[i]); err != nil {
				return unused, err
			}
			unused[i].Removed = true
		}
	}
	return unused, nil
}

// check refuses names of what is in use, or not there.
func (in PruneInput) check(unused []lab.Unused) error {
	for _, name := range in.Images {
		if !slices.ContainsFunc(unused, func(u lab.Unused) bool { return u.Image == name }) {
			return lab.Errorf(lab.KindBusy, "image %q is in use, or there is none", name).WithHint("Look again at what can go; nothing was removed.")
		}
	}
	for _, name := range in.Volumes {
		if !slices.ContainsFunc(unused, func(u lab.Unused) bool { return u.Image == "" && u.Volume == name }) {
			return lab.Errorf(lab.KindBusy, "volume %q is in use, or there is none", name).WithHint("Look again at what can go; nothing was removed.")
		}
	}
	return nil
}

func (in PruneInput) names(u lab.Unused) bool {
	if u.Image == "" {
		return slices.Contains(in.Volumes, u.Volume)
	}
	return slices.Contains(in.Images, u.Image)
}

// unused reads everything again, and then tells what nobody uses, by size.
func (s *Service) unused(ctx context.Context) ([]lab.Unused, error) {
	carer, err := s.carer()
	if err != nil {
		return nil, err
	}
	if err := s.readImages(ctx); err != nil { // which takes up whole volumes as images
		return nil, err
	}
	strays, err := carer.Strays(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.reconcile(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unused := []lab.Unused{}
	for _, i := range s.images {
		if i.record != nil && i.record.Volume != "" && i.busy() == "" && s.idle(i.record.Volume) {
			unused = append(unused, lab.Unused{Image: i.record.Name, Volume: i.record.Volume, Bytes: i.record.AllocatedBytes})
		}
	}
	for _, v := range strays {
		if s.idle(v.Name) {
			unused = append(unused, lab.Unused{Volume: v.Name, Bytes: v.Bytes})
		}
	}
	slices.SortFunc(unused, func(a, b lab.Unused) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Volume, b.Volume))
	})
	return unused, nil
}

// idle reports whether no node uses a volume. s.mu must be held.
func (s *Service) idle(volume string) bool {
	listed, hidden := s.usersOf(volume)
	return len(listed)+len(hidden) == 0
}

// removeUnused removes a file that was found to be unused, unless somebody has
// taken to it since.
func (s *Service) removeUnused(ctx context.Context, u lab.Unused) error {
	if u.Image != "" {
		return s.RemoveImage(ctx, u.Image)
	}
	carer, err := s.carer()
	if err != nil {
		return err
	}
	return carer.RemoveStray(context.WithoutCancel(ctx), u.Volume)
}
