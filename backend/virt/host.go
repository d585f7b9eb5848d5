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
	host.CPUs = int(node.Cpus)
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
	if err := tellAbilities(s, m, &host); err != nil {
		return host, err
	}
	if host.MemoryMiB, host.FreeMiB, err = memory(s, node); err != nil {
		return host, err
	}
	host.PoolBytes, host.PoolFree, err = c.poolSpace(s)
	return host, err
}

// memory is all there is and what guests could have of it, in MiB: the kernel
// gives up its caches for them. Both come from one source where there is one:
// the node's own size leaves out memory that was plugged in since it booted.
func memory(s *session, node *libvirt.NodeInfo) (total, free int, err error) {
	m, err := s.GetMemoryStats(libvirt.NODE_MEMORY_STATS_ALL_CELLS, 0)
	if errors.Is(err, libvirt.ERR_NO_SUPPORT) {
		free, err := s.GetFreeMemory()
		return int(node.Memory >> 10), int(free >> 20), err
	}
	if err != nil {
		return 0, 0, err
	}
	return int(m.Total >> 10), int((m.Free + m.Buffers + m.Cached) >> 10), nil
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
