package tray

import (
	"errors"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/introspect"
	"github.com/godbus/dbus/v5/prop"
)

const (
	itemPath  = dbus.ObjectPath("/StatusNotifierItem")
	itemIface = "org.kde.StatusNotifierItem"
)

// Icons says where the icon's pictures are.
type Icons struct {
	Folder  string // with the pictures below these names; empty: the desktop's theme has them
	Plain   string // name
	Alarmed string // name, for the state of attention
	// Pixmaps gives them for a host that finds neither: when the icon comes to a
	// bus, because drawing them is too slow to keep the window waiting.
	Pixmaps func() []Pixmap
}

// tooltip is (sa(iiay)ss) of the protocol.
type tooltip struct {
	Icon    string
	Pixmaps []Pixmap
	Title   string
	Text    string
}

// icon is the StatusNotifierItem. Its exported methods are calls of the bus.
type icon struct {
	conn       *dbus.Conn
	activated  func()
	tokened    func(token string)
	icons      Icons
	properties *prop.Properties
	face       Face
}

// export puts the icon on the bus.
func (i *icon) export(icons Icons) error {
	i.icons = icons
	properties, err := prop.Export(i.conn, itemPath, prop.Map{itemIface: i.first(icons)})
	if err != nil {
		return err
	}
	i.properties = properties
	return errors.Join(i.conn.Export(i, itemPath, itemIface), describe(i.conn, itemPath, introspect.Interface{
		Name: itemIface, Methods: introspect.Methods(i), Properties: properties.Introspection(itemIface), Signals: itemSignals,
	}))
}

var itemSignals = []introspect.Signal{
	{Name: "NewTitle"}, {Name: "NewToolTip"}, {Name: "NewIcon"}, {Name: "NewAttentionIcon"}, {Name: "NewStatus", Args: []introspect.Arg{{Name: "status", Type: "s"}}},
}

// first are the properties to begin with. A host learns of changes by signals of
// the protocol's own.
func (i *icon) first(icons Icons) map[string]*prop.Prop {
	properties, pixmaps := make(map[string]*prop.Prop), icons.Pixmaps()
	for name, value := range map[string]any{
		"Category": "ApplicationStatus", "Id": "sandboxlabs", "Title": "SandBoxLabs", "Status": "Active", "WindowId": int32(0),
		"IconThemePath": icons.Folder, "IconName": icons.Plain, "IconPixmap": pixmaps,
		"AttentionIconName": icons.Plain, "AttentionIconPixmap": pixmaps, "AttentionMovieName": "",
		"OverlayIconName": "", "OverlayIconPixmap": []Pixmap{},
		"ToolTip": tooltip{Title: "SandBoxLabs", Pixmaps: []Pixmap{}}, "ItemIsMenu": false, "Menu": menuPath,
	} {
		properties[name] = &prop.Prop{Value: value, Emit: prop.EmitFalse}
	}
	return properties
}

// set shows another face.
func (i *icon) set(f Face) error {
	before := i.face
	i.face = f
	var err error
	if before.Title != f.Title {
		i.properties.SetMust(itemIface, "Title", f.Title)
		err = errors.Join(err, i.tell("NewTitle"))
	}
	if before.Tip != f.Tip {
		i.properties.SetMust(itemIface, "ToolTip", tooltip{Title: "SandBoxLabs", Text: f.Tip, Pixmaps: []Pixmap{}})
		err = errors.Join(err, i.tell("NewToolTip"))
	}
	if before.Attention != f.Attention {
		err = errors.Join(err, i.alarm(f.Attention))
	}
	return err
}

// alarm changes the state, and with it both pictures: Xfce 4.18 goes on showing
// the one of attention when that is over.
func (i *icon) alarm(on bool) error {
	status, picture := "Active", i.icons.Plain
	if on {
		status, picture = "NeedsAttention", i.icons.Alarmed
	}
	i.properties.SetMust(itemIface, "IconName", picture)
	i.properties.SetMust(itemIface, "AttentionIconName", picture)
	i.properties.SetMust(itemIface, "Status", status)
	return errors.Join(i.tell("NewIcon"), i.tell("NewAttentionIcon"), i.tell("NewStatus", status))
}

func (i *icon) tell(what string, body ...any) error {
	return i.conn.Emit(itemPath, itemIface+"."+what, body...)
}

// Activate is a click on the icon, at a place of the screen.
func (i *icon) Activate(_, _ int32) *dbus.Error { i.activated(); return nil }

// SecondaryActivate is a click with the middle button.
func (i *icon) SecondaryActivate(_, _ int32) *dbus.Error { i.activated(); return nil }

// ContextMenu asks the program to show a menu itself, which is for hosts without one.
func (i *icon) ContextMenu(_, _ int32) *dbus.Error { i.activated(); return nil }

// Scroll is the mouse's wheel over the icon.
func (i *icon) Scroll(int32, string) *dbus.Error { return nil }

// ProvideXdgActivationToken gives what lets the next click bring the window to
// the front, on Wayland.
func (i *icon) ProvideXdgActivationToken(token string) *dbus.Error { i.tokened(token); return nil }
