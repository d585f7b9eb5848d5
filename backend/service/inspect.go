package service

import (
	"context"
	"strings"

	"sandboxlabs/backend/lab"
)

// Inspect tells what stands behind a node: its domain's XML, without the
// hash of its password, and its addresses.
func (s *Service) Inspect(ctx context.Context, node string) (lab.Inspection, error) {
	inspector, ok := s.o.Hypervisor.(lab.Inspector)
	if !ok {
		return lab.Inspection{}, lab.Errorf(lab.KindUnavailable, "this hypervisor has nothing to inspect")
	}
	id, err := s.resolve(node, false)
	if err != nil {
		return lab.Inspection{}, err
	}
	seen, err := inspector.Inspect(ctx, id)
	if first := s.specOf(id).FirstBoot; first != nil && first.PasswordHash != "" {
		seen.XML = strings.ReplaceAll(seen.XML, first.PasswordHash, lab.PasswordKept)
	}
	return seen, err
}
