package tray

import (
	"errors"
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"
	"github.com/godbus/dbus/v5/prop"
)

// The menu on the bus: https://github.com/AyatanaIndicators/libdbusmenu,
// libdbusmenu-glib/dbus-menu.xml.
const (
	menuPath  = dbus.ObjectPath("/MenuBar")
	menuIface = "com.canonical.dbusmenu"
)

// dbusmenu answers hosts that ask for the menu. Its exported methods are calls
// of the bus, of which answer.go calls one after the other.
type dbusmenu struct {
	conn   *dbus.Conn
	chosen func(Action) // must not wait
	opened func()       // somebody looks at the menu; must not wait

	mu   sync.Mutex
	tree *tree
}

func newMenu(conn *dbus.Conn, chosen func(Action), opened func()) *dbusmenu {
	return &dbusmenu{conn: conn, chosen: chosen, opened: opened, tree: newTree()}
}

// export puts the menu on the bus.
func (m *dbusmenu) export() error {
	fixed := func(v any) *prop.Prop { return &prop.Prop{Value: v, Emit: prop.EmitConst} }
	properties, err := prop.Export(m.conn, menuPath, prop.Map{menuIface: {
		"Version": fixed(uint32(3)), "TextDirection": fixed("ltr"), "Status": fixed("normal"), "IconThemePath": fixed([]string{}),
	}})
	if err != nil {
		return err
	}
	return describe(m.conn, menuPath, introspect.Interface{
		Name: menuIface, Methods: introspect.Methods(m), Properties: properties.Introspection(menuIface),
	})
}

// describe lets others ask what an object has.
func describe(conn *dbus.Conn, path dbus.ObjectPath, iface introspect.Interface) error {
	node := introspect.Node{Name: string(path), Interfaces: []introspect.Interface{introspect.IntrospectData, prop.IntrospectData, iface}}
	return conn.Export(introspect.NewIntrospectable(&node), path, "org.freedesktop.DBus.Introspectable")
}

// set shows another menu, and tells hosts what of it is new.
func (m *dbusmenu) set(menu []Item) error {
	m.mu.Lock()
	d, revision := m.tree.set(menu), m.tree.revision
	updated := m.properties(d.changed, nil)
	m.mu.Unlock()
	var err error
	if len(updated) > 0 {
		err = m.conn.Emit(menuPath, menuIface+".ItemsPropertiesUpdated", updated, []removedProperties{})
	}
	switch len(d.moved) {
	case 0:
		return err
	case 1:
		return errors.Join(err, m.conn.Emit(menuPath, menuIface+".LayoutUpdated", revision, d.moved[0]))
	}
	return errors.Join(err, m.conn.Emit(menuPath, menuIface+".LayoutUpdated", revision, int32(0)))
}

// itemProperties is (ia{sv}) of the protocol, removedProperties (ias), and
// layout (ia{sv}av).
type (
	itemProperties struct {
		ID         int32
		Properties map[string]dbus.Variant
	}
	removedProperties struct {
		ID    int32
		Names []string
	}
	layout struct {
		ID         int32
		Properties map[string]dbus.Variant
		Children   []dbus.Variant
	}
	event struct {
		ID   int32
		Kind string
		Data dbus.Variant
		Time uint32
	}
)

// properties gives those of the items that are there; m.mu must be held.
func (m *dbusmenu) properties(ids []int32, names []string) []itemProperties {
	found := make([]itemProperties, 0, len(ids))
	for _, id := range ids {
		if e, ok := m.tree.entries[id]; ok {
			found = append(found, itemProperties{id, e.properties(names)})
		}
	}
	return found
}

// properties gives those of an item that are named, all if none is. They are all
// told at all times, so that none has ever to be taken back.
func (e entry) properties(names []string) map[string]dbus.Variant {
	all := map[string]dbus.Variant{
		"label": dbus.MakeVariant(caption(e.Label)), "enabled": dbus.MakeVariant(!e.Off), "visible": dbus.MakeVariant(true),
	}
	switch {
	case len(e.children) > 0:
		all["children-display"] = dbus.MakeVariant("submenu")
	case e.Label == "":
		all["type"] = dbus.MakeVariant("separator")
	}
	for name := range all {
		if len(names) > 0 && !slices.Contains(names, name) {
			delete(all, name)
		}
	}
	return all
}

// layout gives an item with its children down to a depth, all if it is below 0.
func (m *dbusmenu) layout(id, depth int32, names []string) layout {
	e := m.tree.entries[id]
	l := layout{id, e.properties(names), []dbus.Variant{}}
	if depth == 0 {
		return l
	}
	for _, child := range e.children {
		l.Children = append(l.Children, dbus.MakeVariant(m.layout(child, depth-1, names)))
	}
	return l
}

func (m *dbusmenu) lacks(id int32) *dbus.Error {
	if _, ok := m.tree.entries[id]; ok {
		return nil
	}
	return dbus.NewError("com.canonical.dbusmenu.Error", []any{"there is no such item"})
}

// GetLayout gives a part of the menu, and the revision of all of it.
func (m *dbusmenu) GetLayout(parent, depth int32, names []string) (revision uint32, l layout, failed *dbus.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if failed = m.lacks(parent); failed != nil {
		return 0, l, failed
	}
	return m.tree.revision, m.layout(parent, depth, names), nil
}

// GetGroupProperties gives the properties of items, of all if none is named.
func (m *dbusmenu) GetGroupProperties(ids []int32, names []string) ([]itemProperties, *dbus.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(ids) == 0 {
		for id := range m.tree.entries {
			ids = append(ids, id)
		}
	}
	return m.properties(ids, names), nil
}

// GetProperty gives one property of an item.
func (m *dbusmenu) GetProperty(id int32, name string) (v dbus.Variant, failed *dbus.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if failed = m.lacks(id); failed != nil {
		return v, failed
	}
	v, ok := m.tree.entries[id].properties([]string{name})[name]
	if !ok {
		return v, dbus.NewError("com.canonical.dbusmenu.Error", []any{"the item has no " + name})
	}
	return v, nil
}

// Event tells what a person did with an item. One that is gone is no error: the
// menu may have changed under the mouse.
func (m *dbusmenu) Event(id int32, kind string, _ dbus.Variant, _ uint32) *dbus.Error {
	m.mu.Lock()
	e, ok := m.tree.entries[id]
	m.mu.Unlock()
	switch {
	case kind == "opened":
		m.opened()
	case kind == "clicked" && ok && !e.Off && e.Does.Verb != "":
		m.chosen(e.Does)
	}
	return nil
}

// EventGroup tells of several at once; it gives the items that there are not.
func (m *dbusmenu) EventGroup(events []event) (missing []int32, failed *dbus.Error) {
	missing = []int32{}
	for _, e := range events {
		m.mu.Lock()
		lost := m.lacks(e.ID) != nil
		m.mu.Unlock()
		if lost {
			missing = append(missing, e.ID)
			continue
		}
		_ = m.Event(e.ID, e.Kind, e.Data, e.Time) // never fails
	}
	return missing, nil
}

// AboutToShow says that a menu is to be shown. It is always as it should be.
func (m *dbusmenu) AboutToShow(int32) (needUpdate bool, failed *dbus.Error) {
	m.opened()
	return false, nil
}

// AboutToShowGroup says so of several.
func (m *dbusmenu) AboutToShowGroup(ids []int32) (updates, missing []int32, failed *dbus.Error) {
	m.opened()
	m.mu.Lock()
	defer m.mu.Unlock()
	missing = slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return m.lacks(id) == nil })
	return []int32{}, append([]int32{}, missing...), nil
}
