package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Usage tells what the running nodes have used so far, in one call to libvirt.
// Nobody asks on their own: a page does while somebody looks at it.
func (s *Service) Usage(ctx context.Context) ([]lab.Usage, error) {
	meter, ok := s.o.Hypervisor.(lab.Meter)
	if !ok {
		return nil, lab.Errorf(lab.KindUnavailable, "this hypervisor does not tell what nodes use")
	}
	return meter.Usage(ctx)
}

// Host tells what the machine can do and has free now.
func (s *Service) Host(ctx context.Context) (lab.Host, error) { return s.o.Hypervisor.Host(ctx) }
