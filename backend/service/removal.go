package service

import (
	"cmp"
	"context"
	"strings"

	"sandboxlabs/backend/lab"
)

// RemoveImage deletes an image that no node stands on, deleted and missing ones
// included, after everything has been read again: another process may have made
// one just now.
func (s *Service) RemoveImage(ctx context.Context, name string) error {
	if err := lab.CheckName(name); err != nil {
		return err
	}
	if err := s.reconcile(ctx); err != nil {
		return err
	}
	recorded, err := s.beginRemoval(ctx, name)
	if err != nil || !recorded {
		return err
	}
	err = s.o.Library.Remove(context.WithoutCancel(ctx), name)
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.imageAt(name)
	i.removing = false
	if err == nil {
		i.record = nil
	}
	s.showImages()
	return err
}

// beginRemoval makes sure that an image may go and that nobody takes to it
// meanwhile. If there is but a failed addition it is dismissed, and all is done.
func (s *Service) beginRemoval(ctx context.Context, name string) (recorded bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.images[name]
	switch {
	case i == nil:
		return false, unknownImage(name)
	case i.busy() != "":
		return false, errImageBusy(name, i)
	}
	if err := cmp.Or(s.expectedImage(ctx, name), s.checkUnused(name)); err != nil {
		return false, err
	}
	i.addition = nil
	i.removing = i.record != nil
	s.showImage(name)
	return i.removing, nil
}

// checkUnused refuses what would take the file of an image away from nodes, be
// they deleted or being made. s.mu must be held.
func (s *Service) checkUnused(name string) error {
	i := s.images[name]
	if i == nil || i.record == nil || s.shared(*i.record) {
		return nil
	}
	listed, hidden := s.usersOf(i.record.Volume)
	if users := append(listed, hidden...); len(users) > 0 {
		return lab.Errorf(lab.KindBusy, "image %s is in use by %s", name, strings.Join(users, ", ")).WithHint("Delete those nodes for good first.")
	}
	return nil
}

// shared reports whether another image has the same volume, as a crash in the
// middle of a renaming leaves it. s.mu must be held.
func (s *Service) shared(v lab.Image) bool {
	for name, i := range s.images {
		if name != v.Name && i.record != nil && i.record.Volume == v.Volume {
			return true
		}
	}
	return false
}
