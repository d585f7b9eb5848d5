package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Autostart tells whether the window is started with the desktop session.
func (s *Service) Autostart(ctx context.Context) (lab.Autostart, error) {
	if s.o.Autostart == nil {
		return lab.Autostart{}, errNoAutostart
	}
	return s.o.Autostart.Autostart(ctx)
}

// SetAutostart switches that on or off, and tells how it is then.
func (s *Service) SetAutostart(ctx context.Context, on bool) (lab.Autostart, error) {
	if s.o.Autostart == nil {
		return lab.Autostart{}, errNoAutostart
	}
	if err := s.o.Autostart.SetAutostart(ctx, on); err != nil {
		return lab.Autostart{}, err
	}
	return s.o.Autostart.Autostart(ctx)
}

var errNoAutostart = lab.Errorf(lab.KindUnavailable, "there is no desktop session to start with here")
