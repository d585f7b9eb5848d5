package virt

import (
	"context"
	"errors"
	"sync"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// readers is how many domains are read at once: libvirt serves several calls on
// one connection, and has five threads for them to begin with.
const readers = 5

// Domain implements lab.Hypervisor.
func (c *Conn) Domain(ctx context.Context, id string) (domain lab.Domain, err error) {
	err = c.with(ctx, "read the node", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			domain, err = c.observe(d)
			return err
		})
	})
	return domain, err
}

// Domains implements lab.Hypervisor.
func (c *Conn) Domains(ctx context.Context) (domains []lab.Domain, err error) {
	err = c.with(ctx, "list the nodes", func(s *session) error {
		handles, err := s.ListAllDomains(0)
		if err != nil {
			return err
		}
		domains, err = c.observeAll(handles)
		if err != nil && !s.isLost() {
			c.cfg.Log.Warn("some domains could not be read", "why", plain(err))
			return nil
		}
		return err
	})
	return domains, err
}

// observeAll reads and frees the handles. What could not be read at all is not
// known to be ours; it is left out and told as error.
func (c *Conn) observeAll(handles []libvirt.Domain) ([]lab.Domain, error) {
	found := make([]*lab.Domain, len(handles))
	errs := make([]error, len(handles))
	inParallel(len(handles), readers, func(i int) {
		defer free(&handles[i])
		domain, err := c.observe(&handles[i])
		switch {
		case err == nil:
			found[i] = &domain
		case lab.KindOf(err) == lab.KindNotFound || errors.Is(err, libvirt.ERR_NO_DOMAIN): // not ours, or just gone
		default:
			errs[i] = err
		}
	})
	domains := make([]lab.Domain, 0, len(handles))
	for _, d := range found {
		if d != nil {
			domains = append(domains, *d)
		}
	}
	return domains, errors.Join(errs...)
}

// inParallel calls work for 0 to n-1, at most limit at once, and waits for all.
func inParallel(n, limit int, work func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, limit) {
		wg.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// observe reads one domain. A damaged spec makes a domain with a problem.
func (c *Conn) observe(d *libvirt.Domain) (lab.Domain, error) {
	def, err := c.definitionOf(d)
	if err != nil {
		return lab.Domain{}, err
	}
	spec, damage := def.spec()
	domain := lab.Domain{Spec: spec, Overlay: def.overlay()}
	now, err := conditionOf(d)
	if err != nil {
		return domain, err
	}
	domain.State, domain.Problem = now.translate()
	if damage != nil {
		domain.Problem = lab.ProblemOf(damage)
	}
	if now.active() {
		live, err := readXML(d, 0)
		if err != nil {
			return domain, err
		}
		domain.VNC = live.vnc()
		domain.Overlay = live.overlay()
	}
	return domain, nil
}
