package virt

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// pool gives the handle of our pool, which it makes and starts when missing.
// It is looked up each time: virsh may have stopped it meanwhile, and that is
// less than a millisecond beside the making of a volume.
func (c *Conn) pool(s *session) (*libvirt.StoragePool, error) {
	c.pooling.Lock()
	defer c.pooling.Unlock()
	p, err := c.ensurePool(s)
	for range poolTries {
		if !errors.Is(err, libvirt.ERR_OPERATION_FAILED) && !errors.Is(err, libvirt.ERR_OPERATION_INVALID) {
			break
		}
		time.Sleep(poolPause)
		p, err = c.ensurePool(s)
	}
	return p, err
}

// Another process may be making the pool as well: libvirt refuses one of both at
// its definition, its start, or while it starts.
const (
	poolTries = 3
	poolPause = 50 * time.Millisecond
)

func (c *Conn) ensurePool(s *session) (*libvirt.StoragePool, error) {
	p, err := s.LookupStoragePoolByName(c.cfg.PoolName)
	if errors.Is(err, libvirt.ERR_NO_STORAGE_POOL) {
		p, err = c.definePool(s)
	}
	if err != nil {
		return nil, err
	}
	if err := c.startPool(p); err != nil {
		free(p)
		return nil, err
	}
	return p, nil
}

// withPool runs call on our pool.
func (c *Conn) withPool(s *session, call func(p *libvirt.StoragePool) error) error {
	p, err := c.pool(s)
	if err != nil {
		return err
	}
	defer free(p)
	return call(p)
}

func (c *Conn) definePool(s *session) (*libvirt.StoragePool, error) {
	x := libvirtxml.StoragePool{
		Type: "dir", Name: c.cfg.PoolName,
		Target: &libvirtxml.StoragePoolTarget{
			Path:        c.cfg.PoolPath,
			Permissions: &libvirtxml.StoragePoolTargetPermissions{Mode: c.poolMode()},
		},
	}
	text, err := x.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write pool XML: %w", err)
	}
	p, err := s.StoragePoolDefineXML(text, 0)
	if err != nil || !c.uri.system {
		return p, err
	}
	return p, p.SetAutostart(true) // a session has no boot to start with
}

// poolMode lets QEMU, which runs as a user of its own under the system's
// libvirt, pass through the directory.
func (c *Conn) poolMode() string {
	if c.uri.system {
		return "0711"
	}
	return "0700"
}

func (c *Conn) startPool(p *libvirt.StoragePool) error {
	if err := c.checkTarget(p); err != nil {
		return err
	}
	active, err := p.IsActive()
	if err != nil || active {
		return err
	}
	return p.Create(libvirt.STORAGE_POOL_CREATE_WITH_BUILD)
}

// checkTarget refuses a pool of our name that lies elsewhere: its volumes are
// not ours.
func (c *Conn) checkTarget(p *libvirt.StoragePool) error {
	text, err := p.GetXMLDesc(0)
	if err != nil {
		return err
	}
	var x libvirtxml.StoragePool
	if err := x.Unmarshal(text); err != nil {
		return fmt.Errorf("read pool XML: %w", err)
	}
	if x.Type == "dir" && x.Target != nil && filepath.Clean(x.Target.Path) == filepath.Clean(c.cfg.PoolPath) {
		return nil
	}
	where := "no directory"
	if x.Target != nil {
		where = x.Target.Path
	}
	return lab.Errorf(lab.KindUnavailable, "libvirt has a pool named %s at %s, not at %s", c.cfg.PoolName, where, c.cfg.PoolPath).
		WithHint("Choose that path or another pool name in the settings, or remove the pool: virsh -c %s pool-undefine %s",
			c.cfg.URI, c.cfg.PoolName)
}
