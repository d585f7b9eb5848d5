package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// resumeAdditions goes on with what an earlier process of a program that stays
// did not bring to its end, and tells of what it can not go on with.
func (s *Service) resumeAdditions(ctx context.Context) {
	library, ok := s.o.Library.(lab.Resumer)
	if !ok || !s.o.Resident {
		return
	}
	left, err := library.Interrupted(ctx)
	if err != nil {
		s.o.Log.Warn("what earlier additions left could not be looked at", "error", err)
	}
	for _, i := range left {
		if i.Resumed {
			s.o.Log.Info("an interrupted download goes on", "image", i.Addition.Name, "bytes", i.Bytes)
			if _, _, err := s.beginAddition(i.Addition); err != nil {
				s.o.Log.Warn("an interrupted download can not go on", "image", i.Addition.Name, "error", err)
			}
			continue
		}
		s.o.Log.Info("what was left of interrupted work on an image was removed", "image", i.Addition.Name)
		s.tellInterrupted(i)
	}
}

func (s *Service) tellInterrupted(left lab.Interrupted) {
	add := left.Addition
	why := lab.Errorf(lab.KindUnavailable, "SandBoxLabs ended before image %s was whole; what there was of it has been removed", add.Name).WithHint("Add it again.")
	if left.Remaking {
		why = lab.Errorf(lab.KindUnavailable, "SandBoxLabs ended before image %s was made anew; it is as it was", add.Name).WithHint("Compress or resize it again.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.images[add.Name]; i != nil && i.addition != nil {
		return
	}
	s.imageAt(add.Name).addition = &addition{
		image:  lab.Image{Name: add.Name, Kind: lab.ImageBase, State: lab.ImageAdding, Origin: add.Origin},
		cancel: func(error) {},
		err:    why,
	}
	s.showImage(add.Name)
}
