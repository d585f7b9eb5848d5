package service

import (
	"context"
	"sync"

	"sandboxlabs/backend/lab"
)

// maxPending bounds what waits for a slow reader; beyond it, a snapshot takes
// the place of everything that waits.
const maxPending = 1024

// hub carries events to subscribers. For each of them it keeps, of everything
// that waits to be read, only the newest value of each thing: a slow reader
// loses states between, never the last one, and slows down nobody else.
type hub struct {
	snapshot func() lab.Event
	readers  map[*reader]bool
}

type reader struct {
	mu      sync.Mutex
	waiting map[string]lab.Event // by key
	order   []string             // of the keys
	wake    chan struct{}
}

// key names the thing that an event tells of.
func key(e lab.Event) string {
	switch e.Kind {
	case lab.EventNode:
		return "node " + e.Node.ID
	case lab.EventNodeRemoved:
		return "node " + e.ID
	case lab.EventHistory:
		return "history " + e.ID
	case lab.EventImage:
		return "image " + e.Image.Name
	case lab.EventImageRemoved:
		return "image " + e.ID
	}
	return string(e.Kind)
}

// Subscribe gives the events from now on: first a snapshot of everything, then
// whatever changes. The channel is closed when ctx ends.
func (s *Service) Subscribe(ctx context.Context) <-chan lab.Event {
	events := make(chan lab.Event)
	r := &reader{wake: make(chan struct{}, 1)}
	s.mu.Lock()
	r.put(s.snapshot())
	if s.hub.readers == nil {
		s.hub.readers = make(map[*reader]bool)
	}
	s.hub.readers[r] = true
	s.mu.Unlock()
	go func() {
		defer close(events)
		r.deliver(ctx, events)
		s.mu.Lock()
		delete(s.hub.readers, r)
		s.mu.Unlock()
	}()
	return events
}

// send hands an event to every reader; the service's mutex must be held.
func (h *hub) send(e lab.Event) {
	for r := range h.readers {
		if !r.put(e) {
			r.reset(h.snapshot())
		}
	}
}

// put queues an event and reports whether there was room for it.
func (r *reader) put(e lab.Event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := key(e)
	if _, ok := r.waiting[k]; !ok {
		if len(r.order) >= maxPending {
			return false
		}
		r.order = append(r.order, k)
	}
	if r.waiting == nil {
		r.waiting = make(map[string]lab.Event)
	}
	r.waiting[k] = e
	ring(r.wake)
	return true
}

// reset lets one event stand for all that waited.
func (r *reader) reset(e lab.Event) {
	r.mu.Lock()
	r.waiting, r.order = nil, nil
	r.mu.Unlock()
	r.put(e)
}

func (r *reader) take() (e lab.Event, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.order) == 0 {
		return e, false
	}
	k := r.order[0]
	r.order = r.order[1:]
	e = r.waiting[k]
	delete(r.waiting, k)
	return e, true
}

func (r *reader) deliver(ctx context.Context, events chan<- lab.Event) {
	for {
		e, ok := r.take()
		if !ok {
			select {
			case <-r.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case events <- e:
		case <-ctx.Done():
			return
		}
	}
}
