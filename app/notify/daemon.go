package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

const (
	busName   = "org.freedesktop.Notifications"
	busPath   = dbus.ObjectPath("/org/freedesktop/Notifications")
	busDaemon = "org.freedesktop.DBus"

	program = "SandBoxLabs"
	undoKey = "undo"
	openKey = "default" // the specification's, of a click on the notice itself
)

const (
	calm = 700 * time.Millisecond // what happens together is told together
	pace = 2 * time.Second        // between two forms of one notice
)

// daemon is the program that shows notices, as it is known. Everything happens in
// the goroutine of Run.
type daemon struct {
	o       Options
	conn    *dbus.Conn
	signals chan *dbus.Signal
	calls   chan *dbus.Call
	undone  chan map[string]error // what could not be undone
	over    chan struct{}         // closed when Run returns

	board *board
	owner string              // its name on the bus; empty: it is not there
	able  map[string]bool     // its capabilities; nil: not asked yet
	slots map[lab.Notice]slot // what it shows
	call  *call               // the one under way; nil: none
	early []*dbus.Signal      // of what the call under way may have shown, before its answer tells
	deaf  bool                // nobody can show a notice, until somebody comes who can
	token token
}

// slot is the place of one kind of notice.
type slot struct {
	id   uint32 // the daemon's; 0: it shows none
	says notice
	sent time.Time
	due  time.Time // when it is to be brought up to date; zero: it is
}

// call is one to the daemon. Without a kind it asks for the capabilities.
type call struct {
	kind  lab.Notice
	says  notice
	items []item // that it tells
	owner string // when it was sent
}

// token lets a window come to the front because of a click on one notice.
type token struct {
	id    uint32
	value string
}

// newDaemon begins to listen.
func newDaemon(ctx context.Context, o Options, conn *dbus.Conn, b *board) (*daemon, error) {
	d := &daemon{
		o: o, conn: conn, board: b, slots: make(map[lab.Notice]slot), over: make(chan struct{}),
		signals: make(chan *dbus.Signal, 16), calls: make(chan *dbus.Call, 1), undone: make(chan map[string]error),
	}
	d.conn.Signal(d.signals)
	for _, match := range matches {
		if err := d.conn.AddMatchSignalContext(ctx, match...); err != nil {
			return nil, err
		}
	}
	err := d.conn.BusObject().CallWithContext(ctx, busDaemon+".GetNameOwner", 0, busName).Store(&d.owner)
	if name := errorName(err); err != nil && name != busDaemon+".Error.NameHasNoOwner" {
		return nil, err
	}
	return d, nil
}

var matches = [][]dbus.MatchOption{
	{dbus.WithMatchSender(busDaemon), dbus.WithMatchInterface(busDaemon), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)},
	{dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName), dbus.WithMatchObjectPath(busPath)},
}

func errorName(err error) string {
	var e dbus.Error
	if errors.As(err, &e) {
		return e.Name
	}
	return ""
}

// patience is how long the end waits to learn what is to be withdrawn.
const patience = 200 * time.Millisecond

// leave withdraws what is shown, and listens no longer.
func (d *daemon) leave(ctx context.Context) {
	if d.call != nil {
		select {
		case answer := <-d.calls:
			d.answered(ctx, answer)
		case <-time.After(patience):
		}
	}
	for _, s := range d.slots {
		d.withdraw(s.id)
	}
	for _, match := range matches {
		_ = d.conn.RemoveMatchSignal(match...) // the bus may be gone
	}
	d.conn.RemoveSignal(d.signals)
}

func (d *daemon) object() dbus.BusObject { return d.conn.Object(busName, busPath) }

// withdraw closes a notice; nobody waits for that, and that it is gone already is no failure.
func (d *daemon) withdraw(id uint32) {
	if id != 0 && d.owner != "" {
		d.object().Go(busName+".CloseNotification", dbus.FlagNoReplyExpected|dbus.FlagNoAutoStart, nil, id)
	}
}

// settle brings the daemon nearer to what the board tells, and gives how long to
// wait for more to do; 0: until something happens.
func (d *daemon) settle(now time.Time) (wait time.Duration) {
	for _, kind := range lab.Notices {
		s := d.slots[kind]
		want, ok := d.board.notice(kind)
		switch {
		case !ok:
			d.withdraw(s.id)
			delete(d.slots, kind)
			continue
		case want == s.says:
			s.due = time.Time{}
		case s.due.IsZero():
			s.due = later(now.Add(calm), s.sent.Add(pace))
		}
		d.slots[kind] = s
		left := s.due.Sub(now)
		switch {
		case s.due.IsZero() || d.deaf || d.call != nil: // what comes of these is told in time
		case left <= 0:
			d.send(kind, want)
		case wait == 0 || left < wait:
			wait = left
		}
	}
	return wait
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// send shows a notice, in the place of the one of its kind, once it is known what
// the daemon can do.
func (d *daemon) send(kind lab.Notice, says notice) {
	if d.able == nil {
		d.call = &call{owner: d.owner}
		d.object().Go(busName+".GetCapabilities", 0, d.calls)
		return
	}
	d.call = &call{kind, says, d.board.due(kind), d.owner}
	d.object().Go(busName+".Notify", 0, d.calls, program, d.slots[kind].id, d.o.Icon,
		d.summary(says), d.body(says), d.actions(says), hints(says), int32(-1))
}

func (d *daemon) summary(says notice) string {
	if d.able["body"] || says.body == "" {
		return says.summary
	}
	return says.summary + ": " + says.body
}

func (d *daemon) body(says notice) string {
	switch {
	case !d.able["body"]:
		return ""
	case d.able["body-markup"]:
		return markup.Replace(says.body)
	}
	return says.body
}

func (d *daemon) actions(says notice) []string {
	if !d.able["actions"] {
		return []string{}
	}
	actions := []string{openKey, words.Text("Open")}
	if says.undo != "" {
		actions = append(actions, undoKey, says.undo)
	}
	return actions
}

func hints(says notice) map[string]dbus.Variant {
	h := map[string]dbus.Variant{"desktop-entry": dbus.MakeVariant(lab.AppID), "urgency": dbus.MakeVariant(says.urgency)}
	if says.category != "" {
		h["category"] = dbus.MakeVariant(says.category)
	}
	return h
}

// answered takes the answer to the call under way.
func (d *daemon) answered(ctx context.Context, answer *dbus.Call) {
	c, early := *d.call, d.early
	d.call, d.early = nil, nil
	defer func() {
		for _, s := range early {
			d.hear(ctx, s)
		}
	}()
	if answer.Err != nil {
		d.failed(c, answer.Err)
		return
	}
	if c.kind == "" {
		d.take(answer)
		return
	}
	s := slot{says: c.says, sent: time.Now()}
	if err := answer.Store(&s.id); err != nil {
		d.o.Log.Warn("the notification daemon answers something else", "error", err)
	}
	d.slots[c.kind] = s
	d.board.told(c.items)
}

func (d *daemon) take(answer *dbus.Call) {
	var list []string
	if err := answer.Store(&list); err != nil {
		d.o.Log.Warn("the notification daemon tells no capabilities", "error", err)
	}
	d.able = make(map[string]bool)
	for _, can := range list {
		d.able[can] = true
	}
}

// unanswered are the errors of a bus on which nobody answers.
var unanswered = []string{
	busDaemon + ".Error.ServiceUnknown", busDaemon + ".Error.NameHasNoOwner", busDaemon + ".Error.NoReply",
	busDaemon + ".Error.Disconnected", busDaemon + ".Error.TimedOut", busDaemon + ".Error.Spawn.ExecFailed", busDaemon + ".Error.Spawn.ChildExited",
}

// failed takes that a call failed. Where nobody answers, the next daemon is told
// everything; a daemon that refuses a notice is not asked again for the same.
func (d *daemon) failed(c call, err error) {
	switch {
	case c.owner != d.owner && d.owner != "": // it was another one: this one is asked anew
	case slices.Contains(unanswered, errorName(err)) || c.kind == "":
		if !d.deaf {
			d.o.Log.Log(context.Background(), slog.LevelInfo, "no program shows notifications", "reason", err)
		}
		d.deaf = true
	default:
		d.o.Log.Warn("a notification is refused", "error", err)
		d.slots[c.kind] = slot{id: d.slots[c.kind].id, says: c.says, sent: time.Now()}
	}
}

// hear takes a signal. Anybody can send one: what counts comes from the daemon.
func (d *daemon) hear(ctx context.Context, s *dbus.Signal) {
	var id uint32
	var text string
	switch s.Name {
	case busDaemon + ".NameOwnerChanged":
		d.owned(s)
	case busName + ".ActivationToken":
		if s.Sender == d.owner && dbus.Store(s.Body, &id, &text) == nil {
			d.token = token{id, text}
		}
	case busName + ".ActionInvoked":
		if s.Sender == d.owner && dbus.Store(s.Body, &id, &text) == nil && !d.tooEarly(id, s) {
			d.invoked(ctx, id, text)
		}
	case busName + ".NotificationClosed":
		var why uint32
		if s.Sender == d.owner && dbus.Store(s.Body, &id, &why) == nil && !d.tooEarly(id, s) {
			d.closed(id)
		}
	}
}

// tooEarly keeps a signal of a notice that is not known, while a call may tell that it is ours.
func (d *daemon) tooEarly(id uint32, s *dbus.Signal) bool {
	if _, known := d.find(id); known || d.call == nil || d.call.kind == "" {
		return false
	}
	d.early = append(d.early, s)
	return true
}

// owned takes that the daemon came or went. What the former one showed is gone;
// the next one shows what is still worth it.
func (d *daemon) owned(s *dbus.Signal) {
	var name, before, now string
	if s.Sender != busDaemon || dbus.Store(s.Body, &name, &before, &now) != nil || name != busName {
		return
	}
	d.owner, d.able = now, nil
	clear(d.slots)
	d.early = nil
	d.deaf = d.deaf && now == ""
}

// find gives the kind of a notice that is shown; one that is being replaced is not closed.
func (d *daemon) find(id uint32) (kind lab.Notice, ok bool) {
	for kind, s := range d.slots {
		if s.id == id && id != 0 {
			return kind, true
		}
	}
	return "", false
}

// closed takes that the person, or time, has closed a notice: nothing else comes of it.
func (d *daemon) closed(id uint32) {
	kind, ok := d.find(id)
	if !ok || d.call != nil && d.call.kind == kind {
		return
	}
	delete(d.slots, kind)
	d.board.closed(kind)
}

// invoked takes a click on a notice, or on its button.
func (d *daemon) invoked(ctx context.Context, id uint32, key string) {
	kind, ok := d.find(id)
	if !ok {
		return
	}
	says := d.slots[kind].says
	switch key {
	case openKey:
		pass := ""
		if d.token.id == id {
			pass = d.token.value
		}
		d.o.Open(lab.Opening{View: says.open.view, Node: says.open.node}, pass)
	case undoKey:
		d.undo(ctx)
	default:
		return
	}
	d.board.closed(kind)
}

// undo undoes the wipes that are told.
func (d *daemon) undo(ctx context.Context) {
	nodes := d.board.wipes()
	go func() {
		failed := d.o.Undo(ctx, nodes)
		select {
		case d.undone <- failed:
		case <-d.over:
		}
	}()
}
