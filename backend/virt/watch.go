package virt

import (
	"context"
	"errors"
	"sync"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// hub hands hints to the watchers, in order: the lock is held while they are told.
type hub struct {
	mu       sync.Mutex
	link     *lab.Link // nil until the first attempt to connect is over
	watchers map[*watcher]struct{}
}

type watcher struct {
	ctx    context.Context
	notify func(lab.Hint)
}

// setLink records the connection and tells of it.
func (h *hub) setLink(l *lab.Link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.link = l
	h.tell(lab.Hint{Link: l})
}

func (h *hub) changed(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.link != nil { // else everything is read anyway when the link comes up
		h.tell(lab.Hint{ID: id})
	}
}

func (h *hub) tell(hint lab.Hint) {
	for w := range h.watchers {
		if w.ctx.Err() == nil { // remove comes a moment after the end
			w.notify(hint)
		}
	}
}

func (h *hub) add(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = make(map[*watcher]struct{})
	}
	h.watchers[w] = struct{}{}
	if h.link != nil {
		w.notify(lab.Hint{Link: h.link})
	}
}

func (h *hub) remove(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

// Watch implements lab.Hypervisor.
func (c *Conn) Watch(ctx context.Context, notify func(lab.Hint)) {
	w := &watcher{ctx, notify}
	c.hints.add(w)
	context.AfterFunc(ctx, func() { c.hints.remove(w) })
}

// subscribe has c told of every domain of the session. A callback's handle is
// dead after it, so the UUID is copied; and it must be quick, since all events
// of the process pass through one thread.
func (s *session) subscribe(c *Conn) error {
	life, err := s.DomainEventLifecycleRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, e *libvirt.DomainEventLifecycle) {
		if id, err := d.GetUUIDString(); err == nil {
			c.lifeChanged(id, e)
		}
	})
	if err != nil {
		return err
	}
	s.events = append(s.events, life)
	meta, err := s.DomainEventMetadataChangeRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventMetadataChange) {
		_ = c.hintAt(d) // only a handle that is none has no UUID
	})
	if errors.Is(err, libvirt.ERR_NO_SUPPORT) {
		return nil
	}
	if err != nil {
		return err
	}
	s.events = append(s.events, meta)
	return nil
}

func (c *Conn) lifeChanged(id string, e *libvirt.DomainEventLifecycle) {
	c.hints.changed(id)
	if e.Event == libvirt.DOMAIN_EVENT_STARTED && !c.claimBoot(id) {
		go c.newLivePassword(id)
	}
}
