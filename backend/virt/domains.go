package virt

import (
	"context"
	"errors"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// Domain implements lab.Hypervisor.
func (c *Conn) Domain(ctx context.Context, id string) (domain lab.Domain, err error) {
	err = c.with(ctx, "read the node", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			def, err := c.definitionOf(d)
			if err != nil {
				return err
			}
			now, err := conditionOf(d)
			if err != nil {
				return err
			}
			domain, err = observe(d, def, now)
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
			c.cfg.Log.Warn("some domains could not be read", "error", plain(err))
			return nil
		}
		return err
	})
	return domains, err
}

// observeAll reads and frees the handles. What could not be read at all is not
// known to be ours; it is left out and told as error. libvirt answers one call
// after the other faster than many at once, so only the files are read beside it.
func (c *Conn) observeAll(handles []libvirt.Domain) ([]lab.Domain, error) {
	files := make(chan []*definition)
	go func() { files <- c.readFiles(handles) }()
	conditions := make([]condition, len(handles))
	errs := make([]error, len(handles))
	for i := range handles {
		conditions[i], errs[i] = conditionOf(&handles[i])
	}
	definitions := <-files
	domains := make([]lab.Domain, 0, len(handles))
	for i := range handles {
		if errs[i] == nil {
			var domain lab.Domain
			domain, errs[i] = c.observeOne(&handles[i], definitions[i], conditions[i])
			if errs[i] == nil {
				domains = append(domains, domain)
			}
		}
		if lab.KindOf(errs[i]) == lab.KindNotFound || errors.Is(errs[i], libvirt.ERR_NO_DOMAIN) {
			errs[i] = nil // not ours, or just gone
		}
		free(&handles[i])
	}
	return domains, errors.Join(errs...)
}

// observeOne asks libvirt for the definition if it is not known from a file.
func (c *Conn) observeOne(d *libvirt.Domain, def *definition, now condition) (lab.Domain, error) {
	if def == nil {
		asked, err := readXML(d, libvirt.DOMAIN_XML_INACTIVE)
		if err != nil {
			return lab.Domain{}, err
		}
		def = &asked
	}
	if err := c.checkOurs(def); err != nil {
		return lab.Domain{}, err
	}
	return observe(d, *def, now)
}

// observe puts a domain together. A damaged spec makes one with a problem.
func observe(d *libvirt.Domain, def definition, now condition) (lab.Domain, error) {
	spec, damage := def.spec()
	domain := lab.Domain{Spec: spec, Overlay: def.overlay()}
	domain.State, domain.Problem = now.translate()
	domain.PoweredOff = now == condition{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_SHUTDOWN)}
	if damage != nil {
		domain.Problem = lab.ProblemOf(damage)
	}
	if now.active() {
		live, err := readXML(d, 0)
		if err != nil {
			return domain, err
		}
		domain.VNC = live.vnc()
		domain.Overlay, domain.Inserted = live.overlay(), live.medium()
	}
	return domain, nil
}
