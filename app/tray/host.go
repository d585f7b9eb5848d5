package tray

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	busName      = "org.freedesktop.DBus"
	watcherName  = "org.kde.StatusNotifierWatcher"
	watcherPath  = dbus.ObjectPath("/StatusNotifierWatcher")
	watcherIface = "org.kde.StatusNotifierWatcher"
)

// askLimit is how long a tray may take to answer.
const askLimit = 2 * time.Second

// host follows the desktop's tray: the watcher, with which icons are registered,
// and the host, which shows them. Either comes and goes: with the panel, with a
// locked screen, with a resumed session.
type host struct {
	conn  *dbus.Conn
	name  string // of our item on the bus
	owner string // of the watcher's name, with whom we are registered; empty: nobody
}

// matches are the signals that say that it may have changed.
func (h *host) matches() [][]dbus.MatchOption {
	of := func(member string, more ...dbus.MatchOption) []dbus.MatchOption {
		return append([]dbus.MatchOption{dbus.WithMatchInterface(watcherIface), dbus.WithMatchMember(member)}, more...)
	}
	return [][]dbus.MatchOption{
		{dbus.WithMatchSender(busName), dbus.WithMatchInterface(busName), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, watcherName)},
		of("StatusNotifierHostRegistered"), of("StatusNotifierHostUnregistered"),
		of("StatusNotifierItemUnregistered"),
	}
}

// follow asks for those signals.
func (h *host) follow(ctx context.Context) (err error) {
	for _, m := range h.matches() {
		err = errors.Join(err, h.conn.AddMatchSignalContext(ctx, m...))
	}
	return err
}

// unfollow ends that.
func (h *host) unfollow(ctx context.Context) (err error) {
	for _, m := range h.matches() {
		err = errors.Join(err, h.conn.RemoveMatchSignalContext(ctx, m...))
	}
	return err
}

// hear reports whether a signal says that something may have changed. A
// watcher that dropped our item, but not because we left, has to be told of it again.
func (h *host) hear(s *dbus.Signal) bool {
	switch s.Name {
	case busName + ".NameOwnerChanged":
		return len(s.Body) == 3 && s.Body[0] == watcherName
	case watcherIface + ".StatusNotifierHostRegistered", watcherIface + ".StatusNotifierHostUnregistered":
		return true
	case watcherIface + ".StatusNotifierItemUnregistered":
		if s.Sender == h.owner && h.names(s.Body) {
			h.owner = ""
			return true
		}
	}
	return false
}

// names reports whether what a watcher calls an item is ours: its name on the
// bus, with its path or without.
func (h *host) names(body []any) bool {
	if len(body) != 1 {
		return false
	}
	return body[0] == h.name || body[0] == h.name+string(itemPath)
}

// find finds out whether there is a tray, and has our icon in it if so.
func (h *host) find(ctx context.Context) (present bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var owner string
	err = h.conn.BusObject().CallWithContext(ctx, busName+".GetNameOwner", 0, watcherName).Store(&owner)
	if failed := new(dbus.Error); errors.As(err, failed) && failed.Name == "org.freedesktop.DBus.Error.NameHasNoOwner" {
		h.owner = ""
		return false, nil
	}
	if err != nil {
		return false, err
	}
	watcher := h.conn.Object(owner, watcherPath)
	if owner != h.owner {
		if err := watcher.CallWithContext(ctx, watcherIface+".RegisterStatusNotifierItem", 0, h.name).Err; err != nil {
			return false, err
		}
		h.owner = owner
	}
	err = watcher.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, watcherIface, "IsStatusNotifierHostRegistered").Store(&present)
	return present, err
}
