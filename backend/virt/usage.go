package virt

import (
	"context"
	"path"
	"time"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// What is asked of every domain that has a process, without waiting for one
// that is busy: QEMU then tells nothing of it but what libvirt knows itself.
const (
	usageKinds = libvirt.DOMAIN_STATS_STATE | libvirt.DOMAIN_STATS_CPU_TOTAL | libvirt.DOMAIN_STATS_BALLOON |
		libvirt.DOMAIN_STATS_BLOCK | libvirt.DOMAIN_STATS_INTERFACE
	usageFlags = libvirt.CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | libvirt.CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
)

// Usage implements lab.Meter.
func (c *Conn) Usage(ctx context.Context) (all []lab.Usage, err error) {
	err = c.with(ctx, "measure the nodes", func(s *session) error {
		stats, err := s.GetAllDomainStats(nil, usageKinds, usageFlags)
		at := time.Now().UTC()
		all = make([]lab.Usage, 0, len(stats))
		for i := range stats {
			if id, ours := c.oursByID(stats[i].Domain); ours {
				all = append(all, usageOf(id, at, &stats[i]))
			}
			free(stats[i].Domain)
		}
		return err
	})
	return all, err
}

func usageOf(id string, at time.Time, s *libvirt.DomainStats) lab.Usage {
	u := lab.Usage{ID: id, At: at}
	if s.Cpu != nil {
		u.CPUMillis = int64(s.Cpu.Time / 1e6) // nanoseconds
	}
	if s.Balloon != nil {
		u.MemoryBytes = int64(s.Balloon.Rss << 10) // KiB
	}
	for _, b := range s.Block {
		u.ReadBytes += int64(b.RdBytes)
		u.WrittenBytes += int64(b.WrBytes)
	}
	u.DiskBytes = allocated(id, s.Block)
	for _, n := range s.Net {
		u.ReceivedBytes += int64(n.RxBytes)
		u.SentBytes += int64(n.TxBytes)
	}
	return u
}

// allocated is what the overlay takes: that of the disk named after the node,
// and else of the first. QEMU tells the highest place it has written to since it
// was started, which is nothing for a disk that was not written to yet; the
// length of the file makes up for it.
func allocated(id string, blocks []libvirt.DomainStatsBlock) int64 {
	for i := range blocks {
		if owner, _, ok := lab.ParseOverlayVolume(path.Base(blocks[i].Path)); ok && owner == id {
			return int64(max(blocks[i].Allocation, blocks[i].Physical))
		}
	}
	if len(blocks) == 0 {
		return 0
	}
	return int64(max(blocks[0].Allocation, blocks[0].Physical))
}

// oursByID tells whether a domain is ours by what was read of it before; one
// that never was is read, once.
func (c *Conn) oursByID(d *libvirt.Domain) (id string, ours bool) {
	id, err := d.GetUUIDString()
	if err != nil {
		return "", false
	}
	c.mu.Lock()
	ours, known := c.ours[id]
	c.mu.Unlock()
	if !known {
		_, err = c.definitionOf(d)
		ours = err == nil
	}
	return id, ours
}
