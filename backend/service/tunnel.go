package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// ConsoleLink gives the address that opens a node's console in a browser, in the
// web application of the gateway. It lets in whoever has it, as long as this
// process runs.
func (s *Service) ConsoleLink(ctx context.Context, node string) (string, error) {
	v, err := s.shown(node)
	if err != nil {
		return "", err
	}
	r, err := s.registryFor(v)
	if err != nil {
		return "", err
	}
	link, err := r.Link(ctx, v.ID)
	s.doubt(ctx, err)
	return link, err
}

// OpenTunnel implements lab.TunnelOpener.
func (s *Service) OpenTunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	v, err := s.shown(id)
	if err != nil {
		return nil, err
	}
	r, err := s.registryFor(v)
	if err != nil {
		return nil, err
	}
	t, err := r.Tunnel(ctx, v.ID, ask)
	s.doubt(ctx, err)
	return t, err
}

// registryFor gives the registry if it can show the node's console.
func (s *Service) registryFor(v lab.Node) (lab.Registry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case v.Gateway.State == lab.Direct:
		return nil, lab.Errorf(lab.KindUnavailable, "no gateway is set up").WithHint("Set one up in the settings.")
	case s.gate.registry == nil:
		return nil, errorOf(orNotReady(s.gate.status.Problem))
	case v.Gateway.State != lab.Registered:
		return nil, errorOf(orNotReady(v.Gateway.Problem))
	}
	return s.gate.registry, nil
}

func orNotReady(p *lab.Problem) *lab.Problem {
	if p != nil {
		return p
	}
	return &lab.Problem{Kind: lab.KindUnavailable, Message: "the gateway does not know the node yet", Hint: "Try again in a moment."}
}

// doubt has the web application tried anew if it did not do what was asked.
func (s *Service) doubt(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && lab.KindOf(err) == lab.KindUnavailable {
		ring(s.gate.relogin)
	}
}
