package labtest

import (
	"context"
	"maps"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// What others do to the fake hypervisor: watchers, guests, virsh, the daemon.

// Watch hints at every change until ctx ends.
func (h *Hypervisor) Watch(ctx context.Context, notify func(lab.Hint)) {
	w := &watcher{ctx: ctx, notify: notify}
	h.mu.Lock()
	h.watchers[w] = true
	link := h.link
	h.mu.Unlock()
	context.AfterFunc(ctx, func() { h.unwatch(w) })
	notify(lab.Hint{Link: &link})
}

func (h *Hypervisor) unwatch(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

func (h *Hypervisor) unwatchAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.watchers)
}

func (h *Hypervisor) hint(hint lab.Hint) {
	h.mu.Lock()
	watchers := slices.Collect(maps.Keys(h.watchers))
	h.mu.Unlock()
	for _, w := range watchers {
		if w.ctx.Err() == nil {
			w.notify(hint)
		}
	}
}

// Unheard does something whose hints nobody gets, as if they were under way yet.
func (h *Hypervisor) Unheard(do func()) {
	h.mu.Lock()
	watchers := h.watchers
	h.watchers = nil
	h.mu.Unlock()
	do()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers = watchers
}

// SetGuest says how the guest of a node answers the power button.
func (h *Hypervisor) SetGuest(id string, g Guest) {
	h.edit(id, func(d *domain) { d.guest = g })
}

// GuestLocks makes a guest hold on to what is in its drive until it is off.
func (h *Hypervisor) GuestLocks(id string) {
	h.edit(id, func(d *domain) { d.locked = true })
}

// SetBare takes UEFI and TPM from the host, or gives them back.
func (h *Hypervisor) SetBare(bare bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bare = bare
}

// GuestOff powers a guest off from inside.
func (h *Hypervisor) GuestOff(id string) {
	h.edit(id, h.powerOff)
}

// GuestCrash ends a guest's process with a problem.
func (h *Hypervisor) GuestCrash(id string) {
	h.edit(id, func(d *domain) {
		h.become(d, lab.Failed)
		d.problem = &lab.Problem{Kind: lab.KindInternal, Message: d.spec.Name + " crashed"}
	})
}

// Virsh makes a stranger's change of a node's power.
func (h *Hypervisor) Virsh(id string, action lab.PowerAction) (err error) {
	h.edit(id, func(d *domain) { _, err = h.power(d, action) })
	return err
}

// VirshEdit makes a stranger's change of a node's definition.
func (h *Hypervisor) VirshEdit(id string, edit func(*lab.NodeSpec)) {
	h.edit(id, func(d *domain) { edit(&d.spec) })
}

// snapshot ends the name of the file that a snapshot lays on an overlay.
const snapshot = ".snapshot"

// VirshSnapshot puts a node that is off on a file of a snapshot's own.
func (h *Hypervisor) VirshSnapshot(id string) {
	h.edit(id, func(d *domain) { d.disk.Overlay += snapshot })
}

// VirshUndefine takes a node's definition away; an active node goes on as a
// transient domain until it is off.
func (h *Hypervisor) VirshUndefine(id string) {
	h.edit(id, func(d *domain) {
		d.transient = true
		h.become(d, d.state)
	})
}

// Spoil makes a domain one that can not be read whole.
func (h *Hypervisor) Spoil(id string, p *lab.Problem) {
	h.edit(id, func(d *domain) { d.problem = p })
}

// Take gives a name to a domain that is not ours.
func (h *Hypervisor) Take(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.foreign[name] = true
}

// edit changes a domain that is there and hints at it.
func (h *Hypervisor) edit(id string, change func(*domain)) {
	h.mu.Lock()
	d := h.domains[id]
	if d != nil {
		change(d)
	}
	h.mu.Unlock()
	if d != nil {
		h.hint(lab.Hint{ID: id})
	}
}

// Peek gives a domain without being recorded; ok is false if it is gone.
func (h *Hypervisor) Peek(id string) (d lab.Domain, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found, ok := h.domains[id]
	if ok {
		d = found.tell()
	}
	return d, ok
}

// Disk gives the disk a domain is defined with; ok is false if there is no such domain.
func (h *Hypervisor) Disk(id string) (disk lab.Disk, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.domains[id]
	if d == nil {
		return disk, false
	}
	return d.disk, true
}

// Whole reports whether the overlay a domain is defined with, its base and its
// seed are there.
func (h *Hypervisor) Whole(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.domains[id]
	return d != nil && h.pool.whole(d.disk)
}

// Disconnect takes libvirt away, for the reason given; while it is away, one
// more attempt to connect fails for that reason. Domains go on.
func (h *Hypervisor) Disconnect(why *lab.Error) {
	away := lab.Link{URI: h.link.URI, Problem: lab.ProblemOf(why), Since: h.link.Since, Attempts: h.link.Attempts + 1}
	if h.link.Connected {
		lost := time.Now()
		away.Since, away.Attempts = &lost, 0
	}
	h.setLink(away, why)
}

// Connect brings libvirt back.
func (h *Hypervisor) Connect() {
	h.setLink(lab.Link{Connected: true, URI: h.link.URI}, nil)
}

func (h *Hypervisor) setLink(link lab.Link, why *lab.Error) {
	h.mu.Lock()
	h.link, h.down = link, why
	h.mu.Unlock()
	h.pool.disconnect(why)
	h.hint(lab.Hint{Link: &link})
}
