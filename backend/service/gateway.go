package service

import (
	"cmp"
	"context"
	"time"

	"sandboxlabs/backend/lab"
)

// gate is what is known of the gateway and what it is yet to be told. s.mu guards it.
type gate struct {
	settings lab.GatewaySettings
	status   lab.GatewayStatus
	registry lab.Registry       // open; nil: not now
	shut     context.CancelFunc // closes it, for settings that have changed
	needed   bool               // somebody waits for it
	asked    bool               // somebody wants to know how it is
	tried    bool               // opening it was tried with these settings
	wake     chan struct{}      // tells the keeper that the settings, or what is needed, changed
	again    chan struct{}      // asks the keeper to compare everything
	relogin  chan struct{}      // asks the keeper to try the web application

	known    map[string]lab.Connection // what the gateway holds, by the node's ID, as far as we know
	current  map[string]bool           // nodes of which it holds what is true now
	telling  map[string]bool           // nodes it is being told of; true: touched meanwhile
	waiting  map[string]bool           // nodes touched while it was not open
	failures map[string]*failure       // nodes that could not be told

	stack   *stackJob    // the containers are being brought up or down; nil: they are not
	stackUp *lab.Problem // why they could not be brought up, until they can
}

// failure is why the gateway could not be told of a node, and the next attempt.
type failure struct {
	problem *lab.Problem
	wait    pause
	retry   *time.Timer
}

func newGate(o Options) gate {
	g := gate{
		settings: lab.GatewaySettings{Mode: lab.GatewayOff}, needed: o.Resident, asked: o.Resident,
		wake: make(chan struct{}, 1), again: make(chan struct{}, 1), relogin: make(chan struct{}, 1),
		known: make(map[string]lab.Connection), current: make(map[string]bool),
		telling: make(map[string]bool), waiting: make(map[string]bool), failures: make(map[string]*failure),
	}
	if o.Settings != nil && o.Gateway != nil {
		g.settings = o.Settings.Gateway()
	}
	g.status = g.fresh()
	return g
}

// fresh is the status of a gateway that has just been set so.
func (g *gate) fresh() lab.GatewayStatus {
	if g.settings.Mode == lab.GatewayOff {
		return lab.GatewayStatus{Mode: lab.GatewayOff, State: lab.GatewayIsOff}
	}
	return lab.GatewayStatus{Mode: g.settings.Mode, State: lab.GatewayConnecting, URL: g.settings.URL}
}

// Gateway tells all there is to tell of the gateway. What the containers do is
// asked afresh.
func (s *Service) Gateway(ctx context.Context) (lab.GatewayReport, error) {
	s.mu.Lock()
	settings := s.gate.settings
	if s.gate.stack != nil {
		settings = s.gate.stack.settings // what it will be
	}
	report := lab.GatewayReport{Status: s.gate.status, Settings: settings.Masked(), Services: []lab.StackService{}}
	s.mu.Unlock()
	if s.o.Stack == nil || report.Status.Mode != lab.GatewayStack {
		return report, nil
	}
	services, err := s.o.Stack.Services(ctx)
	if services != nil {
		report.Services = services
	}
	report.Problem = lab.ProblemOf(err)
	return report, lab.Cancelled(ctx)
}

// SetGateway keeps the settings and applies them at once: containers that are
// switched on are brought up, and those switched off are taken down. A password
// that is masked in the DSN stays what it is.
func (s *Service) SetGateway(ctx context.Context, in lab.GatewaySettings) (lab.GatewayStatus, error) {
	if err := s.hasGateway(); err != nil {
		return lab.GatewayStatus{}, err
	}
	s.mu.Lock()
	before, busy := s.gate.settings, s.gate.stack != nil
	s.mu.Unlock()
	in, err := in.Unmasked(before)
	if err := cmp.Or(err, in.Check()); err != nil {
		return lab.GatewayStatus{}, err
	}
	switch {
	case in.Mode == lab.GatewayStack:
		return s.stackUp(ctx, in)
	case before.Mode == lab.GatewayStack || busy:
		return s.stackDown(ctx, in)
	}
	return s.applyGateway(ctx, in)
}

// applyGateway keeps settings and has the keeper begin anew with them.
func (s *Service) applyGateway(ctx context.Context, in lab.GatewaySettings) (lab.GatewayStatus, error) {
	if err := s.o.Settings.SaveGateway(ctx, in); err != nil {
		return lab.GatewayStatus{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resettle(in)
	return s.gate.status, nil
}

// rereadGateway takes to what another process has set.
func (s *Service) rereadGateway() {
	if s.hasGateway() != nil || !s.o.Resident {
		return
	}
	in := s.o.Settings.Gateway()
	s.mu.Lock()
	defer s.mu.Unlock()
	if in != s.gate.settings && s.gate.stack == nil {
		s.resettle(in)
	}
}

// resettle begins anew with settings. s.mu must be held.
func (s *Service) resettle(in lab.GatewaySettings) {
	g := &s.gate
	g.stackUp = nil
	for _, f := range g.failures {
		f.retry.Stop()
	}
	if in != g.settings {
		s.hub.send(lab.Event{Kind: lab.EventSettings})
	}
	g.settings, g.tried = in, false
	if g.shut != nil {
		g.shut()
	}
	clear(g.known)
	clear(g.failures)
	clear(g.waiting)
	if g.stack == nil { // else that is told of
		s.setGateway(g.fresh())
	}
	s.unsettle()
	ring(g.wake)
}

func (s *Service) hasGateway() error {
	if s.o.Gateway == nil || s.o.Settings == nil {
		return lab.Errorf(lab.KindUnavailable, "this SandBoxLabs has no gateway")
	}
	return nil
}

// TestGateway tries settings, without keeping them, one step after the other.
func (s *Service) TestGateway(ctx context.Context, in lab.GatewaySettings) ([]lab.Check, error) {
	if err := s.hasGateway(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	before := s.gate.settings
	s.mu.Unlock()
	in, err := in.Unmasked(before)
	if err := cmp.Or(err, in.Check()); err != nil {
		return nil, err
	}
	access, err := s.accessOf(in)
	if err != nil {
		return nil, err
	}
	return s.o.Gateway.Test(ctx, access), lab.Cancelled(ctx)
}

// accessOf gives where the gateway of these settings is.
func (s *Service) accessOf(in lab.GatewaySettings) (access lab.GatewayAccess, err error) {
	switch in.Mode {
	case lab.GatewayExternal:
		access = lab.GatewayAccess{URL: in.URL, DSN: in.DSN, DisplayHost: in.DisplayHost, Recordings: in.Recordings}
	case lab.GatewayStack:
		if err = s.hasStack(); err == nil {
			access, err = s.o.Stack.Access()
		}
	default:
		err = lab.Errorf(lab.KindInvalid, "the gateway is off").WithHint("Choose a gateway first.")
	}
	access.Owner = s.o.Owner
	return access, err
}

// WaitGateway returns when the gateway is off, ready or failed, and opens it if
// this process has not yet. Why it failed is the error.
func (s *Service) WaitGateway(ctx context.Context) (status lab.GatewayStatus, err error) {
	s.mu.Lock()
	s.need()
	if !s.gate.asked {
		s.gate.asked = true
		ring(s.gate.again)
		ring(s.gate.relogin)
	}
	s.mu.Unlock()
	err = s.await(ctx, func() bool {
		status = s.gate.status
		switch status.State {
		case lab.GatewayIsOff, lab.GatewayReady, lab.GatewayFailed:
			return s.gate.stack == nil
		}
		return false
	})
	if err == nil && status.State == lab.GatewayFailed {
		err = errorOf(status.Problem)
	}
	return status, err
}

// need has the keeper open the gateway. s.mu must be held.
func (s *Service) need() {
	if s.gate.needed {
		return
	}
	s.gate.needed = true
	ring(s.gate.wake)
	for id := range s.nodes { // now it is asked how they are known there
		s.show(id)
	}
}

// setGateway publishes a status of the gateway. s.mu must be held.
func (s *Service) setGateway(status lab.GatewayStatus) {
	defer s.changed()
	if same(s.gate.status, status) {
		return
	}
	s.gate.status = status
	s.hub.send(lab.Event{Kind: lab.EventGateway, Gateway: &status})
}

// unsettle notes that what the gateway holds of the nodes is not known to be
// true any more, and publishes that. s.mu must be held.
func (s *Service) unsettle() {
	clear(s.gate.current)
	for id := range s.nodes {
		s.show(id)
	}
}

// registration tells how far a node is known at the gateway. s.mu must be held.
func (s *Service) registration(id string) lab.Registration {
	g := &s.gate
	switch f := g.failures[id]; {
	case g.settings.Mode == lab.GatewayOff:
		return lab.Registration{State: lab.Direct}
	case g.current[id]:
		return lab.Registration{State: lab.Registered}
	case f != nil:
		return lab.Registration{State: lab.Registering, Problem: f.problem}
	case !g.needed:
		return lab.Registration{State: lab.Unasked}
	case g.registry == nil:
		return lab.Registration{State: lab.Registering, Problem: g.status.Problem}
	}
	return lab.Registration{State: lab.Registering}
}
