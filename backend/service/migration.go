package service

import (
	"context"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// migration is nodes of the web prototype that come over.
type migration struct {
	s       *Service
	adopter lab.Adopter
	folder  lab.PrototypeFolder
	in      MigrateInput
	specs   []lab.NodeSpec // of the nodes, as far as they are known before their images are here
	on      []int          // which image each node stands on; -1: not known
	paths   map[string]int // of the images: which it is
	cancel  context.CancelFunc

	value lab.Migration  // guarded by s.mu
	shown *lab.Migration // as last published; nil: not yet. Guarded by s.mu
	told  time.Time      // when that was. Guarded by s.mu
	due   bool           // progress is to be told before long. Guarded by s.mu
	begun int64          // DoneBytes when the present file began
}

// change changes the value and publishes it.
func (m *migration) change(change func(*lab.Migration)) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	change(&m.value)
	m.show()
}

// show publishes the value. s.mu must be held.
func (m *migration) show() {
	v := m.value
	v.Images, v.Nodes = slices.Clone(v.Images), slices.Clone(v.Nodes)
	m.shown, m.told = &v, time.Now()
	m.s.hub.send(lab.Event{Kind: lab.EventMigration, Migration: &v})
	m.s.changed()
}

// at notes how many bytes of the present file have been read, and tells it now and
// then: what is not told at once is told soon, for nothing may follow it for long.
func (m *migration) at(bytes int64) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.value.DoneBytes = max(m.value.DoneBytes, min(m.begun+bytes, m.value.Bytes))
	wait := tellEvery - time.Since(m.told)
	switch {
	case m.due:
	case wait <= 0:
		m.show()
	default:
		m.due = true
		time.AfterFunc(wait, m.tellProgress)
	}
}

func (m *migration) tellProgress() {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.due = false
	if m.value.Status == lab.MigrationRunning {
		m.show()
	}
}

// begin notes that a file begins, of which status is told.
func (m *migration) begin(status func(*lab.Migration)) {
	m.change(func(v *lab.Migration) {
		m.begun = v.DoneBytes
		status(v)
	})
}

// WaitMigration returns when no nodes of the web prototype are coming over any
// more, with what came of those that did last.
func (s *Service) WaitMigration(ctx context.Context) (v lab.Migration, err error) {
	there := false
	err = s.await(ctx, func() bool {
		if there = s.moving != nil; there {
			v = *s.moving.shown
		}
		return v.Status != lab.MigrationRunning
	})
	if err == nil && !there {
		err = errNoMigration
	}
	return v, err
}

var errNoMigration = lab.Errorf(lab.KindNotFound, "no nodes of a web prototype are coming over")

// CancelMigration ends what is under way. The nodes that are here stay; nothing
// is left of the one that was just coming.
func (s *Service) CancelMigration(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moving == nil || s.moving.value.Status != lab.MigrationRunning {
		return errNoMigration
	}
	s.moving.cancel()
	return nil
}

// dropUnsettled removes the disks that were adopted by processes that died before
// there was a node with them. Those of nodes that are there are left to the next
// migration, which may have something to remove where they came from.
func (s *Service) dropUnsettled(ctx context.Context) {
	adopter, ok := s.o.Library.(lab.Adopter)
	if !ok {
		return
	}
	volumes, err := adopter.Unsettled(ctx)
	if err != nil {
		s.o.Log.Warn("disks that were left by a migration could not be looked for", "error", err)
	}
	for _, volume := range volumes {
		id, _, _ := lab.ParseOverlayVolume(volume)
		s.tend(ctx, id, func(ctx context.Context, c *change) error {
			if c.known {
				return nil
			}
			if err := c.drop(ctx, volume); err != nil {
				return err
			}
			return adopter.Settle(ctx, volume)
		})
	}
}
