package service

import (
	"context"
	"slices"

	"sandboxlabs/backend/lab"
)

// Console gives a ticket for a console of an active node.
func (s *Service) Console(ctx context.Context, node string, kind lab.ConsoleKind) (lab.Ticket, error) {
	if !slices.Contains(lab.ConsoleKinds, kind) {
		return lab.Ticket{}, lab.Errorf(lab.KindInvalid, "there is no kind of console %q", kind).WithHint("Choose one of %v.", lab.ConsoleKinds)
	}
	if s.o.Consoles == nil {
		return lab.Ticket{}, lab.Errorf(lab.KindUnavailable, "consoles are served only by the window and by sandboxlabs serve")
	}
	id, err := s.active(ctx, node)
	if err == nil && kind == lab.ConsoleVisit { // a browser could only be told later
		_, err = s.registryFor(ctx, id)
	}
	if err != nil {
		return lab.Ticket{}, err
	}
	return s.o.Consoles.Ticket(ctx, id, kind)
}

// Screenshot gives a picture of an active node's display, and its MIME type.
func (s *Service) Screenshot(ctx context.Context, node string) (mime string, picture []byte, err error) {
	shooter, ok := s.o.Hypervisor.(lab.Screenshotter)
	if !ok {
		return "", nil, lab.Errorf(lab.KindUnavailable, "this hypervisor gives no pictures of displays")
	}
	id, err := s.active(ctx, node)
	if err != nil {
		return "", nil, err
	}
	return shooter.Screenshot(ctx, id)
}

// active gives the ID of a node that has a display now.
func (s *Service) active(ctx context.Context, node string) (id string, err error) {
	v, err := s.Show(ctx, node)
	if err == nil && !v.State.Active() {
		err = lab.Errorf(lab.KindBusy, "%s is not running", v.Name).WithHint("Start it to see its console.")
	}
	return v.ID, err
}
