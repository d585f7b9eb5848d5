// Package service holds the use cases of SandBoxLabs, one verb a file, for every
// face alike: the window, HTTP and the command line.
//
// The truth is in memory: what each node is, by UUID, under one mutex that is
// never held while a port is called. List and Show read it and touch nothing
// else. It is kept true in three ways: a hint from the hypervisor makes the
// service read that one node again, a new connection makes it read everything,
// and so does a slow clock, for what the hints missed. Each reading is numbered
// when it begins, so that a slow one can not undo what a later one found.
//
// A verb reserves its node, here and across processes, reads it afresh, checks
// everything, and then acts in an order that leaves a whole node wherever the
// process dies. What takes long goes on after the verb has returned, with the
// node in a state of change; how it ended is told by events.
package service

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// Options wires a service. The ports must be there (Consoles for the verb
// Console only); a zero value elsewhere takes its default.
type Options struct {
	Hypervisor lab.Hypervisor
	Pool       lab.Pool
	Library    lab.Library
	Store      lab.Store
	Consoles   lab.Consoles
	URI        string // of the hypervisor, to be shown
	Version    string // of the program, for what it writes

	Catalogue   lab.Catalogue        // may be nil: then there is nothing in it
	Journal     lab.Journal          // of what happened to nodes; may be nil: then nothing is remembered
	Preferences lab.PreferenceKeeper // of the pages; may be nil: then nothing is kept

	Autostart lab.Autostarter // may be nil: then there is no start with the session to decide over

	Seeder lab.Seeder // may be nil: then no first boot can be asked for

	Gateway  lab.Gateway // may be nil, as the two below: then consoles are direct, or no containers can be had
	Stack    lab.Stack   // the gateway as containers
	Owner    string      // of the nodes, for the gateway: lab.GatewayAccess
	Resident bool        // the process stays: it keeps the gateway in step with every node, not only with those it changes

	Settings lab.SettingsKeeper // may be nil: then nothing can be set
	Upkeep   lab.Upkeep         // may be nil: then there is no log to be shown

	Prototype lab.Prototype // may be nil: then no nodes can come over from one

	Tuning lab.Tuning // as it was set at the start; of what is zero 1 vCPU, 512 MiB, 30 s, 24 h, 10 GiB, 4

	Log *slog.Logger // for what no person waits for; nil: discarded
}

func (o Options) withDefaults() Options {
	t := &o.Tuning
	t.VCPUs = cmp.Or(t.VCPUs, 1)
	t.MemoryMiB = cmp.Or(t.MemoryMiB, 512)
	t.StopLimit = cmp.Or(t.StopLimit, lab.DefaultStopSeconds*time.Second)
	t.UndoTime = cmp.Or(t.UndoTime, 24*time.Hour)
	t.UndoBytes = cmp.Or(t.UndoBytes, 10<<30)
	t.BulkLimit = cmp.Or(t.BulkLimit, 4)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	return o
}

// Service is the use cases over their ports. Make it with New; its verbs work
// while Run does.
type Service struct {
	o       Options
	ctx     context.Context // of the work that outlives its request; ends with Run
	end     context.CancelFunc
	work    sync.WaitGroup // changes, additions, care of images and readings under way
	slots   chan struct{}  // one for each reading at once
	again   chan struct{}  // asks Run to reconcile
	aside   chan struct{}  // tells Run that a disk was put aside or taken back
	altered chan struct{}  // tells Run that the settings may be others
	stirred chan struct{}  // tells Run that it may rest from now on, or no longer

	records sync.Mutex // held while a port changes the record of an image that was looked at; before mu

	mu       sync.Mutex // guards what follows; held only briefly, and never while a port is called
	nodes    map[string]*node
	changes  map[string]*change // under way, by the node's ID
	volumes  map[string]lab.Volume
	images   map[string]*image
	readings map[string]bool   // under way, by the node's ID; true: hinted at meanwhile
	begun    uint64            // number of the last reading that began
	seen     map[string]uint64 // number of the reading that each node's value is from
	host     *lab.Host         // as last asked; nil: not yet
	room     *lab.Room         // as last told; nil: not yet
	link     *lab.Link         // nil: not known yet
	ready    bool              // reconciled since the last connection
	trouble  error             // why the last reconciliation failed
	ended    bool              // Run is over
	unseen   bool              // nobody looks, see Unseen
	diary    diary
	gate     gate
	moving   *migration // under way, or the last one; nil: there was none
	tuning   lab.Tuning
	set      lab.Settings // as last read without a fault; without a File: not yet
	fault    string       // of the settings as last read; empty: none
	mercy    mercy
	hub      hub
	news     chan struct{} // closed at the next change of anything above
}

// New makes a service over its ports; Run sets it going.
func New(o Options) *Service {
	ctx, end := context.WithCancel(context.Background())
	s := &Service{
		o: o.withDefaults(), ctx: ctx, end: end,
		slots: make(chan struct{}, readLimit), again: make(chan struct{}, 1), aside: make(chan struct{}, 1),
		altered: make(chan struct{}, 1), stirred: make(chan struct{}, 1),
		nodes: make(map[string]*node), changes: make(map[string]*change),
		volumes: make(map[string]lab.Volume), images: make(map[string]*image),
		readings: make(map[string]bool), seen: make(map[string]uint64), news: make(chan struct{}),
	}
	s.diary.running = make(map[string]bool)
	s.tuning = s.o.Tuning
	s.gate = newGate(s.o)
	s.hub.snapshot = s.snapshot
	return s
}

// changed wakes everyone who awaits something. s.mu must be held.
func (s *Service) changed() {
	close(s.news)
	s.news = make(chan struct{})
}

// await returns when done gives true. It calls done under s.mu, at once and after every change.
func (s *Service) await(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		ok, news := done(), s.news
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return lab.Cancelled(ctx)
		}
	}
}

// Ready returns when every node has been read since libvirt was connected, or
// gives the reason why that can not be.
func (s *Service) Ready(ctx context.Context) error {
	var reason error
	err := s.await(ctx, func() bool {
		reason = s.trouble
		if s.link != nil && !s.link.Connected {
			reason = errorOf(s.link.Problem)
		}
		return s.ready || reason != nil
	})
	return cmp.Or(err, reason)
}

// Settle returns when no verb's work is under way, nor an image being added or
// cared for.
func (s *Service) Settle(ctx context.Context) error {
	return s.await(ctx, func() bool { return len(s.changes) == 0 && !s.tending() })
}

var errClosing = lab.Errorf(lab.KindUnavailable, "SandBoxLabs is closing")

// errorOf turns a problem back into an error.
func errorOf(p *lab.Problem) error {
	if p == nil {
		return lab.Errorf(lab.KindUnavailable, "libvirt is not connected")
	}
	return &lab.Error{Kind: p.Kind, Message: p.Message, Hint: p.Hint}
}

// ring asks for something without waiting; asking twice is as good as once.
func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// now is the time as specs hold it.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
