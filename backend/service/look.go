package service

import (
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// readLimit is how many nodes are read at once because of hints.
const readLimit = 4

// sight is what a reading found to have changed by itself.
type sight struct {
	started bool // it was off, or is new here and never started, and is active
	off     bool // it was active and is off
	unsaved bool // the store lacks what the domain says
}

// look reads one node and publishes what it has become. An error means that it
// could not be read.
func (s *Service) look(ctx context.Context, id string) (sight, error) {
	number := s.reading()
	d, err := s.o.Hypervisor.Domain(ctx, id)
	switch lab.KindOf(err) {
	case "":
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.observe(number, &d), nil
	case lab.KindNotFound:
		return sight{}, s.lookWithoutDomain(ctx, number, id)
	}
	return sight{}, err
}

func (s *Service) knows(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[id] != nil
}

// reading numbers a reading that is about to begin.
func (s *Service) reading() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
	return s.begun
}

// newer reports whether a reading is newer than what is known of a node, and
// notes it then. s.mu must be held.
func (s *Service) newer(id string, number uint64) bool {
	if s.seen[id] > number {
		return false
	}
	s.seen[id] = number
	return true
}

// observe takes what a reading found. s.mu must be held.
func (s *Service) observe(number uint64, d *lab.Domain) (seen sight) {
	id := d.Spec.ID
	if !s.newer(id, number) {
		return seen
	}
	n := s.at(id)
	if before := n.domain; before != nil {
		seen.started = !before.State.Active() && d.State.Active()
		seen.off = before.State.Active() && !d.State.Active()
	} else {
		seen.started = d.State.Active() && d.Spec.StartedAt == nil
	}
	n.domain, n.gone, n.alone = d, false, n.alone && d.PoweredOff
	if n.problemIn != d.State {
		n.problem = nil
	}
	seen.unsaved = n.unsaved()
	if seen.started || seen.off {
		s.stale(id)
	}
	s.touch(id)
	s.woken(id)
	s.show(id)
	s.turned(id)
	return seen
}

// woken tells whoever changes the node that it was read again. s.mu must be held.
func (s *Service) woken(id string) {
	if c := s.changes[id]; c != nil {
		ring(c.hinted)
	}
}

// lookWithoutDomain takes a node whose domain is gone: the store says whether
// the node is missing, deleted, or forgotten.
func (s *Service) lookWithoutDomain(ctx context.Context, number uint64, id string) error {
	if !s.knows(id) {
		return nil // a stranger's domain, most likely
	}
	specs, _, err := s.o.Store.Specs(ctx)
	if err != nil {
		return err
	}
	var stored *lab.NodeSpec
	if i := slices.IndexFunc(specs, func(spec lab.NodeSpec) bool { return spec.ID == id }); i >= 0 {
		stored = &specs[i]
	}
	s.mu.Lock()
	last := s.lastSpec(id, stored)
	s.observeGone(number, id, stored)
	s.mu.Unlock()
	if last != nil {
		s.tend(ctx, id, func(ctx context.Context, c *change) error { return c.saveLast(ctx, *last) })
	}
	return nil
}

// lastSpec is what a domain said before it went, if the store has not heard of
// it: others changed the node, and undefined it at once. s.mu must be held.
func (s *Service) lastSpec(id string, stored *lab.NodeSpec) *lab.NodeSpec {
	n := s.nodes[id]
	if n == nil || n.domain == nil || s.changes[id] != nil || stored == nil || stored.DeletedAt != nil {
		return nil
	}
	if !sound(n.domain) || same(*stored, n.domain.Spec) {
		return nil
	}
	return &n.domain.Spec
}

// saveLast makes the last spec of a domain that is gone the stored one.
func (c *change) saveLast(ctx context.Context, last lab.NodeSpec) error {
	if !c.known || c.domain != nil || c.spec.DeletedAt != nil {
		return nil
	}
	return c.save(ctx, last)
}

func (s *Service) observeGone(number uint64, id string, stored *lab.NodeSpec) {
	if !s.newer(id, number) {
		return
	}
	n := s.at(id)
	n.domain, n.gone, n.stored = nil, true, stored
	s.touch(id)
	s.woken(id)
	s.show(id)
	s.turned(id)
}

// notice takes a hint; it must not wait for anything.
func (s *Service) notice(h lab.Hint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Link != nil {
		s.linked(*h.Link)
	}
	if h.ID != "" {
		s.hinted(h.ID)
	}
}

// linked takes a new state of the connection. s.mu must be held.
func (s *Service) linked(l lab.Link) {
	news := s.link == nil || !same(*s.link, l)
	s.link, s.ready, s.trouble = &l, false, nil
	if news { // told last: to a slow reader a snapshot is sent instead
		s.hub.send(lab.Event{Kind: lab.EventLink, Link: &l})
	}
	if l.Connected {
		ring(s.again)
	}
	s.changed()
}

// hinted makes the node be read, or read again if it just is. s.mu must be held.
func (s *Service) hinted(id string) {
	_, underWay := s.readings[id]
	if s.ended {
		return
	}
	s.readings[id] = underWay
	if underWay {
		return
	}
	s.work.Go(func() { s.follow(id) })
}

// follow reads a node until nothing was hinted meanwhile.
func (s *Service) follow(id string) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	for again := true; again; {
		s.mu.Lock()
		s.readings[id] = false
		s.mu.Unlock()
		s.attend(s.ctx, id)
		s.mu.Lock()
		again = s.readings[id]
		if !again {
			delete(s.readings, id)
		}
		s.mu.Unlock()
	}
}

// attend reads a node because of a hint and does what follows from what it finds.
func (s *Service) attend(ctx context.Context, id string) {
	seen, err := s.look(ctx, id)
	if err != nil {
		s.o.Log.Debug("a hint could not be followed; the next connection makes up for it", "node", id, "error", err)
		return
	}
	s.mu.Lock()
	ours := s.changes[id] != nil
	s.mu.Unlock()
	if ours {
		return
	}
	if seen.off {
		s.measureNode(ctx, id)
		s.judgeEnd(ctx, id)
	}
	if seen.started || seen.unsaved {
		s.adopt(ctx, id, seen.started)
	}
}

// judgeEnd notes that a node's guest powered off by itself, if it did. Another
// SandBoxLabs that stops the node has it reserved for some time yet.
func (s *Service) judgeEnd(ctx context.Context, id string) {
	s.mu.Lock()
	n := s.nodes[id]
	off := n != nil && n.domain != nil && n.domain.PoweredOff
	s.mu.Unlock()
	if !off {
		return
	}
	s.tend(ctx, id, func(_ context.Context, c *change) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := s.nodes[id]; n != nil {
			n.alone = c.domain != nil && c.domain.PoweredOff
		}
		return nil
	})
}

// adopt writes down what others have done to a node: its definition, and when
// it was started.
func (s *Service) adopt(ctx context.Context, id string, started bool) {
	s.mu.Lock()
	n := s.nodes[id]
	if n == nil || n.domain == nil || !sound(n.domain) {
		s.mu.Unlock()
		return
	}
	before := n.domain.Spec.StartedAt
	s.mu.Unlock()
	s.tend(ctx, id, func(ctx context.Context, c *change) error {
		switch {
		case c.domain == nil || !sound(c.domain):
			return nil
		case started && c.state.Active() && same(before, c.spec.StartedAt):
			return c.started(ctx)
		}
		s.mu.Lock()
		unsaved := s.nodes[id].unsaved()
		s.mu.Unlock()
		if !unsaved {
			return nil
		}
		return c.save(ctx, c.spec)
	})
}

// measure reads a volume and remembers its size.
func (s *Service) measure(ctx context.Context, name string) (lab.Volume, error) {
	v, err := s.o.Pool.Volume(ctx, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch lab.KindOf(err) {
	case "":
		s.volumes[name] = v
	case lab.KindNotFound:
		delete(s.volumes, name)
	}
	return v, err
}

// measureNode reads the size of a node's overlay and publishes it.
func (s *Service) measureNode(ctx context.Context, id string) {
	s.mu.Lock()
	n := s.nodes[id]
	if n == nil || n.domain == nil {
		s.mu.Unlock()
		return
	}
	spec := n.spec()
	s.mu.Unlock()
	if _, err := s.measure(ctx, spec.OverlayVolume(spec.Generation)); err != nil {
		s.o.Log.Debug("an overlay could not be measured", "node", id, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.show(id)
}
