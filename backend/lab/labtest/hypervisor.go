package labtest

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// Hypervisor is a lab.Hypervisor in memory: a state machine that refuses what
// libvirt refuses. Its other methods play the guests, virsh and the daemon.
type Hypervisor struct {
	script *Script
	pool   *Pool

	mu       sync.Mutex
	link     lab.Link
	down     *lab.Error // why there is no connection; nil: there is one
	domains  map[string]*domain
	foreign  map[string]bool // names of domains that are not ours
	watchers map[*watcher]bool
	ports    int
	bare     bool // the host has neither UEFI nor TPM
}

type domain struct {
	spec      lab.NodeSpec
	disk      lab.Disk // as defined
	live      lab.Disk // while active
	drive     bool     // it is defined with one
	liveDrive bool     // while active
	inserted  string   // while active
	locked    bool     // the guest holds on to what is in its drive
	state     lab.State
	transient bool
	port      int
	password  string // of the display, in this boot
	problem   *lab.Problem
	gaveUp    bool // its guest powered off
	agent     bool // its guest has one that listens
	guest     Guest
	presses   int // of the power button since the last start
	since     time.Time
}

// Guest says how a guest answers the power button. The zero Guest powers off at once.
type Guest struct {
	Deaf  int           // this many presses go unheard; negative: all do
	Takes time.Duration // from the press that is heard to being off
}

type watcher struct {
	ctx    context.Context
	notify func(lab.Hint)
}

func newHypervisor(s *Script, p *Pool) *Hypervisor {
	return &Hypervisor{
		script: s, pool: p, link: lab.Link{Connected: true, URI: "fake:///"},
		domains: make(map[string]*domain), foreign: make(map[string]bool), watchers: make(map[*watcher]bool),
		ports: 5900,
	}
}

// do runs one call's work on the domain of that id under the lock and hints at
// it afterwards if the work succeeded and changed something.
func (h *Hypervisor) do(call func(work func() error) error, id string, work func(d *domain) (changed bool, err error)) error {
	return call(func() error {
		h.mu.Lock()
		if h.down != nil {
			defer h.mu.Unlock()
			return h.down
		}
		changed, err := work(h.domains[id])
		h.mu.Unlock()
		if changed {
			h.hint(lab.Hint{ID: id})
		}
		return err
	})
}

func (h *Hypervisor) called(ctx context.Context, method string, args ...any) func(func() error) error {
	return func(work func() error) error { return h.script.call(ctx, work, "Hypervisor."+method, args...) }
}

func gone(id string) error { return lab.Errorf(lab.KindNotFound, "there is no domain %s", id) }

// Domains gives every domain.
func (h *Hypervisor) Domains(ctx context.Context) (all []lab.Domain, err error) {
	err = h.do(h.called(ctx, "Domains"), "", func(*domain) (bool, error) {
		for _, d := range h.domains {
			all = append(all, d.tell())
		}
		return false, nil
	})
	return all, err
}

// Domain gives one.
func (h *Hypervisor) Domain(ctx context.Context, id string) (got lab.Domain, err error) {
	err = h.do(h.called(ctx, "Domain", id), id, func(d *domain) (bool, error) {
		if d == nil {
			return false, gone(id)
		}
		got = d.tell()
		return false, nil
	})
	return got, err
}

func (d *domain) tell() lab.Domain {
	got := lab.Domain{Spec: copied(d.spec), State: d.state, Overlay: d.disk.Overlay, Problem: d.problem, PoweredOff: d.gaveUp}
	if d.state.Active() {
		got.Overlay, got.Inserted, got.VNC = d.live.Overlay, d.inserted, &lab.VNC{Host: "127.0.0.1", Port: d.port}
	}
	return got
}

// copied gives a spec that shares nothing with s that can be changed.
func copied(s lab.NodeSpec) lab.NodeSpec {
	s.Kept, s.Guacamole = slices.Clone(s.Kept), maps.Clone(s.Guacamole)
	s.DeletedAt = nil
	return s
}

// Define makes a domain or changes one.
func (h *Hypervisor) Define(ctx context.Context, spec lab.NodeSpec, disk lab.Disk) error {
	return h.do(h.called(ctx, "Define", spec.ID), spec.ID, func(d *domain) (bool, error) {
		if err := spec.Check(); err != nil {
			return false, err
		}
		if d == nil {
			if disk == (lab.Disk{}) {
				return false, gone(spec.ID)
			}
			if h.taken(spec.ID, spec.Name) {
				return false, lab.Errorf(lab.KindExists, "there is a domain %s already", spec.Name)
			}
			d = &domain{spec: lab.NodeSpec{Name: spec.Name}, state: lab.Stopped}
			h.domains[spec.ID] = d
		}
		name := d.spec.Name
		if disk == (lab.Disk{}) {
			disk = d.disk
		}
		if d.liveDrive && !d.locked {
			d.inserted = spec.Medium
		}
		d.drive = d.drive || spec.Medium != ""
		d.spec, d.disk, d.transient = copied(spec), disk, false
		d.spec.Name = name
		return true, nil
	})
}

func (h *Hypervisor) taken(id, name string) bool {
	for _, d := range h.domains {
		if d.spec.Name == name && d.spec.ID != id {
			return true
		}
	}
	return h.foreign[name]
}

// Rename gives a domain that is off another name.
func (h *Hypervisor) Rename(ctx context.Context, id, name string) error {
	return h.do(h.called(ctx, "Rename", id, name), id, func(d *domain) (bool, error) {
		switch {
		case d == nil:
			return false, gone(id)
		case d.state.Active():
			return false, lab.Errorf(lab.KindBusy, "%s is active", d.spec.Name)
		case h.taken(id, name):
			return false, lab.Errorf(lab.KindExists, "there is a domain %s already", name)
		}
		d.spec.Name = name
		return true, nil
	})
}

// Undefine forgets a domain.
func (h *Hypervisor) Undefine(ctx context.Context, id string) error {
	return h.do(h.called(ctx, "Undefine", id), id, func(d *domain) (bool, error) {
		switch {
		case d == nil:
			return false, nil
		case d.state.Active():
			return false, lab.Errorf(lab.KindBusy, "%s is active", d.spec.Name)
		}
		delete(h.domains, id)
		return true, nil
	})
}

// Power changes the state of a domain.
func (h *Hypervisor) Power(ctx context.Context, id string, action lab.PowerAction) error {
	return h.do(h.called(ctx, "Power", id, action), id, func(d *domain) (bool, error) {
		if d == nil {
			return false, gone(id)
		}
		return h.power(d, action)
	})
}

// moves gives, for each action and the state it finds, the state it leads to.
// What is not in it is refused.
var moves = map[lab.PowerAction]map[lab.State]lab.State{
	lab.PowerStart:    {lab.Stopped: lab.Running, lab.Failed: lab.Running, lab.Running: lab.Running},
	lab.PowerShutdown: {lab.Stopped: lab.Stopped, lab.Failed: lab.Failed, lab.Running: lab.Running, lab.Paused: lab.Paused},
	lab.PowerForceOff: {lab.Stopped: lab.Stopped, lab.Failed: lab.Failed, lab.Running: lab.Stopped, lab.Paused: lab.Stopped},
	lab.PowerReboot:   {lab.Running: lab.Running},
	lab.PowerPause:    {lab.Running: lab.Paused, lab.Paused: lab.Paused},
	lab.PowerResume:   {lab.Running: lab.Running, lab.Paused: lab.Running},
}

func (h *Hypervisor) power(d *domain, action lab.PowerAction) (changed bool, err error) {
	allowed, ok := moves[action]
	if !ok {
		return false, lab.Errorf(lab.KindInvalid, "%q is no power action", action)
	}
	next, ok := allowed[d.state]
	switch {
	case !ok:
		return false, lab.Errorf(lab.KindBusy, "%s is %s", d.spec.Name, d.state)
	case action == lab.PowerShutdown && d.state == lab.Running:
		return h.press(d), nil
	case action == lab.PowerStart && d.state != lab.Running:
		return true, h.boot(d)
	}
	changed = next != d.state
	h.become(d, next)
	return changed, nil
}

func (h *Hypervisor) boot(d *domain) error {
	disk := d.disk
	disk.Overlay = strings.TrimSuffix(disk.Overlay, snapshot)
	if !h.pool.whole(disk) {
		return lab.Errorf(lab.KindUnavailable, "the disk of %s is gone", d.spec.Name)
	}
	h.ports++
	d.port, d.password, d.live, d.presses = h.ports, h.newPassword(), d.disk, 0
	d.liveDrive, d.inserted, d.locked = d.drive, d.spec.Medium, false
	d.since = time.Now()
	h.become(d, lab.Running)
	return nil
}

// become sets the state; a transient domain is gone once it is off.
func (h *Hypervisor) become(d *domain, s lab.State) {
	d.state, d.problem, d.gaveUp, d.agent = s, nil, false, d.agent && s.Active()
	if d.transient && !s.Active() {
		delete(h.domains, d.spec.ID)
	}
}

func (h *Hypervisor) powerOff(d *domain) {
	h.become(d, lab.Stopped)
	d.gaveUp = true
}

// press tells the guest to power off.
func (h *Hypervisor) press(d *domain) (off bool) {
	d.presses++
	switch {
	case d.guest.Deaf < 0 || d.presses <= d.guest.Deaf:
		return false
	case d.guest.Takes > 0:
		id := d.spec.ID // which may be written anew by then
		time.AfterFunc(d.guest.Takes, func() { h.GuestOff(id) })
		return false
	}
	h.powerOff(d)
	return true
}

// Host tells of a host with 8 CPUs and 16 GiB.
func (h *Hypervisor) Host(ctx context.Context) (host lab.Host, err error) {
	err = h.do(h.called(ctx, "Host"), "", func(*domain) (bool, error) {
		host = lab.Host{
			URI: h.link.URI, Profile: "session", Hypervisor: "Fake 1.0", CPUs: 8, MemoryMiB: 16 << 10, FreeMiB: 8 << 10,
			Accelerated: true, Acceleration: "kvm: the fake needs no reason", UEFI: !h.bare, TPM: !h.bare, PoolPath: poolPath, PoolBytes: 200 << 30, PoolFree: h.pool.left(),
		}
		if h.bare {
			host.NoUEFI, host.NoTPM = "The fake has no UEFI.", "The fake has no TPM."
		}
		return false, nil
	})
	return host, err
}

// Screenshot gives a black picture.
func (h *Hypervisor) Screenshot(ctx context.Context, id string) (mime string, picture []byte, err error) {
	err = h.do(h.called(ctx, "Screenshot", id), id, func(d *domain) (bool, error) {
		switch {
		case d == nil:
			return false, gone(id)
		case !d.state.Active():
			return false, lab.Errorf(lab.KindBusy, "%s is not active", d.spec.Name)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 40))); err != nil {
			return false, err
		}
		mime, picture = "image/png", b.Bytes()
		return false, nil
	})
	return mime, picture, err
}
