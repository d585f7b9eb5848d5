package service

import (
	"context"
	"errors"
	"time"

	"sandboxlabs/backend/lab"
)

// touch has the gateway told of a node that may have changed. A process that
// does not stay tells only of the nodes it changes. s.mu must be held.
func (s *Service) touch(id string) {
	if c := s.changes[id]; s.o.Resident || c != nil && !c.quiet {
		s.tellOf(id)
	}
}

// tellOf has the gateway told of a node, once more if it just is being told.
// s.mu must be held.
func (s *Service) tellOf(id string) {
	g := &s.gate
	if s.ended || g.settings.Mode == lab.GatewayOff {
		return
	}
	if g.registry == nil {
		g.waiting[id] = true
		s.need()
		return
	}
	_, underWay := g.telling[id]
	g.telling[id] = underWay
	if underWay {
		return
	}
	registry := g.registry
	s.work.Go(func() { s.tell(s.ctx, registry, id) })
}

// stale notes that what the gateway holds of a node leads to a display that is
// gone. s.mu must be held.
func (s *Service) stale(id string) { delete(s.gate.current, id) }

// tell tells the gateway of a node until nothing has touched it meanwhile.
func (s *Service) tell(ctx context.Context, r lab.Registry, id string) {
	for again := true; again; {
		s.mu.Lock()
		s.gate.telling[id] = false
		s.mu.Unlock()
		err := s.register(ctx, r, id)
		s.mu.Lock()
		again = s.gate.telling[id] // also after a failure, whose cause may be what was changed
		if !again {
			delete(s.gate.telling, id)
			s.toldOf(ctx, id, err)
		}
		s.mu.Unlock()
	}
}

// toldOf notes how telling of a node ended; after a failure it is tried again by
// and by. s.mu must be held.
func (s *Service) toldOf(ctx context.Context, id string, err error) {
	g := &s.gate
	defer s.show(id)
	defer s.changed()
	if err == nil {
		delete(g.failures, id)
		return
	}
	if ctx.Err() != nil || errors.Is(err, errResettled) { // the next comparison tells
		return
	}
	f := g.failures[id]
	if f == nil {
		f = &failure{}
		g.failures[id] = f
	}
	if f.retry != nil {
		f.retry.Stop()
	}
	f.problem = lab.ProblemOf(err)
	delete(g.current, id)
	f.retry = time.AfterFunc(f.wait.next(), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if g.failures[id] == f {
			s.tellOf(id)
		}
	})
}

// register brings the gateway to what the node is now. The display is looked at
// again afterwards: another process may have given it another password meanwhile,
// and have told that before this did.
func (s *Service) register(ctx context.Context, r lab.Registry, id string) error {
	for {
		want, what, err := s.wanted(ctx, id)
		switch {
		case err != nil || what == unknowable:
			return err
		case what == unwanted:
			return s.deregister(ctx, r, id)
		case s.holds(id, want):
			return nil
		}
		if err := r.Register(ctx, want); err != nil {
			return err
		}
		s.mu.Lock()
		open := s.gate.registry == r // else what it holds says nothing of the next one
		if open {
			s.gate.known[id] = want
		}
		s.mu.Unlock()
		if !open {
			return errResettled
		}
	}
}

func (s *Service) deregister(ctx context.Context, r lab.Registry, id string) error {
	if err := r.Remove(ctx, id); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.gate.known, id)
	delete(s.gate.current, id)
	return nil
}

// holds reports whether the gateway holds just this, and notes that then.
func (s *Service) holds(id string, want lab.Connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.gate.known[id]
	if !ok || !lab.SameConnection(known, want) {
		return false
	}
	s.gate.current[id] = true
	return true
}

// What the gateway should hold of a node.
type wish int

const (
	unknowable wish = iota // it is not known what the node is
	wanted                 // a connection
	unwanted               // nothing
)

// wanted gives what the gateway should hold of a node now.
func (s *Service) wanted(ctx context.Context, id string) (c lab.Connection, what wish, err error) {
	s.mu.Lock()
	n := s.nodes[id]
	if n == nil || !s.listed(id, n) {
		making := s.changes[id] != nil && s.changes[id].making
		s.mu.Unlock()
		if making {
			return c, unknowable, nil
		}
		return c, unwanted, nil
	}
	elsewhere := s.gate.settings.Mode == lab.GatewayExternal && s.gate.settings.DisplayHost != ""
	spec, known, active := n.spec(), n.domain != nil || n.gone, n.domain != nil && n.domain.State.Active()
	s.mu.Unlock()
	if !known {
		return c, unknowable, nil
	}
	c = lab.Connection{ID: id, Name: spec.Name, Parameters: spec.Guacamole}
	if active {
		c.VNC, c.Password, err = s.display(ctx, id)
	}
	if elsewhere && c.VNC != nil { // it stands for wherever the display listens here
		c.VNC = &lab.VNC{Host: "127.0.0.1", Port: c.VNC.Port}
	}
	return c, wanted, err
}

// display gives where a node's display is; one that has just gone has none.
func (s *Service) display(ctx context.Context, id string) (*lab.VNC, string, error) {
	teller, ok := s.o.Hypervisor.(lab.DisplayTeller)
	if !ok {
		return nil, "", nil
	}
	vnc, password, err := teller.Display(ctx, id)
	if kind := lab.KindOf(err); kind == lab.KindBusy || kind == lab.KindNotFound {
		return nil, "", nil
	}
	return vnc, password, err
}
