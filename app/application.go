package app

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
)

// application is the program as the desktop starts it, by its name on the bus:
// org.freedesktop.Application, of the Desktop Entry Specification's "D-Bus
// Activation" (https://specifications.freedesktop.org/desktop-entry-spec/latest/dbus.html).
// Its exported methods are calls of the bus.
type application struct{ grant func(wish) }

const applicationIface = "org.freedesktop.Application"

// applicationPath is where the specification wants it: the name, with slashes.
var applicationPath = dbus.ObjectPath("/" + strings.ReplaceAll(lab.AppID, ".", "/"))

// own takes the program's name on the bus, with which it can be called. That
// another one has it, of the same user with other folders, keeps nobody from anything.
func (p application) own(conn *dbus.Conn) error {
	if err := conn.Export(p, applicationPath, applicationIface); err != nil {
		return err
	}
	reply, err := conn.RequestName(lab.AppID, dbus.NameFlagDoNotQueue)
	if err == nil && reply != dbus.RequestNameReplyPrimaryOwner && reply != dbus.RequestNameReplyAlreadyOwner {
		err = errors.New("another program has it")
	}
	return err
}

// Activate brings the window to the front.
func (p application) Activate(platform map[string]dbus.Variant) *dbus.Error {
	p.grant(wish{Token: tokenOf(platform)})
	return nil
}

// Open offers files as images to add.
func (p application) Open(uris []string, platform map[string]dbus.Variant) *dbus.Error {
	var files []string
	for _, uri := range uris {
		path, ok := pathOf(uri)
		if !ok {
			return refused(uri + " is not a file of this computer")
		}
		files = append(files, path)
	}
	p.grant(wish{Opening: lab.Opening{Files: files}, Token: tokenOf(platform)})
	return nil
}

// ActivateAction does an action of the .desktop file, each of which shows a view.
func (p application) ActivateAction(name string, _ []dbus.Variant, platform map[string]dbus.Variant) *dbus.Error {
	if !slices.Contains(lab.Views, lab.View(name)) {
		return refused("there is no action " + name)
	}
	p.grant(wish{Opening: lab.Opening{View: lab.View(name)}, Token: tokenOf(platform)})
	return nil
}

func refused(why string) *dbus.Error {
	return dbus.NewError("org.freedesktop.DBus.Error.InvalidArgs", []any{why})
}

// pathOf is the path of a file's URI.
func pathOf(uri string) (path string, ok bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" || !strings.HasPrefix(u.Path, "/") {
		return "", false
	}
	return u.Path, true
}

// tokenOf is what lets the window come to the front, among what the desktop tells.
func tokenOf(platform map[string]dbus.Variant) string {
	for _, key := range []string{"activation-token", "desktop-startup-id"} {
		if token, ok := platform[key].Value().(string); ok && token != "" {
			return token
		}
	}
	return ""
}
