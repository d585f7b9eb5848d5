package service

import (
	"context"
	"reflect"
	"time"

	"sandboxlabs/backend/lab"
)

// mercyTime is how long what was kept for undoing is still kept after a person
// set that less is to be: until then they can take that back, and lose nothing.
const mercyTime = time.Minute

// mercy is how much is kept for undoing beyond what is set, and until when. s.mu guards it.
type mercy struct {
	time  time.Duration
	bytes int64
	until time.Time
}

// Settings gives what a person sets, read anew, and takes to it.
func (s *Service) Settings(ctx context.Context) (lab.Settings, error) {
	if s.o.Settings == nil {
		return lab.Settings{}, errNoSettings
	}
	read, tuning, err := s.o.Settings.Settings(ctx)
	if err != nil {
		s.spoiled(err)
		return read, err
	}
	s.take(read, tuning)
	return read, nil
}

// ChangeSettings sets some of them, and takes to it at once where that can be.
func (s *Service) ChangeSettings(ctx context.Context, change lab.SettingsChange) (lab.Settings, error) {
	if s.o.Settings == nil {
		return lab.Settings{}, errNoSettings
	}
	changed, tuning, err := s.o.Settings.ChangeSettings(ctx, change)
	if err != nil {
		return changed, err
	}
	s.take(changed, tuning)
	return changed, nil
}

var errNoSettings = lab.Errorf(lab.KindUnavailable, "this SandBoxLabs has no settings")

// Desktop gives what a person set of the desktop, as it is now; EventDesktop tells of the next.
func (s *Service) Desktop() lab.Desktop { return s.tuned().Desktop }

func (s *Service) tuned() lab.Tuning {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tuning
}

// watchSettings has Run read the settings whenever they may be others, until the service ends.
func (s *Service) watchSettings() {
	if err := s.o.Settings.Watch(s.ctx, func() { ring(s.altered) }); err != nil {
		s.o.Log.Warn("what is changed in the settings by hand is seen within a minute alone", "error", err)
	}
}

// reread takes to what another process, or a person, has set. That it can not be read
// is told already.
func (s *Service) reread(ctx context.Context) {
	if s.o.Settings == nil {
		return
	}
	_, _ = s.Settings(ctx)
	s.rereadGateway()
}

// spoiled notes that the settings can not be read, and tells of it once.
func (s *Service) spoiled(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == why.Error() {
		return
	}
	s.fault = why.Error()
	s.o.Log.Warn("the settings can not be read; what held before goes on to hold", "error", why)
	s.hub.send(lab.Event{Kind: lab.EventSettings})
}

// take takes to what was read, and tells of it if it is other than what was read before.
func (s *Service) take(read lab.Settings, to lab.Tuning) {
	to = Options{Tuning: to}.withDefaults().Tuning
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != "" || s.set.File != "" && !reflect.DeepEqual(read, s.set) {
		s.hub.send(lab.Event{Kind: lab.EventSettings})
	}
	s.set, s.fault = read, ""
	s.tune(to)
}

// tune takes to what takes effect at once. s.mu must be held.
func (s *Service) tune(to lab.Tuning) {
	was := s.tuning
	s.tuning = to
	if was.UndoTime != to.UndoTime || was.UndoBytes != to.UndoBytes {
		s.spare(was)
		for id := range s.nodes {
			s.show(id)
		}
		ring(s.aside)
	}
	if !same(was.Desktop, to.Desktop) {
		s.hub.send(lab.Event{Kind: lab.EventDesktop, Desktop: &to.Desktop})
	}
}

// spare keeps for a while what the limits of before kept. s.mu must be held.
func (s *Service) spare(was lab.Tuning) {
	m := &s.mercy
	if time.Now().After(m.until) {
		*m = mercy{}
	}
	m.time, m.bytes = max(m.time, was.UndoTime), max(m.bytes, was.UndoBytes)
	m.until = time.Now().Add(mercyTime)
}

// undoLimits gives the limits of what is kept for undoing, and the time until
// they are others. s.mu must be held.
func (s *Service) undoLimits() (limit lab.Tuning, next time.Duration) {
	limit, next = s.tuning, s.tuning.UndoTime
	if left := time.Until(s.mercy.until); left > 0 {
		limit.UndoTime, limit.UndoBytes = max(limit.UndoTime, s.mercy.time), max(limit.UndoBytes, s.mercy.bytes)
		next = min(limit.UndoTime, left)
	}
	return limit, next
}
