package bus

import (
	"maps"
	"sync"

	"github.com/godbus/dbus/v5"
)

const (
	portalName  = "org.freedesktop.portal.Desktop"
	portalPath  = dbus.ObjectPath("/org/freedesktop/portal/desktop")
	portalIface = "org.freedesktop.portal.Settings"
)

// Appearance is the portal's namespace of how programs are to look.
const Appearance = "org.freedesktop.appearance"

// Portal is a double of the desktop's portal, of its settings alone.
type Portal struct {
	conn *dbus.Conn

	mu     sync.Mutex
	values map[string]any
}

// NewPortal brings the portal up, with values of the namespace Appearance.
func (b *Bus) NewPortal(values map[string]any) (*Portal, error) {
	p := &Portal{values: maps.Clone(values)}
	conn, err := b.serve(portalPath, portalName, portalCalls{p}, portalIface)
	p.conn = conn
	return p, err
}

// Set changes a value and tells of it, as the desktop's settings do.
func (p *Portal) Set(key string, value any) error {
	p.mu.Lock()
	p.values[key] = value
	p.mu.Unlock()
	return p.conn.Emit(portalPath, portalIface+".SettingChanged", Appearance, key, dbus.MakeVariant(value))
}

// Close takes the portal away, as a crash does.
func (p *Portal) Close() error { return p.conn.Close() }

// portalCalls are the calls of the bus.
type portalCalls struct{ p *Portal }

// ReadAll tells the values, whatever namespaces are asked for.
func (c portalCalls) ReadAll([]string) (map[string]map[string]dbus.Variant, *dbus.Error) {
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	told := make(map[string]dbus.Variant)
	for key, value := range c.p.values {
		told[key] = dbus.MakeVariant(value)
	}
	return map[string]map[string]dbus.Variant{Appearance: told}, nil
}
