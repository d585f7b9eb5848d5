package cli

import (
	"context"
	"errors"
	"time"

	"sandboxlabs/backend/service"
)

// settleLimit is how long a command that was interrupted takes to leave what it
// began whole.
const settleLimit = 30 * time.Second

// session runs a service while do works with it. connected says whether do
// needs libvirt.
func (f *face) session(ctx context.Context, connected bool, do func(context.Context, *service.Service) error) error {
	s, err := f.Open(f.uri)
	if err != nil {
		return err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(life) }()
	defer func() {
		end()
		<-ended
	}()
	if err := s.Ready(ctx); err != nil && connected {
		return err
	}
	return do(ctx, s)
}

// settled is a session that stays until what do began is done.
func (f *face) settled(ctx context.Context, do func(context.Context, *service.Service) error) error {
	return f.session(ctx, true, func(ctx context.Context, s *service.Service) error {
		err := do(ctx, s)
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
		defer cancel()
		return errors.Join(err, s.Settle(limited))
	})
}
