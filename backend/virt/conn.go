package virt

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// How long to wait before libvirt is tried again; doubled from the first to the last.
const (
	firstWait = 150 * time.Millisecond
	lastWait  = 5 * time.Second
)

// Config says which libvirt to use, and which pool in it.
type Config struct {
	URI       string // qemu:///session, qemu:///system, or a remote one
	PoolName  string
	PoolPath  string // directory of the pool on libvirt's host, absolute
	Emulation string // EmulationAuto, EmulationKVM or EmulationTCG; empty: EmulationAuto
	Log       *slog.Logger
}

// Conn is a connection to libvirt that mends itself. It is a lab.Hypervisor, a
// lab.Pool, a lab.Screenshotter, a lab.GraphicsOpener, a lab.SerialOpener, a
// lab.Meter and a lab.Inspector.
// Until its first attempt to connect is over calls wait for it; after that they
// are answered at once with lab.KindUnavailable while there is no connection.
type Conn struct {
	cfg   Config
	uri   uri
	dial  func(uri string, c *Conn) (*session, error)
	hints hub
	stop  context.CancelFunc
	ended chan struct{} // closed when run is over
	tried chan struct{} // closed when the first attempt is over

	pooling sync.Mutex // held while the pool is looked for, and made

	mu      sync.Mutex
	live    *session
	problem *lab.Error      // why live is nil
	booting map[string]bool // domains whose coming start is ours
	ours    map[string]bool // by UUID: whether the domain is ours, as it was last read
	asked   map[string]bool // domains whose guest's agent has not answered yet
}

var (
	_ lab.Hypervisor     = (*Conn)(nil)
	_ lab.Pool           = (*Conn)(nil)
	_ lab.Screenshotter  = (*Conn)(nil)
	_ lab.GraphicsOpener = (*Conn)(nil)
	_ lab.SerialOpener   = (*Conn)(nil)
	_ lab.Meter          = (*Conn)(nil)
	_ lab.Inspector      = (*Conn)(nil)
)

// Open starts to connect, and to reconnect whenever the connection is lost,
// until Close. It does not wait; Connect does.
func Open(cfg Config) *Conn {
	return open(cfg, dial)
}

func open(cfg Config, dial func(string, *Conn) (*session, error)) *Conn {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Conn{
		cfg: cfg, uri: parseURI(cfg.URI), dial: dial, stop: stop,
		ended: make(chan struct{}), tried: make(chan struct{}),
		booting: make(map[string]bool), ours: make(map[string]bool), asked: make(map[string]bool),
	}
	go c.run(ctx)
	return c
}

// Connect waits until the first attempt to connect is over and tells why there
// is no connection now, if there is none.
func (c *Conn) Connect(ctx context.Context) error {
	s, err := c.borrow(ctx)
	if err != nil {
		return err
	}
	s.leave()
	return nil
}

// Close ends the connection, after the calls that use it.
func (c *Conn) Close() error {
	c.stop()
	<-c.ended
	return nil
}

func (c *Conn) run(ctx context.Context) {
	defer close(c.ended)
	wait := firstWait
	var away outage
	for ctx.Err() == nil {
		s, err := c.dial(c.cfg.URI, c)
		if err != nil {
			away.attempts++
			c.unlink(c.uri.diagnose(err), away.begun())
		} else {
			c.link(s)
			s.rest(c.uri)
			wait, away = firstWait, outage{}
			select {
			case <-s.over.Done():
				c.unlink(errLost, away.begun())
			case <-ctx.Done():
				c.unlink(errClosed, away.begun())
			}
			s.retire()
		}
		pause(ctx, wait)
		wait = min(2*wait, lastWait)
	}
}

// outage is the time in which there is no connection.
type outage struct {
	since    time.Time
	attempts int // that have failed
}

// begun gives the outage, which begins now unless it did before.
func (o *outage) begun() outage {
	if o.since.IsZero() {
		o.since = time.Now()
	}
	return *o
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

var (
	errLost = lab.Errorf(lab.KindUnavailable, "the connection to libvirt was lost").
		WithHint("It is being restored; running nodes go on meanwhile.")
	errClosed = lab.Errorf(lab.KindUnavailable, "the connection to libvirt was closed")
)

func (c *Conn) link(s *session) {
	c.mu.Lock()
	c.live, c.problem = s, nil
	clear(c.booting)
	clear(c.ours)
	c.mu.Unlock()
	c.cfg.Log.Info("connected to libvirt", "uri", c.cfg.URI)
	if err := c.watchFiles(s); err != nil {
		c.cfg.Log.Info("changes by virsh setvcpus and setmem will show late", "error", err)
	}
	c.linked(&lab.Link{Connected: true, URI: c.cfg.URI})
}

// unlink logs a reason once, however often it stands in the way, and no end we
// made ourselves.
func (c *Conn) unlink(why *lab.Error, away outage) {
	c.mu.Lock()
	news := why != errClosed && (c.problem == nil || c.problem.Error() != why.Error())
	c.live, c.problem = nil, why
	c.mu.Unlock()
	if news {
		c.cfg.Log.Warn("not connected to libvirt", "uri", c.cfg.URI, "error", why)
	}
	c.linked(&lab.Link{URI: c.cfg.URI, Problem: lab.ProblemOf(why), Since: &away.since, Attempts: away.attempts})
}

// linked tells the watchers, and those who wait for the first attempt.
func (c *Conn) linked(l *lab.Link) {
	c.hints.setLink(l)
	select {
	case <-c.tried:
	default:
		close(c.tried)
	}
}

// borrow gives the session that is alive; the caller must call its leave.
func (c *Conn) borrow(ctx context.Context) (*session, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	select {
	case <-c.tried:
	case <-ctx.Done():
		return nil, lab.Cancelled(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		return nil, c.problem
	}
	c.live.join()
	return c.live, nil
}

// with runs call on the session that is alive and translates its error; what
// names the act for a person ("start the node").
func (c *Conn) with(ctx context.Context, what string, call func(s *session) error) error {
	s, err := c.borrow(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	err = call(s)
	if err == nil {
		return nil
	}
	var known *lab.Error
	if errors.As(err, &known) {
		return err
	}
	if s.isLost() {
		return errLost.WithCause(plain(err))
	}
	return fault(what, err)
}
