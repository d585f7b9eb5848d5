package service

import (
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// unwritten is what an overlay takes at most that no guest has written to.
const unwritten = 1 << 20

// sweep deletes the overlays and seeds that a crash has left behind: those a sound
// domain neither uses nor keeps, and others only if nobody ever wrote to them.
func (s *Service) sweep(ctx context.Context, volumes []lab.Volume) {
	for _, v := range volumes {
		id, generation, ok := lab.ParseNodeVolume(v.Name)
		if !ok || s.inUse(id, generation, v.Path) {
			continue
		}
		s.tend(ctx, id, func(ctx context.Context, c *change) error { return c.sweep(ctx, v.Name, generation) })
	}
}

// inUse reports whether an overlay is a known node's, by what is in memory.
func (s *Service) inUse(id string, generation int, path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[id]
	return n != nil && (refersTo(n.spec(), generation) || n.domain != nil && n.domain.Overlay == path)
}

// refersTo reports whether a spec uses or keeps a generation of its overlay.
func refersTo(spec lab.NodeSpec, generation int) bool {
	return spec.Generation == generation || keeps(spec, generation)
}

func keeps(spec lab.NodeSpec, generation int) bool {
	return slices.ContainsFunc(spec.Kept, func(k lab.KeptOverlay) bool { return k.Generation == generation })
}

// sweep deletes an overlay or a seed if, now that the node is reserved, it still is an orphan.
func (c *change) sweep(ctx context.Context, volume string, generation int) error {
	v, err := c.s.o.Pool.Volume(ctx, volume)
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	if err != nil || !c.orphan(v, generation) {
		return err
	}
	if copier, ok := c.s.o.Hypervisor.(lab.Copier); ok && c.state.Active() { // it may be the copy of a backup that died
		if err := copier.EndCopy(ctx, c.id, volume); err != nil {
			return err
		}
	}
	return c.drop(ctx, volume)
}

// sweepReceptions removes what a restore has left that died; the disks that it
// placed and made no nodes of are unsettled.
func (s *Service) sweepReceptions(ctx context.Context) {
	receiver, ok := s.o.Library.(lab.Receiver)
	if !ok {
		return
	}
	if err := receiver.SweepReceptions(ctx); err != nil {
		s.o.Log.Warn("what a restore left stays until the next start", "error", err)
	}
}

func (c *change) orphan(v lab.Volume, generation int) bool {
	switch {
	case c.known && refersTo(c.spec, generation), c.domain != nil && c.domain.Overlay == v.Path:
		return false
	case c.domain != nil && sound(c.domain):
		return true
	}
	return v.Bytes <= unwritten
}

// dropGeneration deletes a generation of the node's overlay, and its seed before
// it: there is none then without the disk it is for.
func (c *change) dropGeneration(ctx context.Context, spec lab.NodeSpec, n int) error {
	if spec.FirstBoot != nil {
		if err := c.drop(ctx, spec.SeedVolume(n)); err != nil {
			return err
		}
	}
	return c.drop(ctx, spec.OverlayVolume(n))
}

// drop deletes a volume and forgets its size.
func (c *change) drop(ctx context.Context, volume string) error {
	if err := c.s.o.Pool.Delete(ctx, volume); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	delete(c.s.volumes, volume)
	return nil
}
