package tray

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"

	"sandboxlabs/backend/lab"
	playground "sandboxlabs/build/bus"
)

// bus is a session bus of the test's own.
type bus struct {
	*testing.T
	daemon *playground.Bus
}

func mustBus(t *testing.T) bus {
	t.Helper()
	daemon, err := playground.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Close() }) // a test may have ended it
	return bus{t, daemon}
}

func (b bus) connect(options ...dbus.ConnOption) *dbus.Conn {
	b.Helper()
	conn, err := dbus.Connect(b.daemon.Address, options...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() }) // some tests do so before
	return conn
}

// watcher is a double of the watcher and the host of a desktop. Its exported
// methods are calls of the bus.
type watcher struct {
	bus  bus
	conn *dbus.Conn

	registered chan string
}

func (b bus) watcher(hosted bool) *watcher {
	b.Helper()
	w := &watcher{bus: b, conn: b.connect(), registered: make(chan string, 16)}
	properties := prop.Map{watcherIface: {"IsStatusNotifierHostRegistered": {Value: hosted, Emit: prop.EmitFalse}}}
	if _, err := prop.Export(w.conn, watcherPath, properties); err != nil {
		b.Fatal(err)
	}
	if err := w.conn.Export(w, watcherPath, watcherIface); err != nil {
		b.Fatal(err)
	}
	if _, err := w.conn.RequestName(watcherName, 0); err != nil {
		b.Fatal(err)
	}
	return w
}

// RegisterStatusNotifierItem is how an icon makes itself known.
func (w *watcher) RegisterStatusNotifierItem(name string) *dbus.Error {
	w.registered <- name
	return nil
}

func (w *watcher) awaitItem() string {
	w.bus.Helper()
	return await(w.bus.T, "an item", w.registered)
}

func (w *watcher) emit(member string, body ...any) {
	w.bus.Helper()
	if err := w.conn.Emit(watcherPath, watcherIface+"."+member, body...); err != nil {
		w.bus.Fatal(err)
	}
}

// await gives what comes, if it does in time.
func await[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(10 * time.Second):
		t.Fatalf("waited for %s in vain", what)
	}
	return got
}

// stand is a tray that runs, in front of a double of the service.
type stand struct {
	bus
	tray    *Tray
	events  chan lab.Event
	present chan bool
	chosen  chan Action
	ran     chan []string
	ended   chan error

	mu     sync.Mutex
	refuse map[string]error
}

func (b bus) tray() *stand {
	b.Helper()
	s := &stand{
		bus: b, events: make(chan lab.Event), present: make(chan bool, 16), chosen: make(chan Action, 16), ran: make(chan []string, 64), ended: make(chan error, 1),
	}
	s.tray = New(Options{
		Icons: Icons{Plain: "sandboxlabs-symbolic", Alarmed: "sandboxlabs-attention-symbolic", Pixmaps: func() []Pixmap { return nil }},
		Do:    s.do, Ran: func(nodes []string) { s.ran <- nodes }, Present: func(now bool) { s.present <- now }, Log: slog.New(slog.DiscardHandler),
	})
	conn := b.connect(dbus.WithIncomingInterceptor(s.tray.Intercept))
	ctx, cancel := context.WithCancel(context.Background())
	go func() { s.ended <- s.tray.Run(ctx, conn, s.events) }()
	b.Cleanup(func() {
		cancel()
		if err := await(b.T, "the end of the tray", s.ended); err != nil {
			b.Error(err)
		}
	})
	return s
}

func (s *stand) do(_ context.Context, a Action) map[string]error {
	s.chosen <- a
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse
}

// snapshot tells the tray of nodes, and that an icon is wanted or not.
func (s *stand) snapshot(wanted bool, nodes ...lab.Node) {
	s.events <- lab.Event{
		Kind: lab.EventSnapshot, Nodes: nodes, Link: &lab.Link{Connected: true}, Desktop: &lab.Desktop{Tray: wanted},
	}
}

func (s *stand) changed(n lab.Node) { s.events <- lab.Event{Kind: lab.EventNode, Node: &n} }

// panel is the part of a panel that shows an item: it reads it, and clicks.
type panel struct {
	bus     bus
	conn    *dbus.Conn
	item    string
	signals chan *dbus.Signal
}

func (b bus) panel(item string) *panel {
	b.Helper()
	p := &panel{bus: b, conn: b.connect(), item: item, signals: make(chan *dbus.Signal, 4096)}
	for _, iface := range []string{menuIface, itemIface} {
		if err := p.conn.AddMatchSignal(dbus.WithMatchInterface(iface)); err != nil {
			b.Fatal(err)
		}
	}
	p.conn.Signal(p.signals)
	return p
}

// call calls a method of the menu.
func (p *panel) call(method string, args ...any) *dbus.Call {
	p.bus.Helper()
	call := p.conn.Object(p.item, menuPath).Call(menuIface+"."+method, 0, args...)
	if call.Err != nil {
		p.bus.Fatal(call.Err)
	}
	return call
}

// rows is the whole menu: the numbers of the items, by their path.
func (p *panel) rows() map[string]int32 {
	p.bus.Helper()
	var revision uint32
	var root layout
	if err := p.call("GetLayout", int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
		p.bus.Fatal(err)
	}
	rows := make(map[string]int32)
	p.walk("", root, rows)
	return rows
}

func (p *panel) walk(path string, l layout, rows map[string]int32) {
	p.bus.Helper()
	for _, v := range l.Children {
		var child layout
		if err := dbus.Store([]any{v.Value()}, &child); err != nil {
			p.bus.Fatal(err)
		}
		label, _ := child.Properties["label"].Value().(string)
		rows[path+label] = child.ID
		p.walk(path+label+"/", child, rows)
	}
}

// awaitRow waits until the menu has an item, and gives its number.
func (p *panel) awaitRow(path string) int32 {
	p.bus.Helper()
	limit := time.After(10 * time.Second)
	for {
		if id, ok := p.rows()[path]; ok {
			return id
		}
		select {
		case <-p.signals:
		case <-limit:
			p.bus.Fatalf("waited for %q in vain, in %d rows", path, len(p.rows()))
		}
	}
}

func (p *panel) click(path string) {
	p.bus.Helper()
	p.call("Event", p.awaitRow(path), "clicked", dbus.MakeVariant(""), uint32(0))
}

// property is one of the icon's.
func (p *panel) property(name string) any {
	p.bus.Helper()
	v, err := p.conn.Object(p.item, itemPath).GetProperty(itemIface + "." + name)
	if err != nil {
		p.bus.Fatal(err)
	}
	return v.Value()
}
