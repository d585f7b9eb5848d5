package virt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// Define implements lab.Hypervisor.
func (c *Conn) Define(ctx context.Context, spec lab.NodeSpec, disk lab.Disk) error {
	if err := spec.Check(); err != nil {
		return err
	}
	return c.with(ctx, "define the node", func(s *session) error {
		d, err := s.LookupDomainByUUIDString(spec.ID)
		if errors.Is(err, libvirt.ERR_NO_DOMAIN) {
			if disk == (lab.Disk{}) {
				return errNotOurs(spec.ID)
			}
			return c.defineNew(s, spec, disk)
		}
		if err != nil {
			return err
		}
		defer free(d)
		return c.redefine(s, d, spec, disk)
	})
}

func (c *Conn) defineNew(s *session, spec lab.NodeSpec, disk lab.Disk) error {
	m, err := s.machine()
	if err != nil {
		return err
	}
	d, err := newDomain(m, c.site(), spec, disk)
	if err != nil {
		return err
	}
	vnc(d).Passwd = newPassword() // whoever starts it: a display without one can not be given one while it runs
	err = s.define(d)
	if err != nil && s.nameTaken(spec.Name) {
		return errNameTaken(spec.Name)
	}
	return err
}

func (c *Conn) site() site {
	return site{pool: c.cfg.PoolName, folder: c.cfg.PoolPath, system: c.uri.system, sockets: filepath.Join(c.sockets(), "libvirt", "qemu", "channel", "target")}
}

// sockets is where libvirt keeps its sockets: beside its definitions, or with
// the state of the system.
func (c *Conn) sockets() string {
	dir, err := os.UserConfigDir()
	if c.uri.system || err != nil {
		return "/var/lib"
	}
	return dir
}

func errNameTaken(name string) *lab.Error {
	return lab.Errorf(lab.KindExists, "libvirt has another machine named %s", name).WithHint("Choose another name.")
}

// nameTaken looks the name up: that it is taken has no code of its own.
func (s *session) nameTaken(name string) bool {
	d, err := s.LookupDomainByName(name)
	if err != nil {
		return false
	}
	free(d)
	return true
}

func (s *session) define(d *libvirtxml.Domain) error {
	text, err := d.Marshal()
	if err != nil {
		return fmt.Errorf("write domain XML: %w", err)
	}
	made, err := s.DomainDefineXML(text)
	if err != nil {
		return err
	}
	free(made)
	return nil
}

// redefine brings an existing domain to spec. A managed save of another disk
// would corrupt this one, whoever starts the domain, so it goes.
func (c *Conn) redefine(s *session, d *libvirt.Domain, spec lab.NodeSpec, disk lab.Disk) error {
	def, err := c.definitionOf(d)
	if lab.KindOf(err) == lab.KindNotFound {
		return lab.Errorf(lab.KindExists, "libvirt has a machine with the node's UUID that is not ours: %s", def.Name).
			WithHint("Undefine that machine, or give it another UUID.")
	}
	if err != nil {
		return err
	}
	if def.drive() != nil && (spec.Medium == "" || spec.Medium != def.medium()) { // else the guest may have ejected it
		if err := c.changeLiveMedium(d, spec.Medium); err != nil {
			return err
		}
	}
	bring := func(x *libvirtxml.Domain) error { return applySpec(x, c.site(), spec, disk) }
	if disk == (lab.Disk{}) || def.overlay() == disk.Overlay {
		return s.edit(d, bring)
	}
	if err := dropManagedSave(d); err != nil {
		return err
	}
	now, err := conditionOf(d)
	if err != nil {
		return err
	}
	if spec.TPM && !now.active() {
		return s.renew(d, def, bring)
	}
	return s.edit(d, bring)
}

// edit changes what will be true at the domain's next start.
func (s *session) edit(d *libvirt.Domain, change func(*libvirtxml.Domain) error) error {
	x, err := readDomain(d)
	if err != nil {
		return err
	}
	if err := change(x); err != nil {
		return err
	}
	return s.define(x)
}

// readDomain reads what will be true at the domain's next start. The secrets are
// read along, or they would be lost when it is defined again.
func readDomain(d *libvirt.Domain) (*libvirtxml.Domain, error) {
	text, err := d.GetXMLDesc(libvirt.DOMAIN_XML_INACTIVE | libvirt.DOMAIN_XML_SECURE)
	if err != nil {
		return nil, err
	}
	var x libvirtxml.Domain
	if err := x.Unmarshal(text); err != nil {
		return nil, fmt.Errorf("read domain XML: %w", err)
	}
	return &x, nil
}

func dropManagedSave(d *libvirt.Domain) error {
	saved, err := d.HasManagedSaveImage(0)
	if err != nil || !saved {
		return err
	}
	return d.ManagedSaveRemove(0)
}

// Rename implements lab.Hypervisor.
func (c *Conn) Rename(ctx context.Context, id, name string) error {
	if err := lab.CheckName(name); err != nil {
		return err
	}
	return c.with(ctx, "rename the node", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error { return c.rename(s, d, name) })
	})
}

// rename changes the name first: it is the authority, and what repeats it is
// brought in line at the next start should we be killed in between.
func (c *Conn) rename(s *session, d *libvirt.Domain, name string) error {
	def, err := c.definitionOf(d)
	if err != nil {
		return err
	}
	if err := checkInactive(d, "rename"); err != nil {
		return err
	}
	if def.Name != name {
		if err := d.Rename(name, 0); err != nil {
			if s.nameTaken(name) {
				return errNameTaken(name)
			}
			return err
		}
	}
	return s.edit(d, c.repeatName)
}

// repeatName brings everything that repeats the domain's name in line with it.
func (c *Conn) repeatName(x *libvirtxml.Domain) error {
	followName(x, c.site())
	m, err := markOf(x)
	if err != nil {
		return err
	}
	spec, err := m.spec()
	if err != nil {
		return err
	}
	spec.Name = x.Name
	return setMark(x, m.Pool, spec)
}

// checkInactive refuses what libvirt can not do to a domain with a process.
func checkInactive(d *libvirt.Domain, act string) error {
	now, err := conditionOf(d)
	if err != nil || !now.active() {
		return err
	}
	return lab.Errorf(lab.KindBusy, "the node is active; libvirt can not %s it now", act).WithHint("Stop the node first.")
}

// Undefine implements lab.Hypervisor.
func (c *Conn) Undefine(ctx context.Context, id string) error {
	err := c.with(ctx, "remove the node", func(s *session) error {
		return s.withDomain(id, c.undefine)
	})
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	return err
}

func (c *Conn) undefine(d *libvirt.Domain) error {
	def, err := c.definitionOf(d)
	if err != nil {
		return err
	}
	if err := checkInactive(d, "remove"); err != nil {
		return err
	}
	return forget(d, def)
}
