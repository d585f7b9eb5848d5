package service

import (
	"cmp"
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// Deleted gives the nodes that Restore can still make again, the one deleted last first.
func (s *Service) Deleted(context.Context) ([]lab.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := []lab.Node{}
	for _, n := range s.nodes {
		if n.deleted() {
			gone = append(gone, s.value(n))
		}
	}
	slices.SortFunc(gone, func(a, b lab.Node) int {
		return cmp.Or(b.DeletedAt.Compare(*a.DeletedAt), cmp.Compare(a.ID, b.ID))
	})
	return gone, nil
}
