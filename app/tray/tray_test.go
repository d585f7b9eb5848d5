package tray

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
)

// TestTheTrayComesAndGoes: the watcher and the host may come late, go, come
// again, and forget an icon.
func TestTheTrayComesAndGoes(t *testing.T) {
	b := mustBus(t)
	s := b.tray()
	s.snapshot(true, node(1, lab.Running))
	early := b.watcher(false)
	name := early.awaitItem()
	if want := fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", os.Getpid()); name != want {
		t.Errorf("the item is %s, want %s", name, want)
	}
	if s.tray.Here() {
		t.Error("there is a tray, where nobody shows it")
	}
	if err := early.conn.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w := b.watcher(true)
		w.awaitItem()
		if !await(t, "a tray", s.present) || !s.tray.Here() {
			t.Fatal("there is no tray")
		}
		w.emit("StatusNotifierItemUnregistered", name+"/StatusNotifierItem")
		w.awaitItem()
		if err := w.conn.Close(); err != nil {
			t.Fatal(err)
		}
		if await(t, "the end of the tray", s.present) || s.tray.Here() {
			t.Fatal("there still is a tray")
		}
	}
}

// TestTheIconIsSwitchedOff: with its name, the icon is gone from any tray.
func TestTheIconIsSwitchedOff(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(false)
	s.snapshot(true)
	name := w.awaitItem()
	await(t, "a tray", s.present)
	gone := make(chan *dbus.Signal, 16)
	if err := w.conn.AddMatchSignal(dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)); err != nil {
		t.Fatal(err)
	}
	w.conn.Signal(gone)
	s.snapshot(false)
	await(t, "the name to go", gone)
	if await(t, "the tray", s.present) {
		t.Error("there is a tray that shows no icon")
	}
	s.snapshot(true)
	w.awaitItem()
}

func TestChoices(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	wiped := node(2, lab.Stopped)
	wiped.Undo = &lab.Undo{Generation: 1}
	s.snapshot(true, node(1, lab.Running), wiped)
	p := b.panel(w.awaitItem())
	for path, want := range map[string]Action{
		"node__001: running/Stop":         {Verb: Stop, Nodes: []string{"id-001"}},
		"node__001: running/Open console": {Verb: Console, Nodes: []string{"id-001"}},
		"node__002: stopped/Start":        {Verb: Start, Nodes: []string{"id-002"}},
		"node__002: stopped/Wipe":         {Verb: Wipe, Nodes: []string{"id-002"}},
		"node__002: stopped/Undo wipe":    {Verb: Undo, Nodes: []string{"id-002"}},
		"Stop all (1)":                    {Verb: StopAll, Nodes: []string{"id-001"}},
		"Show window":                     {Verb: Show},
		"Quit (nodes keep running)":       {Verb: Quit},
	} {
		p.click(path)
		if got := await(t, path, s.chosen); got.Verb != want.Verb || !slices.Equal(got.Nodes, want.Nodes) {
			t.Errorf("%s does %+v, want %+v", path, got, want)
		}
	}
	p.click("node__001: running/Start") // it is off: nothing comes
	p.call("Event", int32(9999), "clicked", dbus.MakeVariant(""), uint32(0))
	item := p.conn.Object(p.item, itemPath)
	for _, err := range []error{
		item.Call(itemIface+".ProvideXdgActivationToken", 0, "token-1").Err, item.Call(itemIface+".Activate", 0, int32(1), int32(1)).Err,
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := await(t, "a click on the icon", s.chosen); got.Verb != Show || got.Token != "token-1" {
		t.Errorf("a click on the icon does %+v", got)
	}
	s.changed(node(1, lab.Stopped))
	p.click("Start last set (1)")
	if got := await(t, "the last set", s.chosen); got.Verb != StartLast || !slices.Equal(got.Nodes, []string{"id-001"}) {
		t.Errorf("the last set does %+v: what ran when all were stopped", got)
	}
}

// TestWhatRunsIsTold: whenever one more does, so that an end of the session that
// leaves no time loses nothing.
func TestWhatRunsIsTold(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(true, node(1, lab.Running), node(2, lab.Stopped))
	p := b.panel(w.awaitItem())
	if got := await(t, "the first", s.ran); !slices.Equal(got, []string{"id-001"}) {
		t.Errorf("%v run, want the first", got)
	}
	s.changed(node(1, lab.Stopped))
	p.awaitRow("node__001: stopped")
	s.changed(node(2, lab.Running))
	if got := await(t, "the second", s.ran); !slices.Equal(got, []string{"id-002"}) {
		t.Errorf("%v run, want the second, and no word of the stop of the first", got)
	}
}

// TestTroubleIsTold: what could not be done is on the node until it changes.
func TestTroubleIsTold(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.refuse = map[string]error{"id-001": lab.Errorf(lab.KindBusy, "node_001 is being wiped")}
	s.snapshot(true, node(1, lab.Stopped))
	p := b.panel(w.awaitItem())
	p.click("node__001: stopped/Start")
	p.awaitRow("node__001: stopped/node__001 is being wiped")
	s.changed(node(1, lab.Running))
	p.awaitRow("node__001: running/Stop")
	if got := len(p.rows()); got != len(Menu(State{Nodes: []lab.Node{node(1, lab.Running)}}))+4-2 { // lines have no label of their own
		t.Errorf("%d rows: %v", got, p.rows())
	}
}

// TestAttention: a node that failed is told of until somebody looks.
func TestAttention(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(true, node(1, lab.Running))
	p := b.panel(w.awaitItem())
	is := func(want string) {
		t.Helper()
		for got := p.property("Status"); got != want; got = p.property("Status") {
			if sig := await(t, want, p.signals); sig == nil {
				t.Fatal("the bus is gone")
			}
		}
	}
	shows := func(want string) {
		t.Helper()
		for _, property := range []string{"IconName", "AttentionIconName"} { // a host may look at either
			if got := p.property(property); got != want {
				t.Errorf("%s is %v, want %s", property, got, want)
			}
		}
	}
	is("Active")
	shows("sandboxlabs-symbolic")
	s.changed(node(1, lab.Failed))
	is("NeedsAttention")
	shows("sandboxlabs-attention-symbolic")
	p.call("Event", int32(0), "opened", dbus.MakeVariant(""), uint32(0))
	is("Active")
	shows("sandboxlabs-symbolic")
	s.changed(node(1, lab.Running))
	s.changed(node(1, lab.Failed))
	p.awaitRow("node__001: failed")
	if got := p.property("Status"); got != "Active" {
		t.Log("a state between was lost, which events may be") // both in one version of the menu
	}
	s.changed(node(1, lab.Running))
	p.awaitRow("node__001: running")
	s.changed(node(1, lab.Failed))
	is("NeedsAttention")
	s.tray.Awake(true)
	is("Active")
	if got := p.property("ToolTip"); !strings.Contains(fmt.Sprint(got), "Failed: node_001") {
		t.Errorf("the tip is %v", got)
	}
}

// TestHundredNodes: an event is shown at once, many of them in few versions, and
// the last word is the service's.
func TestHundredNodes(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(true, append(nodes(1, 12, lab.Running), nodes(13, 100, lab.Stopped)...)...)
	item := w.awaitItem()
	p, ear := b.panel(item), b.panel(item)
	p.awaitRow("Running (12)/node__012: running/Stop")
	p.quiet()
	sent := time.Now()
	s.changed(node(1, lab.Stopping))
	await(t, "the change", p.signals)
	t.Logf("an event is shown after %s", time.Since(sent))
	ear.quiet()
	begun := time.Now()
	for n := 0; time.Since(begun) < time.Second; n++ {
		s.changed(node(1+n%100, lab.States[n%5]))
	}
	for n := range 100 {
		s.changed(node(1+n, lab.Running))
	}
	p.awaitRow("Running (100)/node__081 to node__100/node__100: running/Stop")
	versions := 0
	for _, sig := range ear.quiet() {
		if sig.Name == menuIface+".ItemsPropertiesUpdated" {
			versions++
		}
	}
	if most := int(time.Since(begun)/every) + 1; versions < 2 || versions > most {
		t.Errorf("%d versions of the menu, want 2 to %d", versions, most)
	}
}

// quiet gives the signals that come until none does for a while, longer than
// between two versions of the menu.
func (p *panel) quiet() (heard []*dbus.Signal) {
	for {
		select {
		case s := <-p.signals:
			heard = append(heard, s)
		case <-time.After(2 * every):
			return heard
		}
	}
}

// TestTheBusGoes: with the bus, the tray is gone, and comes again on another one as
// it was: with the nodes there are then, and what ran last.
func TestTheBusGoes(t *testing.T) {
	present, chosen := make(chan bool, 16), make(chan Action, 16)
	tray := New(Options{
		Do:  func(_ context.Context, a Action) map[string]error { chosen <- a; return nil },
		Ran: func([]string) {}, Present: func(now bool) { present <- now }, Log: slog.New(slog.DiscardHandler),
		Icons: Icons{Pixmaps: func() []Pixmap { return nil }},
	})
	for _, runs := range []lab.State{lab.Running, lab.Stopped} {
		b := mustBus(t)
		w, conn, events, ended := b.watcher(true), b.connect(dbus.WithIncomingInterceptor(tray.Intercept)), make(chan lab.Event), make(chan error, 1)
		go func() { ended <- tray.Run(t.Context(), conn, events) }()
		events <- lab.Event{Kind: lab.EventSnapshot, Nodes: []lab.Node{node(1, runs)}, Desktop: &lab.Desktop{Tray: true}}
		p := b.panel(w.awaitItem())
		if !await(t, "a tray", present) || !tray.Here() {
			t.Fatal("there is no tray")
		}
		if runs == lab.Running {
			p.click("Stop all (1)")
		} else {
			p.click("Start last set (1)")
		}
		if got := await(t, "what is chosen", chosen); !slices.Equal(got.Nodes, []string{"id-001"}) {
			t.Errorf("chosen: %+v, want the node", got)
		}
		if err := b.daemon.Close(); err != nil {
			t.Fatal(err)
		}
		if await(t, "the end", ended) == nil || await(t, "the tray to go", present) || tray.Here() {
			t.Error("the tray outlives the bus")
		}
	}
}
