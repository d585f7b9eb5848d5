package app

import (
	"log/slog"

	"github.com/godbus/dbus/v5"
)

// sessionBus connects to the person's session bus, with a connection of our own,
// whose signals come in the order they were sent in. It is nil where there is no
// such bus: a tray and notifications are absent then, and said to be once.
func sessionBus(log *slog.Logger) *dbus.Conn {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err == nil {
		if err = conn.Auth(nil); err == nil {
			err = conn.Hello()
		}
		if err == nil {
			return conn
		}
		_ = conn.Close() // it was never of use
	}
	log.Info("there is no session bus: no tray, no notifications", "reason", err)
	return nil
}
