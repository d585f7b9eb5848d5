package app

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/app/tray"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// Icon is the program's icon in its forms.
type Icon struct {
	PNG      []byte // square
	Symbolic string // folder of the SVGs in one colour, sandboxlabs-symbolic and sandboxlabs-attention-symbolic; empty: the desktop has them
}

// lastSet is the preference that holds the IDs of the nodes that ran last.
const lastSet = "tray.last"

// newTray makes the icon in the tray.
func (a *App) newTray(ctx context.Context, icon Icon) *tray.Tray {
	log := slog.Default()
	pixmaps := sync.OnceValue(func() []tray.Pixmap {
		drawn, err := tray.Pixmaps(icon.PNG, 22, 24, 32, 48)
		if err != nil {
			log.Warn("the tray has no picture of its own", "error", err)
		}
		return drawn
	})
	return tray.New(tray.Options{
		Icons:   tray.Icons{Folder: icon.Symbolic, Plain: "sandboxlabs-symbolic", Alarmed: "sandboxlabs-attention-symbolic", Pixmaps: pixmaps},
		Last:    a.lastSet(ctx),
		Do:      a.do,
		Ran:     func(nodes []string) { a.keepLastSet(ctx, nodes) },
		Present: a.trayPresent,
		Log:     log,
	})
}

// runTray shows it until ctx ends, or the bus is gone.
func (a *App) runTray(ctx context.Context, conn *dbus.Conn) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	if err := a.tray.Run(ctx, conn, a.service.Subscribe(watching)); err != nil && ctx.Err() == nil {
		slog.Warn("the icon in the tray is gone", "error", err)
	}
}

// trayLimit is how long a start that is to be hidden waits for a tray. When a
// session begins, its panel comes up about when we do.
const trayLimit = 5 * time.Second

// trayWithin reports whether there is a tray, or comes in time.
func (a *App) trayWithin(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return a.tray.Await(ctx)
}

// awaitWake waits in the tray, without a window, which costs nothing. It is false
// if the program is to end before the window is wanted.
func (a *App) awaitWake(ctx context.Context) bool {
	a.setHidden(true)
	if !a.tray.Here() { // it went in the meantime
		a.appear("")
	}
	select {
	case <-a.woken:
		return true
	case <-ctx.Done():
		return false
	}
}

// trayPresent keeps a window from being hidden where nothing shows how to bring it back.
func (a *App) trayPresent(present bool) {
	if !present && a.hidden.Load() {
		a.appear("")
	}
}

// do does what was chosen in the tray; what it could not do it tells by node.
func (a *App) do(ctx context.Context, c tray.Action) map[string]error {
	switch c.Verb {
	case tray.Start:
		return each(c.Nodes, func(id string) error { _, err := a.service.Start(ctx, id); return err })
	case tray.Stop:
		return each(c.Nodes, func(id string) error { _, err := a.service.Stop(ctx, id); return err })
	case tray.Wipe:
		return each(c.Nodes, func(id string) error { _, err := a.service.Wipe(ctx, id); return err })
	case tray.Undo:
		return each(c.Nodes, func(id string) error { _, err := a.service.UndoWipe(ctx, id); return err })
	case tray.StopAll:
		a.keepLastSet(ctx, c.Nodes)
		return a.bulk(ctx, service.BulkStop, c.Nodes)
	case tray.StartLast:
		return a.bulk(ctx, service.BulkStart, c.Nodes)
	case tray.Console:
		a.show(lab.Opening{Console: c.Nodes[0]})
		a.appear(c.Token)
	case tray.Show:
		a.appear(c.Token)
	case tray.Quit:
		a.leave()
	}
	return nil
}

func each(nodes []string, do func(id string) error) map[string]error {
	failed := make(map[string]error)
	for _, id := range nodes {
		if err := do(id); err != nil {
			failed[id] = err
		}
	}
	return failed
}

func (a *App) bulk(ctx context.Context, verb service.BulkVerb, nodes []string) map[string]error {
	results, err := a.service.Bulk(ctx, service.BulkInput{Verb: verb, Nodes: nodes})
	failed := make(map[string]error)
	for _, r := range results {
		if r.Problem != nil {
			failed[r.Node] = &lab.Error{Kind: r.Problem.Kind, Message: r.Problem.Message}
		}
	}
	if err != nil {
		return each(nodes, func(string) error { return err })
	}
	return failed
}

// lastSet gives the nodes that ran last.
func (a *App) lastSet(ctx context.Context) []string {
	kept, err := a.service.Preferences(ctx)
	if err != nil {
		slog.Warn("which nodes ran last can not be told", "error", err)
	}
	return strings.Fields(kept[lastSet])
}

// keepLastSet keeps which nodes ran, if any did. Thousands of them would not fit
// into a preference, which is logged.
func (a *App) keepLastSet(ctx context.Context, nodes []string) {
	if len(nodes) == 0 {
		return
	}
	if err := a.service.Prefer(ctx, lab.Preferences{lastSet: strings.Join(nodes, " ")}); err != nil {
		slog.Warn("which nodes ran last can not be kept", "error", err)
	}
}

// keepRunning keeps which nodes run, at the end.
func (a *App) keepRunning(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	a.keepLastSet(ctx, a.running())
}

// running gives the IDs of the nodes that run.
func (a *App) running() []string {
	nodes, _ := a.service.List(context.Background()) // it asks nobody, and can not fail
	var running []string
	for _, n := range nodes {
		if n.State.Active() {
			running = append(running, n.ID)
		}
	}
	return running
}
