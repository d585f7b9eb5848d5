package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// CancelImage ends an addition, or the care of an image, under way, and dismisses
// one that failed.
func (s *Service) CancelImage(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.images[name]
	if i == nil || i.addition == nil {
		return lab.Errorf(lab.KindNotFound, "no image %q is being added or changed", name)
	}
	i.addition.cancel(lab.ErrGivenUp)
	if i.addition.err != nil {
		i.addition = nil
		s.showImage(name)
	}
	return nil
}
