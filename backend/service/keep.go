package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"sandboxlabs/backend/lab"
)

// closeLimit is how long it may take to end what the gateway holds of this run.
const closeLimit = 3 * time.Second

// pause is the time between two attempts; each is twice the one before.
type pause time.Duration

const (
	firstPause   = pause(250 * time.Millisecond)
	longestPause = pause(30 * time.Second)
)

// next gives how long to wait now.
func (p *pause) next() time.Duration {
	*p = min(max(2**p, firstPause), longestPause)
	return time.Duration(*p)
}

// errResettled ends the use of a gateway whose settings have changed.
var errResettled = errors.New("the settings changed")

// keepGateway has the gateway open while it is needed, and opens it again when
// it was lost or its settings changed.
func (s *Service) keepGateway(ctx context.Context) {
	var wait pause
	for ctx.Err() == nil {
		var retry <-chan time.Time
		s.mu.Lock()
		wanted := s.wantsGateway()
		s.mu.Unlock()
		if wanted {
			begun := time.Now()
			err := s.useGateway(ctx)
			if errors.Is(err, errResettled) {
				wait = 0
				continue
			}
			if time.Since(begun) > time.Duration(longestPause) { // else it may lose us again at once
				wait = 0
			}
			s.gatewayFailed(ctx, err)
			retry = time.After(wait.next())
		}
		select {
		case <-ctx.Done():
		case <-s.gate.wake:
		case <-retry:
		}
	}
}

// wantsGateway reports whether the gateway is to be open now. s.mu must be held.
func (s *Service) wantsGateway() bool {
	return s.gate.needed && s.gate.settings.Mode != lab.GatewayOff && s.gate.stack == nil
}

// useGateway opens the gateway and keeps it in step until it is lost, its
// settings change or ctx ends. It gives which of these it was.
func (s *Service) useGateway(ctx context.Context) error {
	life, end := context.WithCancelCause(ctx)
	defer end(nil)
	s.mu.Lock()
	settings, wanted := s.gate.settings, s.wantsGateway()
	s.gate.shut = func() { end(errResettled) }
	s.mu.Unlock()
	if !wanted { // it was switched off, or its containers began to go, just now
		return errResettled
	}
	access, err := s.accessOf(settings)
	if err != nil {
		return err
	}
	registry, err := s.o.Gateway.Open(life, access, func(lost error) { end(lost) })
	if err != nil {
		return cmp.Or(resettled(life), err)
	}
	s.gatewayOpened(life, registry, access)
	s.attendGateway(life, registry)
	s.closeGateway(ctx, registry, context.Cause(life))
	return context.Cause(life)
}

// resettled gives errResettled if that is what ended life.
func resettled(life context.Context) error {
	if cause := context.Cause(life); errors.Is(cause, errResettled) {
		return cause
	}
	return nil
}

// gatewayOpened lets everybody use the registry, unless its life is over.
func (s *Service) gatewayOpened(life context.Context, r lab.Registry, access lab.GatewayAccess) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if life.Err() != nil {
		return
	}
	g := &s.gate
	g.registry, g.tried, g.stackUp = r, true, nil
	status := g.fresh()
	status.Schema, status.URL = r.Schema(), access.URL
	s.setGateway(status)
	for id := range g.waiting {
		delete(g.waiting, id)
		s.tellOf(id)
	}
}

// closeGateway ends the use of the registry, because of cause: nobody else takes
// it up, and what this run has there is ended.
func (s *Service) closeGateway(ctx context.Context, r lab.Registry, cause error) {
	s.mu.Lock()
	s.gate.registry, s.gate.shut = nil, nil
	s.unsettle()
	s.mu.Unlock()
	if !errors.Is(cause, errResettled) {
		s.gatewayFailed(ctx, cause) // at once: leaving takes a moment
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	if err := r.Close(limited); err != nil {
		s.o.Log.Debug("the gateway could not be left in order", "error", err)
	}
}

// gatewayFailed tells that the gateway is not open, and why. That its containers
// could not be brought up tells more than that nothing answers.
func (s *Service) gatewayFailed(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.gate
	if err == nil || ctx.Err() != nil || g.settings.Mode == lab.GatewayOff || g.stack != nil {
		return
	}
	problem := cmp.Or(g.stackUp, unanswered(g.settings.Mode, lab.ProblemOf(err)))
	if p := g.status.Problem; p == nil || *p != *problem {
		s.o.Log.Warn("the gateway can not be used", "error", err)
	}
	g.tried = true
	status := g.status
	status.State, status.Problem = lab.GatewayFailed, problem
	s.setGateway(status)
	s.unsettle()
}

// unanswered gives the remedy for containers of ours that do not answer.
func unanswered(mode lab.GatewayMode, p *lab.Problem) *lab.Problem {
	if mode != lab.GatewayStack || p.Kind != lab.KindUnavailable {
		return p
	}
	return &lab.Problem{Kind: p.Kind, Message: p.Message, Hint: "Start its containers: under Health, or with sandboxlabs gateway up."}
}

// attendance is the use of one open registry.
type attendance struct {
	s        *Service
	registry lab.Registry
	app      chore // a login at the web application
	rows     chore // a comparison of everything
}

// chore is what is tried until it succeeds.
type chore struct {
	tried bool
	err   error
	wait  pause
	retry <-chan time.Time
}

// ended notes how an attempt ended.
func (c *chore) ended(err error) {
	c.tried = true
	if c.err, c.retry = err, nil; err == nil {
		c.wait = 0
		return
	}
	c.retry = time.After(c.wait.next())
}

// attendGateway compares everything when asked to, and tries the web application
// until it answers, as long as life lasts.
func (s *Service) attendGateway(life context.Context, r lab.Registry) {
	a := &attendance{s: s, registry: r}
	s.mu.Lock()
	if s.gate.asked {
		ring(s.gate.again)
		ring(s.gate.relogin)
	}
	s.mu.Unlock()
	for life.Err() == nil {
		select {
		case <-life.Done():
		case <-s.gate.again:
			a.compare(life)
		case <-a.rows.retry:
			a.compare(life)
		case <-s.gate.relogin:
			a.login(life)
		case <-a.app.retry:
			a.login(life)
		}
	}
}

func (a *attendance) login(ctx context.Context) {
	err := a.registry.Login(ctx)
	if ctx.Err() == nil {
		a.app.ended(err)
		a.tell(ctx)
	}
}

// compare reads what the gateway holds. Every node is told again where it
// differs, and what is no node's goes, in the process that stays.
func (a *attendance) compare(ctx context.Context) {
	connections, err := a.registry.Connections(ctx)
	if ctx.Err() != nil {
		return
	}
	a.rows.ended(err)
	if err == nil {
		for _, id := range a.s.takeConnections(connections) {
			a.s.removeOrphan(ctx, a.registry, id)
		}
	}
	a.tell(ctx)
}

// tell publishes how the gateway is. It is ready when both have answered.
func (a *attendance) tell(life context.Context) {
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if life.Err() != nil { // what comes after has been told
		return
	}
	status := a.s.gate.status
	switch err := cmp.Or(a.rows.err, a.app.err); {
	case err != nil:
		status.State, status.Problem = lab.GatewayFailed, lab.ProblemOf(err)
	case a.rows.tried && a.app.tried:
		status.State, status.Problem = lab.GatewayReady, nil
	}
	a.s.setGateway(status)
}

// takeConnections notes what the gateway holds, and gives the IDs of what seems
// to be no node's.
func (s *Service) takeConnections(connections []lab.Connection) (orphans []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.gate
	clear(g.known)
	for _, c := range connections {
		g.known[c.ID] = c
		if n := s.nodes[c.ID]; s.ready && s.o.Resident && (n == nil || !s.listed(c.ID, n)) {
			orphans = append(orphans, c.ID)
		}
	}
	for id, n := range s.nodes {
		switch {
		case !s.listed(id, n):
		case s.o.Resident:
			s.touch(id)
		default:
			_, g.current[id] = g.known[id]
			s.show(id)
		}
	}
	return orphans
}

// removeOrphan removes a connection if, now that it was asked for, there is no
// such node: another process may have made it just now.
func (s *Service) removeOrphan(ctx context.Context, r lab.Registry, id string) {
	if lab.CheckID(id) == nil {
		if _, err := s.look(ctx, id); err != nil {
			return // the next comparison may know more
		}
	}
	s.mu.Lock()
	n := s.nodes[id]
	there := n != nil && s.listed(id, n) || s.changes[id] != nil
	s.mu.Unlock()
	if there {
		return
	}
	if err := r.Remove(ctx, id); err != nil {
		s.o.Log.Debug("a connection of no node stays until the next comparison", "connection", id, "error", err)
	}
}

// SettleGateway returns when the gateway has been told of everything that this
// process did, or can not be told now.
func (s *Service) SettleGateway(ctx context.Context) error {
	return s.await(ctx, func() bool {
		g := &s.gate
		failing := g.registry == nil && (g.tried || g.settings.Mode == lab.GatewayOff)
		return len(g.telling) == 0 && (len(g.waiting) == 0 || failing)
	})
}
