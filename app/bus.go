package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
)

// Nothing tells that a bus that went away is back: it is looked for at once, and
// then ever more seldom.
const (
	busSoon = 250 * time.Millisecond
	busLate = 30 * time.Second
)

// sessionBus connects to the person's session bus, with a connection of our own,
// whose signals come in the order they were sent in.
func sessionBus(more ...dbus.ConnOption) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(append(more, dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))...)
	if err != nil {
		return nil, err
	}
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// joinBus connects to the session bus; nil where there is none: a tray and
// notifications are absent then, and said to be once.
func joinBus(log *slog.Logger, more ...dbus.ConnOption) *dbus.Conn {
	conn, err := sessionBus(more...)
	if err != nil {
		log.Info("there is no session bus: no tray, no notifications", "reason", err)
	}
	return conn
}

// rejoinBus connects to the session bus once it is back; nil if ctx ends before.
func rejoinBus(ctx context.Context, more ...dbus.ConnOption) *dbus.Conn {
	for wait := busSoon; ; wait = min(2*wait, busLate) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if conn, err := sessionBus(more...); err == nil {
			return conn
		}
	}
}

// keepToBus does what wants a session bus, until ctx ends: again with the next one
// whenever the bus goes away. Without one to begin with, nothing is waited for.
func (a *App) keepToBus(ctx context.Context, conn *dbus.Conn) {
	for conn != nil {
		a.useBus(ctx, conn)
		_ = conn.Close() // the bus may be gone
		if ctx.Err() != nil {
			return
		}
		slog.Warn("the session bus is gone: no tray, no notifications until it is back")
		if conn = rejoinBus(ctx, dbus.WithIncomingInterceptor(a.tray.Intercept)); conn != nil {
			slog.Info("the session bus is back")
		}
	}
}

// useBus returns when the bus is gone, or ctx ends.
func (a *App) useBus(ctx context.Context, conn *dbus.Conn) {
	a.ownName(conn)
	var all sync.WaitGroup
	all.Go(func() { a.runTray(ctx, conn) })
	all.Go(func() { a.followDesktop(ctx, conn) })
	all.Go(func() { a.runNotices(ctx, conn) })
	all.Wait()
}

// ownName lets the desktop call the program by its name.
func (a *App) ownName(conn *dbus.Conn) {
	if err := (application{a.grant}).own(conn); err != nil {
		slog.Warn("the program's name on the session bus can not be had", "name", lab.AppID, "error", err)
	}
}
