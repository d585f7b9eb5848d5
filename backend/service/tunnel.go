package service

import (
	"context"
	"time"

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
	r, err := s.registryFor(ctx, v.ID)
	if err != nil {
		return "", err
	}
	link, err := r.Link(ctx, v.ID)
	s.doubt(ctx, err)
	return link, err
}

// OpenTunnel implements lab.TunnelOpener. A node that is being registered just
// now is waited for a moment.
func (s *Service) OpenTunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	v, err := s.shown(id)
	if err != nil {
		return nil, err
	}
	r, err := s.registryFor(ctx, v.ID)
	if err != nil {
		return nil, err
	}
	t, err := r.Tunnel(ctx, v.ID, ask)
	s.doubt(ctx, err)
	return t, err
}

// registeredLimit is how long a registration under way is waited for.
const registeredLimit = 2 * time.Second

// registryFor gives the registry if it can show the node's console, or can in a
// moment.
func (s *Service) registryFor(ctx context.Context, id string) (r lab.Registry, err error) {
	limited, cancel := context.WithTimeout(ctx, registeredLimit)
	defer cancel()
	var way lab.Registration
	var gateway lab.GatewayStatus
	late := s.await(limited, func() bool {
		r, gateway, way = s.gate.registry, s.gate.status, s.registration(id)
		return r == nil || way.State != lab.Registering || way.Problem != nil
	})
	switch {
	case lab.Cancelled(ctx) != nil:
		return nil, lab.Cancelled(ctx)
	case way.State == lab.Direct:
		return nil, lab.Errorf(lab.KindUnavailable, "no gateway is set up").WithHint("Set one up in the settings.")
	case r == nil:
		return nil, errorOf(orNotReady(gateway.Problem))
	case late != nil || way.State != lab.Registered:
		return nil, errorOf(orNotReady(way.Problem))
	}
	return r, nil
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
