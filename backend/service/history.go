package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// History tells what happened to a node, deleted ones too, oldest first. What is
// being written just now is waited for.
func (s *Service) History(ctx context.Context, node string) ([]lab.Moment, error) {
	id, err := s.resolve(node, true)
	if err != nil {
		return nil, err
	}
	if s.o.Journal == nil {
		return []lab.Moment{}, nil
	}
	if err := s.await(ctx, func() bool { return !s.diary.writing }); err != nil {
		return nil, err
	}
	return s.o.Journal.Moments(ctx, id)
}
