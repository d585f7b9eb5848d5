package service

import (
	"context"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// maxKept is how many disks a node keeps at most, however small they are: each
// is a line of its spec, which every change writes anew.
const maxKept = 256

// leftover is a disk that is kept for undoing.
type leftover struct {
	id         string
	generation int // 0: everything of a deleted node
	at         time.Time
	bytes      int64
	surplus    bool // the node keeps too many
}

// purge deletes what was kept long enough, and the oldest of what is too much.
// It gives the time until there will be more.
func (s *Service) purge(ctx context.Context) time.Duration {
	if !s.connected() {
		return reconcileEvery
	}
	overdue, next := s.overdue()
	for _, l := range overdue {
		s.tend(ctx, l.id, func(ctx context.Context, c *change) error { return c.purge(ctx, l) })
	}
	if len(overdue) > 0 {
		return min(next, reconcileEvery)
	}
	return next
}

// overdue gives the leftovers to purge now, and the time until the next expires.
func (s *Service) overdue() (overdue []leftover, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.leftovers()
	var total int64
	for _, l := range all {
		total += l.bytes
	}
	limit, next := s.undoLimits()
	for _, l := range all {
		left := time.Until(l.at.Add(limit.UndoTime))
		if left > 0 && total <= limit.UndoBytes && !l.surplus {
			next = min(next, left)
			continue
		}
		overdue = append(overdue, l)
		total -= l.bytes
	}
	return overdue, next
}

// leftovers gives all that is kept, oldest first. s.mu must be held.
func (s *Service) leftovers() (all []leftover) {
	for id, n := range s.nodes {
		switch {
		case n.deleted():
			all = append(all, leftover{id: id, at: *n.stored.DeletedAt, bytes: s.bytesOf(n.spec())})
		case n.domain != nil || n.stored != nil:
			spec := n.spec()
			for i, k := range spec.Kept {
				bytes := s.volumes[spec.OverlayVolume(k.Generation)].Bytes
				all = append(all, leftover{id, k.Generation, k.At, bytes, i < len(spec.Kept)-maxKept})
			}
		}
	}
	slices.SortFunc(all, func(a, b leftover) int { return a.at.Compare(b.at) })
	return all
}

// bytesOf is what all overlays of a node take. s.mu must be held.
func (s *Service) bytesOf(spec lab.NodeSpec) int64 {
	sum := s.volumes[spec.OverlayVolume(spec.Generation)].Bytes
	for _, k := range spec.Kept {
		sum += s.volumes[spec.OverlayVolume(k.Generation)].Bytes
	}
	return sum
}

// purge deletes a leftover if, now that the node is reserved, it still is one.
func (c *change) purge(ctx context.Context, l leftover) error {
	if l.generation == 0 {
		if c.domain != nil || c.spec.DeletedAt == nil || !c.spec.DeletedAt.Equal(l.at) {
			return nil
		}
		return c.erase(ctx)
	}
	kept := lab.KeptOverlay{Generation: l.generation, At: l.at}
	i := slices.IndexFunc(c.spec.Kept, func(k lab.KeptOverlay) bool {
		return k.Generation == kept.Generation && k.At.Equal(kept.At)
	})
	if i < 0 {
		return nil
	}
	spec := c.spec
	spec.Kept = slices.Delete(slices.Clone(spec.Kept), i, i+1)
	if err := c.rewrite(ctx, spec); err != nil {
		return err
	}
	return c.dropGeneration(ctx, spec, l.generation)
}

// erase deletes every overlay and seed of a node without a domain, and then its spec.
func (c *change) erase(ctx context.Context) error {
	volumes, err := c.s.o.Pool.Volumes(ctx)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		if id, _, ok := lab.ParseNodeVolume(v.Name); !ok || id != c.id {
			continue
		}
		if err := c.drop(ctx, v.Name); err != nil {
			return err
		}
	}
	if err := c.s.o.Store.Delete(ctx, c.id); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	delete(c.s.diary.running, c.id)
	c.s.remember(entry{id: c.id, forget: true})
	return nil
}
