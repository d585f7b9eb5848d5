// Package notify tells, through the desktop's notifications, what happened while
// nobody looked: a node that stopped by itself, an image that is there, a wipe
// with the way to undo it, a disk that gets full
// (https://specifications.freedesktop.org/notification-spec/).
//
//	board    what is worth telling now: events in, at most one notice of each kind out; no clock, no bus
//	words    how that is said
//	daemon   the program of the desktop that shows it, which may be absent, slow, or restarted at any time
//
// A notice is replaced while it stands, and withdrawn when it is moot. What the
// daemon has shown is compared with what the board tells, so that nothing waits in
// a queue: one call is under way at a time, and what changes meanwhile becomes the
// next. There is no deadline, because nothing waits for a call but the next one.
package notify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
)

// Options wires a Notifier.
type Options struct {
	Icon string // its name in the icon theme

	// Open shows what a notice is about. The token is what the desktop gave along
	// with the click, empty if it gave none: it lets a window come to the front.
	Open func(o lab.Opening, token string)

	// Undo undoes the last wipe of nodes, by their UUIDs, and gives what could not be.
	Undo func(ctx context.Context, nodes []string) map[string]error

	Log *slog.Logger
}

// Look is what the person looks at in the window.
type Look struct {
	Focused bool   // the window has the keyboard
	Screen  string // nodes, images, activity, health, settings or console
	Thing   string // UUID of the node, or name of the image, that is in front; empty: none
}

// Notifier shows notices. Make it with New.
type Notifier struct {
	o     Options
	board *board // of Run, and what it leaves to the next

	mu     sync.Mutex
	look   Look
	looked chan struct{} // it is another one
}

// New makes a notifier; Run sets it going.
func New(o Options) *Notifier {
	return &Notifier{o: o, board: newBoard(), looked: make(chan struct{}, 1)}
}

// Look takes what the person looks at from now on, and waits for nothing. Until
// it is first called nobody looks.
func (n *Notifier) Look(l Look) {
	n.mu.Lock()
	n.look = l
	n.mu.Unlock()
	select {
	case n.looked <- struct{}{}:
	default:
	}
}

func (n *Notifier) now() Look {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.look
}

// Run shows what is worth telling of the events, the first of which is a
// snapshot, until ctx ends or they do. Then it withdraws what is shown: its
// buttons would lead nowhere. conn is to the session bus, its signals in order. It
// returns also when that bus is gone, and can be run again with another: what
// happened meanwhile is told then, and what was shown is shown again.
func (n *Notifier) Run(ctx context.Context, conn *dbus.Conn, events <-chan lab.Event) {
	d, err := newDaemon(ctx, n.o, conn, n.board)
	if err != nil {
		n.o.Log.Warn("there are no notifications: the session bus does not answer", "error", err)
		return
	}
	defer close(d.over)
	defer d.leave(ctx)
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				return
			}
			d.board.take(e, time.Now())
		case <-n.looked:
			d.board.see(n.now())
		case signal, ok := <-d.signals:
			if !ok {
				return // the bus is gone
			}
			d.hear(ctx, signal)
		case call := <-d.calls:
			d.answered(ctx, call)
		case failed := <-d.undone:
			d.board.notUndone(failed, time.Now())
		case <-due.C:
		}
		if wait := d.settle(time.Now()); wait > 0 {
			due.Reset(wait)
		}
	}
}
