package cli

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// How long the end of a command waits for what it began: a moment if a person
// interrupted it, longer if not.
const (
	settleLimit = 30 * time.Second
	hurryLimit  = 3 * time.Second
)

// gatewayLimit is how long the end of a command waits for a gateway that is slow:
// whoever comes next tells it what it missed.
const gatewayLimit = time.Second

// session opens a service and runs it while do works with it. connected says
// whether do needs libvirt.
func (f *face) session(ctx context.Context, connected bool, do func(context.Context, *service.Service) error) error {
	s, shut, err := f.Open(f.uri)
	if err != nil {
		return err
	}
	err = Run(ctx, s, func(ctx context.Context) error {
		if err := s.Ready(ctx); err != nil && connected {
			return err
		}
		if err := lab.Cancelled(ctx); err != nil { // all may have been ready at once
			return err
		}
		return do(ctx, s)
	})
	return errors.Join(err, shut())
}

// Run runs a service while do works with it.
func Run(ctx context.Context, s *service.Service, do func(context.Context) error) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(life) }()
	err := do(ctx)
	end()
	return errors.Join(err, <-ended)
}

// settled is a session that stays until what do began is done.
func (f *face) settled(ctx context.Context, do func(context.Context, *service.Service) error) error {
	return f.session(ctx, true, func(ctx context.Context, s *service.Service) error {
		err := do(ctx, s)
		limit := settleLimit
		if ctx.Err() != nil {
			limit = hurryLimit
		}
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		defer cancel()
		err = errors.Join(err, s.Settle(limited))
		limited, cancel = context.WithTimeout(context.WithoutCancel(ctx), gatewayLimit)
		defer cancel()
		if late := s.SettleGateway(limited); late != nil {
			slog.Warn("ended before the gateway was told of everything", "error", late)
		}
		return err
	})
}
