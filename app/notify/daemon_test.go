package notify

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/bus"
)

// limit is how long anything may take to happen.
const limit = 10 * time.Second

// desk is a notifier on a bus of its own.
type desk struct {
	*testing.T
	bus    *bus.Bus
	n      *Notifier
	events chan lab.Event
	opened chan lab.Opening
	tokens chan string
	undone chan []string
	refuse atomic.Bool // Undo fails
	leave  func()
	ended  chan struct{} // closed when it has
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newDesk starts one that knows three nodes that run, and an image being added.
func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{
		T: t, events: make(chan lab.Event),
		opened: make(chan lab.Opening, 1), tokens: make(chan string, 1), undone: make(chan []string, 1),
	}
	d.n = New(Options{
		Icon: "sandboxlabs", Log: slog.New(slog.DiscardHandler),
		Open: func(o lab.Opening, token string) { d.opened <- o; d.tokens <- token },
		Undo: func(_ context.Context, nodes []string) map[string]error {
			d.undone <- nodes
			if d.refuse.Load() {
				return map[string]error{nodes[0]: lab.Errorf(lab.KindBusy, "it is being stopped")}
			}
			return nil
		},
	})
	d.sit(node("a", lab.Running), node("b", lab.Running), node("c", lab.Running))
	return d
}

// sit has it run on a bus of its own, where it knows nodes.
func (d *desk) sit(nodes ...lab.Node) {
	d.Helper()
	b := must(bus.New(d.TempDir()))(d.T)
	d.bus = b
	d.Cleanup(func() { _ = b.Close() }) // a test may have ended it
	conn := must(b.Connect())(d.T)
	ctx, cancel := context.WithCancel(d.Context())
	ended := make(chan struct{})
	d.ended = ended
	go func() {
		defer close(ended)
		d.n.Run(ctx, conn, d.events)
	}()
	d.leave = func() { cancel(); <-ended }
	d.Cleanup(d.leave)
	d.events <- lab.Event{
		Kind: lab.EventSnapshot, Nodes: nodes, Images: []lab.Image{image("i", lab.ImageAdding, "")}, Desktop: &lab.Desktop{Notices: lab.Notices},
	}
}

// TestBusComesAndGoes: on the next bus what was shown is shown again, with what
// happened while there was none.
func TestBusComesAndGoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	d.node(offByItself("a"))
	d.shown(by, "a has powered off")
	check(t, d.bus.Close())
	await(t, "the end", d.ended)
	d.sit(offByItself("a"), offByItself("b"), node("c", lab.Running))
	d.shown(d.daemon(everything...), "2 nodes have stopped or failed")
}

func (d *desk) node(n lab.Node) { d.events <- lab.Event{Kind: lab.EventNode, Node: &n} }

func (d *desk) daemon(able ...string) *bus.Notifications {
	d.Helper()
	return must(d.bus.NewNotifications(able...))(d.T)
}

func await[V any](t *testing.T, what string, from <-chan V) (v V) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(limit):
		t.Fatalf("waited for %s in vain", what)
	}
	return v
}

func (d *desk) shown(by *bus.Notifications, summary string) bus.Notification {
	d.Helper()
	got := await(d.T, summary, by.Shown)
	if got.Summary != summary {
		d.Fatalf("shown: %q, want %q", got.Summary, summary)
	}
	return got
}

var everything = []string{"actions", "body", "body-markup", "persistence"}

func TestNoticeOnTheBus(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	n := crashed("a")
	n.Problem.Message = "it said <b> & went"
	d.node(n)
	got := d.shown(by, "a has failed")
	if got.Program != "SandBoxLabs" || got.Icon != "sandboxlabs" || got.Replaces != 0 || got.Body != "It said &lt;b&gt; &amp; went. Start it again." {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(got.Actions, []string{"default", "Open"}) {
		t.Errorf("got the actions %q", got.Actions)
	}
	if h := got.Hints; h["desktop-entry"].Value() != lab.AppID || h["urgency"].Value() != byte(1) || h["category"].Value() != "device.error" {
		t.Errorf("got the hints %v", h)
	}
	d.node(crashed("b"))
	if again := d.shown(by, "2 nodes have stopped or failed"); again.Replaces != got.ID {
		t.Errorf("it replaces %d, want %d", again.Replaces, got.ID)
	}
	d.node(node("a", lab.Running))
	d.shown(by, "b has failed")
	d.node(node("b", lab.Running))
	if id := await(t, "it to be withdrawn", by.Closed); id != got.ID {
		t.Errorf("withdrawn: %d, want %d", id, got.ID)
	}
}

func TestPoorDaemon(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon()
	d.node(wipedAt("a", lab.Running, noon))
	got := d.shown(by, "a is wiped: Its old disk, 5 MiB, is kept for a while.")
	if got.Body != "" || len(got.Actions) != 0 {
		t.Errorf("got %+v, want no body and no buttons: it can show neither", got)
	}
}

func TestClickOpens(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	d.node(offByItself("a"))
	got := d.shown(by, "a has powered off")
	check(t, by.Click(got.ID, "default", "a-token"))
	if o := await(t, "the window", d.opened); o.View != lab.ViewNodes || o.Node != "a-id" {
		t.Errorf("opened %+v, want the node", o)
	}
	if token := await(t, "the token", d.tokens); token != "a-token" {
		t.Errorf("got the token %q", token)
	}
	d.node(offByItself("b"))
	d.shown(by, "b has powered off") // the first one is seen
}

// One button undoes all wipes of a notice, and says what it could not.
func TestClickUndoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	d.node(wipedAt("a", lab.Running, noon))
	d.node(wipedAt("b", lab.Running, noon))
	got := d.shown(by, "2 nodes are wiped")
	if !slices.Equal(got.Actions, []string{"default", "Open", "undo", "Undo all"}) {
		t.Errorf("got the actions %q", got.Actions)
	}
	d.refuse.Store(true)
	check(t, by.Click(got.ID, "undo", ""))
	if nodes := await(t, "the undoing", d.undone); !slices.Equal(nodes, []string{"a-id", "b-id"}) {
		t.Errorf("undone: %v, want both", nodes)
	}
	d.shown(by, "The wipe of a could not be undone")
}

// Who closes a notice, or lets its time pass, chose nothing; nor did a stranger.
func TestClosedIsNotClicked(t *testing.T) {
	t.Parallel()
	for _, reason := range []uint32{bus.Expired, bus.Dismissed} {
		d := newDesk(t)
		by, stranger := d.daemon(everything...), must(d.bus.Connect())(t)
		d.node(wipedAt("a", lab.Running, noon))
		got := d.shown(by, "a is wiped")
		check(t, stranger.Emit(busPath, busName+".ActionInvoked", got.ID, "undo"))
		check(t, by.End(got.ID, reason))
		d.node(wipedAt("b", lab.Running, noon))
		if next := d.shown(by, "b is wiped"); next.Replaces != 0 {
			t.Errorf("it replaces %d, which was closed", next.Replaces)
		}
		if len(d.undone)+len(d.opened) > 0 {
			t.Error("something came of it")
		}
	}
}

// What a person does with a notice counts also when it is heard of before the answer that numbers it.
func TestClosedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	release := by.Hold()
	d.node(wipedAt("a", lab.Running, noon))
	check(t, by.End(d.shown(by, "a is wiped").ID, bus.Dismissed))
	release()
	d.node(wipedAt("b", lab.Running, noon))
	d.shown(by, "b is wiped")
}

// A daemon that does not answer holds nothing up, and what it missed is told as it
// is when it answers.
func TestSlowDaemon(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	by := d.daemon(everything...)
	release := by.Hold()
	d.node(offByItself("a"))
	d.shown(by, "a has powered off")
	for range 100 {
		d.node(offByItself("b"))
		d.node(node("b", lab.Running))
	}
	d.node(offByItself("c"))
	d.n.Look(Look{Focused: false, Screen: "nodes"})
	release()
	d.shown(by, "2 nodes have stopped or failed")
}

// A daemon that comes late shows what is still worth it, and so does one that
// takes the place of another.
func TestDaemonComesAndGoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.node(offByItself("a"))
	d.node(offByItself("b"))
	d.node(node("b", lab.Running))
	first := d.daemon(everything...)
	got := d.shown(first, "a has powered off")
	check(t, first.Close())
	d.node(offByItself("b"))
	second := d.daemon("body")
	next := d.shown(second, "2 nodes have stopped or failed")
	if next.Replaces != 0 || len(next.Actions) != 0 {
		t.Errorf("got %+v, want it shown anew, as this one can: the first showed %d", next, got.ID)
	}
	check(t, second.Close())
	third := d.daemon(everything...)
	release := third.Hold()
	d.shown(third, "2 nodes have stopped or failed")
	check(t, third.Close()) // in the middle of the call
	release()
	fourth := d.daemon(everything...)
	d.shown(fourth, "2 nodes have stopped or failed")
	d.leave()
	await(t, "it to be withdrawn at the end", fourth.Closed)
}
