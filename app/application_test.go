package app

import (
	"log/slog"
	"reflect"
	"testing"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/bus"
)

// mustConnect connects twice to a session bus of the test's own.
func mustConnect(t *testing.T) (a, b *dbus.Conn) {
	t.Helper()
	daemon, err := bus.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Close() }) // a test may have ended it
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", daemon.Address)
	for _, conn := range []**dbus.Conn{&a, &b} {
		if *conn = sessionBus(slog.New(slog.DiscardHandler)); *conn == nil {
			t.Fatal("there is no bus")
		}
		t.Cleanup(func() { _ = (*conn).Close() }) // the bus may have closed it
	}
	return a, b
}

// TestTheDesktopCalls: by the program's name, as it does for a .desktop file that
// says DBusActivatable.
func TestTheDesktopCalls(t *testing.T) {
	ours, desktop := mustConnect(t)
	heard := make(chan wish, 1)
	if err := (application{func(w wish) { heard <- w }}).own(ours); err != nil {
		t.Fatal(err)
	}
	object := desktop.Object(lab.AppID, "/local/sandboxlabs/SandBoxLabs")
	platform := func(key string) map[string]dbus.Variant {
		return map[string]dbus.Variant{key: dbus.MakeVariant("token-1"), "other": dbus.MakeVariant(1)}
	}
	for _, c := range []struct {
		method string
		args   []any
		want   *wish // nil: refused
	}{
		{"Activate", []any{platform("activation-token")}, &wish{Token: "token-1"}},
		{"Activate", []any{platform("desktop-startup-id")}, &wish{Token: "token-1"}},
		{"Activate", []any{platform("nothing")}, &wish{}},
		{"Open", []any{[]string{"file:///tmp/a%20disk.qcow2"}, platform("nothing")}, &wish{Opening: lab.Opening{Files: []string{"/tmp/a disk.qcow2"}}}},
		{"Open", []any{[]string{"https://sandboxlabs.local/disk.qcow2"}, platform("nothing")}, nil},
		{"ActivateAction", []any{"images", []dbus.Variant{}, platform("nothing")}, &wish{Opening: lab.Opening{View: lab.ViewImages}}},
		{"ActivateAction", []any{"explode", []dbus.Variant{}, platform("nothing")}, nil},
	} {
		err := object.Call(applicationIface+"."+c.method, 0, c.args...).Err
		if (err == nil) != (c.want != nil) {
			t.Errorf("%s %v: %v", c.method, c.args, err)
		}
		if err != nil {
			continue
		}
		if got := <-heard; !reflect.DeepEqual(got, *c.want) {
			t.Errorf("%s %v is %+v, want %+v", c.method, c.args, got, *c.want)
		}
	}
	if err := (application{}).own(desktop); err == nil {
		t.Error("two have the name")
	}
}

// TestNoSessionBus: what would need one is absent, and nothing is started for it.
func TestNoSessionBus(t *testing.T) {
	for _, address := range []string{"unix:path=/nowhere", "nonsense", ""} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
		if conn := sessionBus(slog.New(slog.DiscardHandler)); conn != nil {
			t.Errorf("%q is a bus", address)
			_ = conn.Close()
		}
	}
}
