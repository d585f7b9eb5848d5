package tray

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

// every is the least time between two versions of the menu.
const every = 250 * time.Millisecond

// Options makes a tray.
type Options struct {
	Icons Icons
	Last  []string // IDs of the nodes that ran last
	// Do does what was chosen. Why something could not be done it tells by the ID
	// of the node, which is then said there.
	Do func(context.Context, Action) map[string]error
	// Ran hears which nodes run, by their IDs, whenever one more does: a session that
	// ends may leave no time to tell.
	Ran func([]string)
	// Present hears that there is a tray now, or none any more.
	Present func(bool)
	Log     *slog.Logger
}

// Tray is the icon with its menu. Make it with New; Run sets it going.
type Tray struct {
	Options
	conn  *dbus.Conn
	host  host
	icon  icon
	menu  *dbusmenu
	here  atomic.Bool
	awake atomic.Bool            // the window is there to be looked at
	token atomic.Pointer[string] // for the next choice
	calls chan dbus.Message      // of the menu, that have yet to be answered
	eyes  chan struct{}          // somebody looks
	news  chan func()            // for the loop, which has all that follows to itself
	came  chan struct{}          // closed when there was a tray for the first time

	wanted bool // by the person
	had    bool // there was a tray
	stale  bool // there may be a tray, or none any more
	state  State
	nodes  map[string]lab.Node
	failed map[string]bool // nodes, and whether that was looked at
	ran    []string        // IDs of the nodes that did when the menu was built
	timer  *time.Timer
	built  time.Time // when the menu was
	due    bool      // the timer runs
}

// New makes a tray.
func New(o Options) *Tray {
	t := &Tray{
		Options: o, calls: make(chan dbus.Message, maxCalls), eyes: make(chan struct{}, 1), news: make(chan func()), came: make(chan struct{}),
		nodes: make(map[string]lab.Node), failed: make(map[string]bool), timer: time.NewTimer(every),
	}
	t.timer.Stop()
	t.state.Last, t.state.Troubles = o.Last, make(map[string]string)
	return t
}

// Here reports whether there is a tray that shows the icon.
func (t *Tray) Here() bool { return t.here.Load() }

// Await waits until there is one; false if ctx ends before.
func (t *Tray) Await(ctx context.Context) bool {
	select {
	case <-t.came:
		return true
	case <-ctx.Done():
		return false
	}
}

// Run shows the icon, as events have it, the first of which is a snapshot, until ctx
// or they end, or the session bus of conn, which was made with Intercept, is gone, which
// is an error. With another connection it can be run again.
func (t *Tray) Run(ctx context.Context, conn *dbus.Conn, events <-chan lab.Event) error {
	ended := make(chan struct{})
	defer close(ended)
	t.conn = conn
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	defer conn.RemoveSignal(signals)
	if err := t.export(ctx, ended); err != nil {
		return fmt.Errorf("tray: %w", err)
	}
	defer t.leave()
	for len(t.calls) > 0 {
		<-t.calls // of a bus that is gone
	}
	go t.menu.answerCalls(t.calls, ended)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return nil
			}
			t.apply(e)
		case s, ok := <-signals:
			if !ok {
				signals = nil // the bus is gone
				continue
			}
			t.hear(s)
		case <-t.timer.C:
			t.build(ctx)
		case learn := <-t.news:
			learn()
			t.rebuild()
		case <-t.eyes:
			t.looked()
			t.rebuild()
		case <-conn.Context().Done():
			return fmt.Errorf("tray: the session bus is gone")
		case <-ctx.Done():
			return nil
		}
	}
}

// export puts what hosts look at on the bus, until ended is closed.
func (t *Tray) export(ctx context.Context, ended <-chan struct{}) error {
	t.menu = newMenu(t.conn, func(a Action) { go t.choose(ctx, ended, a) }, t.look)
	t.icon = icon{
		conn:      t.conn,
		activated: func() { go t.choose(ctx, ended, Action{Verb: Show}) },
		tokened:   func(token string) { t.token.Store(&token) },
	}
	// the protocol's form of the name
	t.host = host{conn: t.conn, name: fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid())}
	return cmp.Or(t.menu.export(), t.icon.export(t.Icons), t.host.follow(ctx))
}

// leave takes the icon away.
func (t *Tray) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	t.withdraw()
	if err := t.host.unfollow(ctx); err != nil && t.conn.Connected() {
		t.Log.Warn("the tray can not be left", "error", err)
	}
}

// tell has the loop learn something, before it ends.
func (t *Tray) tell(ended <-chan struct{}, learn func()) {
	select {
	case t.news <- learn:
	case <-ended:
	}
}

// look tells the loop that somebody sees which nodes failed.
func (t *Tray) look() {
	select {
	case t.eyes <- struct{}{}:
	default:
	}
}

// apply takes an event in.
func (t *Tray) apply(e lab.Event) {
	if e.Kind == lab.EventSnapshot {
		clear(t.nodes)
	}
	for _, n := range e.Nodes {
		t.nodes[n.ID] = n
	}
	if e.Node != nil {
		t.nodes[e.Node.ID] = *e.Node
		delete(t.state.Troubles, e.Node.ID) // it was about how the node was
	}
	if e.Kind == lab.EventNodeRemoved {
		delete(t.nodes, e.ID)
	}
	if e.Link != nil {
		t.state.Away = !e.Link.Connected
	}
	if e.Desktop != nil {
		t.want(e.Desktop.Tray)
	}
	t.rebuild()
}

// want shows the icon or takes it away, as the person wants it.
func (t *Tray) want(wanted bool) {
	switch {
	case wanted == t.wanted:
	case !wanted:
		t.withdraw()
	default:
		t.wanted, t.stale = true, true
		if _, err := t.conn.RequestName(t.host.name, dbus.NameFlagDoNotQueue); err != nil {
			t.Log.Warn("the tray's name can not be had", "error", err)
		}
	}
}

// withdraw takes the icon away: with its name, hosts see it go.
func (t *Tray) withdraw() {
	t.wanted, t.stale, t.host.owner = false, false, ""
	if t.conn.Connected() {
		if _, err := t.conn.ReleaseName(t.host.name); err != nil {
			t.Log.Warn("the tray's name can not be given back", "error", err)
		}
	}
	t.present(false)
}

// hear takes a signal in. What it means is looked up when the menu is built: a
// watcher that drops our item again and again costs no more than that.
func (t *Tray) hear(s *dbus.Signal) {
	if t.wanted && t.host.hear(s) {
		t.stale = true
		t.rebuild()
	}
}

// find finds out anew whether there is a tray.
func (t *Tray) find(ctx context.Context) {
	t.stale = false
	present, err := t.host.find(ctx)
	if err != nil && ctx.Err() == nil {
		t.Log.Warn("the tray does not answer", "error", err)
	}
	t.present(present)
}

func (t *Tray) present(now bool) {
	if t.here.Swap(now) != now {
		if now && !t.had {
			t.had = true
			close(t.came)
		}
		t.Log.Info("the tray came or went", "present", now)
		t.Present(now)
	}
}

// rebuild has the menu built: at once, or when it is time again.
func (t *Tray) rebuild() {
	if t.due {
		return
	}
	t.due = true
	t.timer.Reset(max(0, every-time.Since(t.built)))
}

// build shows what has become of everything.
func (t *Tray) build(ctx context.Context) {
	t.due, t.built = false, time.Now()
	t.state.Nodes = slices.SortedFunc(maps.Values(t.nodes), func(a, b lab.Node) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	t.noteFailed()
	err := t.menu.set(Menu(t.state))
	err = cmp.Or(err, t.icon.set(FaceOf(t.state, func(id string) bool { return t.failed[id] })))
	if err != nil && t.conn.Connected() {
		t.Log.Warn("the tray can not be told", "error", err)
	}
	if t.stale {
		t.find(ctx)
	}
	t.tellRan()
}

// tellRan tells which nodes run, if one more does.
func (t *Tray) tellRan() {
	before := t.ran
	t.ran = ids(t.state.Nodes, func(n lab.Node) bool { return n.State.Active() })
	if slices.ContainsFunc(t.ran, func(id string) bool { return !slices.Contains(before, id) }) {
		t.Ran(t.ran)
	}
}

// noteFailed keeps account of the failed nodes.
func (t *Tray) noteFailed() {
	for id := range t.failed {
		if t.nodes[id].State != lab.Failed {
			delete(t.failed, id)
		}
	}
	for id, n := range t.nodes {
		if n.State == lab.Failed {
			t.failed[id] = t.failed[id] || t.awake.Load()
		}
	}
}

// looked notes that somebody sees which nodes failed.
func (t *Tray) looked() {
	for id := range t.failed {
		t.failed[id] = true
	}
}

// Awake tells whether the window is there to be looked at.
func (t *Tray) Awake(awake bool) {
	t.awake.Store(awake)
	if awake {
		t.look()
	}
}

// choose does what was chosen.
func (t *Tray) choose(ctx context.Context, ended <-chan struct{}, a Action) {
	if token := t.token.Swap(nil); token != nil {
		a.Token = *token
	}
	if a.Verb == StopAll {
		t.tell(ended, func() { t.state.Last = a.Nodes })
	}
	failed := t.Do(ctx, a)
	if len(failed) == 0 {
		return
	}
	t.Log.Warn("not done from the tray", "verb", a.Verb, "errors", failed)
	t.tell(ended, func() {
		for id, err := range failed {
			t.state.Troubles[id] = words.Told(lab.ProblemOf(err).Message)
		}
	})
}
