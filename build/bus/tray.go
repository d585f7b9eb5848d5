package bus

import "github.com/godbus/dbus/v5"

const (
	watcherName = "org.kde.StatusNotifierWatcher"
	watcherPath = dbus.ObjectPath("/StatusNotifierWatcher")
)

// Tray is a double of a tray: of the watcher, and of a host that shows every icon.
type Tray struct {
	Registered chan string // the name of each icon, as it comes

	conn *dbus.Conn
}

// NewTray brings the tray up.
func (b *Bus) NewTray() (*Tray, error) {
	t := &Tray{Registered: make(chan string, 100)}
	conn, err := b.serve(watcherPath, watcherName, trayCalls{t}, watcherName, "org.freedesktop.DBus.Properties")
	t.conn = conn
	return t, err
}

// Close takes the tray away, as a crash does.
func (t *Tray) Close() error { return t.conn.Close() }

// trayCalls are the calls of the bus.
type trayCalls struct{ t *Tray }

// RegisterStatusNotifierItem is how an icon makes itself known.
func (c trayCalls) RegisterStatusNotifierItem(name string) *dbus.Error {
	c.t.Registered <- name
	return nil
}

// Get gives a property, each of which says that the tray is there.
func (c trayCalls) Get(string, string) (dbus.Variant, *dbus.Error) {
	return dbus.MakeVariant(true), nil
}
