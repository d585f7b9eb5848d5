package app

import (
	"context"
	"log/slog"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/app/notify"
	"sandboxlabs/backend/lab"
)

// newNotifier makes what tells of what happens while nobody looks at the window.
func (a *App) newNotifier() *notify.Notifier {
	return notify.New(notify.Options{
		Icon: "sandboxlabs",
		Open: func(o lab.Opening, token string) {
			a.show(o)
			a.appear(token)
		},
		Undo: func(ctx context.Context, nodes []string) map[string]error {
			return each(nodes, func(id string) error { _, err := a.service.UndoWipe(ctx, id); return err })
		},
		Log: slog.Default(),
	})
}

// runNotices tells of it until ctx ends, or the bus is gone.
func (a *App) runNotices(ctx context.Context, conn *dbus.Conn) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	a.notices.Run(ctx, conn, a.service.Subscribe(watching))
}

// lookAway takes that nobody looks: a page that has ended can not say so.
func (a *App) lookAway() { a.notices.Look(notify.Look{}) }

// Look tells what the person looks at: whether the window has the keyboard, which
// screen is in front, and of which node (by its UUID) or image (by its name), if
// of one. What they see needs no notification.
func (a *App) Look(focused bool, screen, thing string) {
	a.notices.Look(notify.Look{Focused: focused, Screen: screen, Thing: thing})
}
