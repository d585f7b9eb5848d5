package service

import (
	"cmp"
	"context"
	"time"
)

// reconcileEvery is how often everything is read for what the hints missed.
const reconcileEvery = 45 * time.Second

// Run makes the service work until ctx ends: it reads the store, watches the
// hypervisor, reconciles, sweeps once, and purges what was kept long enough.
// It returns when the work under way has come to an end: what waits for a guest
// is given up, what only takes a moment is done.
func (s *Service) Run(ctx context.Context) error {
	s.load(ctx)
	if s.o.Gateway != nil {
		s.work.Go(func() { s.keepGateway(s.ctx) })
	}
	if s.o.Settings != nil && s.o.Resident {
		s.work.Go(s.watchSettings)
	}
	s.o.Hypervisor.Watch(ctx, s.notice)
	s.loop(ctx)
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	return nil
}

// load shows the nodes of the store before libvirt has been asked.
func (s *Service) load(ctx context.Context) {
	specs, problems, err := s.o.Store.Specs(ctx)
	if err != nil {
		s.o.Log.Error("the specs can not be read", "error", err)
	}
	for _, p := range problems {
		s.o.Log.Warn("a spec can not be read", "problem", p.Message)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, spec := range specs {
		s.at(spec.ID).stored = &spec
		s.show(spec.ID)
	}
}

func (s *Service) loop(ctx context.Context) {
	slow := time.NewTimer(reconcileEvery)
	defer slow.Stop()
	expiry := time.NewTimer(reconcileEvery)
	defer expiry.Stop()
	swept, armed := false, true
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.again:
			swept = s.refresh(ctx, swept)
		case <-slow.C:
			armed = false
			s.reread(ctx)
			swept = s.refresh(ctx, swept)
		case <-s.altered:
			s.reread(ctx)
		case <-s.aside:
		case <-s.stirred:
		case <-expiry.C:
		}
		if rest := swept && s.resting(); rest && armed { // not even the timer goes off
			armed = false
			slow.Stop()
		} else if !rest && !armed {
			armed = true
			slow.Reset(reconcileEvery)
		}
		expiry.Reset(s.purge(ctx))
	}
}

// Unseen tells whether nobody looks at what the service shows. While that is so and
// no node runs, nothing is read but what libvirt tells of; what was missed is read
// as soon as somebody looks again.
func (s *Service) Unseen(unseen bool) {
	s.mu.Lock()
	was := s.unseen
	s.unseen = unseen
	s.mu.Unlock()
	ring(s.stirred)
	if was && !unseen {
		ring(s.altered)
		ring(s.again)
	}
}

// resting reports whether nobody looks, and nothing goes on that could want anybody's
// attention: a node that runs may fill the disk.
func (s *Service) resting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unseen || s.trouble != nil || len(s.changes) > 0 {
		return false
	}
	for _, n := range s.nodes {
		if n.shown != nil && n.shown.State.Active() {
			return false
		}
	}
	return true
}

// refresh reconciles, and sweeps the first time that everything could be read.
func (s *Service) refresh(ctx context.Context, swept bool) bool {
	if !s.connected() {
		return swept
	}
	volumes, stockErr := s.stock(ctx)
	err := s.reconcile(ctx)
	if err := cmp.Or(err, stockErr); err != nil {
		s.o.Log.Warn("not everything could be read", "error", err)
		return swept
	}
	if !swept {
		// also in a run that is over already: there may be no longer one
		s.sweep(context.WithoutCancel(ctx), volumes)
		s.sweepReceptions(context.WithoutCancel(ctx))
		s.resumeAdditions(ctx)
		s.dropUnsettled(context.WithoutCancel(ctx))
	}
	return true
}

func (s *Service) connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link != nil && s.link.Connected
}
