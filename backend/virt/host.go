package virt

import (
	"context"
	"errors"
	"fmt"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// Host implements lab.Hypervisor.
func (c *Conn) Host(ctx context.Context) (host lab.Host, err error) {
	err = c.with(ctx, "describe the host", func(s *session) error {
		host, err = c.host(s)
		return err
	})
	return host, err
}

func (c *Conn) host(s *session) (lab.Host, error) {
	host := lab.Host{URI: c.cfg.URI, Profile: c.uri.profile(), PoolPath: c.cfg.PoolPath}
	node, err := s.GetNodeInfo()
	if err != nil {
		return host, err
	}
	host.CPUs, host.MemoryMiB = int(node.Cpus), int(node.Memory>>10)
	kind, err := s.GetType()
	if err != nil {
		return host, err
	}
	version, err := s.GetVersion()
	if err != nil {
		return host, err
	}
	host.Hypervisor = fmt.Sprintf("%s %d.%d.%d", kind, version/1e6, version/1e3%1e3, version%1e3)
	m, err := s.machine()
	if err != nil {
		return host, err
	}
	host.Accelerated, host.Acceleration = m.KVM, m.Reason
	if host.FreeMiB, err = freeMemory(s); err != nil {
		return host, err
	}
	host.PoolBytes, host.PoolFree, err = c.poolSpace(s)
	return host, err
}

// freeMemory is what guests could have, in MiB: the kernel gives up its caches
// for them.
func freeMemory(s *session) (int, error) {
	m, err := s.GetMemoryStats(libvirt.NODE_MEMORY_STATS_ALL_CELLS, 0)
	if errors.Is(err, libvirt.ERR_NO_SUPPORT) {
		free, err := s.GetFreeMemory()
		return int(free >> 20), err
	}
	if err != nil {
		return 0, err
	}
	return int((m.Free + m.Buffers + m.Cached) >> 10), nil
}

// poolSpace measures the pool's disk; a pool that is not there yet is no reason
// to tell nothing of the host.
func (c *Conn) poolSpace(s *session) (total, free int64, err error) {
	total, free, err = c.diskSpace()
	if !errors.Is(err, errNotHere) {
		return total, free, err
	}
	err = c.withPool(s, func(p *libvirt.StoragePool) error {
		info, err := p.GetInfo()
		if err == nil {
			total, free = int64(info.Capacity), int64(info.Available)
		}
		return err
	})
	return total, free, err
}
