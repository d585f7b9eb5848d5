package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// History tells what happened to a node, deleted ones too, oldest first.
func (s *Service) History(ctx context.Context, node string) ([]lab.Moment, error) {
	id, err := s.resolve(node, true)
	if err != nil || s.o.Journal == nil {
		return nil, err
	}
	return s.o.Journal.Moments(ctx, id)
}
