package labtest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// Usage tells of every active domain, with counters that grow as time passes.
func (h *Hypervisor) Usage(ctx context.Context) (all []lab.Usage, err error) {
	err = h.do(h.called(ctx, "Usage"), "", func(*domain) (bool, error) {
		at := time.Now()
		for id, d := range h.domains {
			if d.state.Active() {
				all = append(all, d.usage(id, at))
			}
		}
		return false, nil
	})
	slices.SortFunc(all, func(a, b lab.Usage) int { return cmp.Compare(a.ID, b.ID) })
	return all, err
}

func (d *domain) usage(id string, at time.Time) lab.Usage {
	up := at.Sub(d.since)
	return lab.Usage{
		ID: id, At: at, CPUMillis: up.Milliseconds() / 10, MemoryBytes: int64(d.spec.MemoryMiB) << 20, DiskBytes: 192 << 10,
		ReadBytes: up.Milliseconds(), WrittenBytes: up.Milliseconds(), ReceivedBytes: up.Milliseconds(), SentBytes: up.Milliseconds(),
	}
}

// Inspect tells what it has of a domain; an active one has an address.
func (h *Hypervisor) Inspect(ctx context.Context, id string) (seen lab.Inspection, err error) {
	err = h.do(h.called(ctx, "Inspect", id), id, func(d *domain) (bool, error) {
		if d == nil {
			return false, gone(id)
		}
		mark, err := json.Marshal(d.spec.FirstBoot)
		if err != nil {
			return false, err
		}
		seen = lab.Inspection{XML: "<domain><uuid>" + id + "</uuid><metadata>" + string(mark) + "</metadata></domain>", Addresses: []lab.Address{}}
		if d.state.Active() {
			seen.Addresses = append(seen.Addresses, lab.Address{MAC: d.spec.MAC, IP: "192.0.2.1", Prefix: 24, Source: lab.AddressOfLease})
		}
		return false, nil
	})
	return seen, err
}
