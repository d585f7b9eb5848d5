package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Inspect tells what stands behind a node: its domain's XML, and its addresses.
func (s *Service) Inspect(ctx context.Context, node string) (lab.Inspection, error) {
	inspector, ok := s.o.Hypervisor.(lab.Inspector)
	if !ok {
		return lab.Inspection{}, lab.Errorf(lab.KindUnavailable, "this hypervisor has nothing to inspect")
	}
	id, err := s.resolve(node, false)
	if err != nil {
		return lab.Inspection{}, err
	}
	return inspector.Inspect(ctx, id)
}
