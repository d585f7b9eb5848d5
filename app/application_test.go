package app

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/bus"
)

// mustJoin starts a session bus of the test's own in a folder, and connects to it.
func mustJoin(t *testing.T, folder string) (*bus.Bus, *dbus.Conn) {
	t.Helper()
	daemon, err := bus.New(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = daemon.Close() }) // a test may have ended it
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", daemon.Address)
	conn := joinBus(slog.New(slog.DiscardHandler))
	if conn == nil {
		t.Fatal("there is no bus")
	}
	t.Cleanup(func() { _ = conn.Close() }) // the bus may have closed it
	return daemon, conn
}

// TestTheDesktopCalls: by the program's name, as it does for a .desktop file that
// says DBusActivatable.
func TestTheDesktopCalls(t *testing.T) {
	daemon, ours := mustJoin(t, t.TempDir())
	desktop, err := daemon.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = desktop.Close() }() // with the bus
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

// TestTheBusComesBack: the program has its name on it again, and its icon in the tray.
func TestTheBusComesBack(t *testing.T) {
	a, folder := mustWork(t), t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a.tray, a.notices = a.newTray(ctx, Icon{}), a.newNotifier()
	daemon, _ := mustJoin(t, folder)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.keepToBus(ctx, joinBus(slog.Default(), dbus.WithIncomingInterceptor(a.tray.Intercept)))
	}()
	for range 3 {
		tray, err := daemon.NewTray()
		if err = errors.Join(err, daemon.Await(ctx, lab.AppID)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-tray.Registered:
		case <-ctx.Done():
			t.Fatal("waited for the icon in vain")
		}
		if err := daemon.Close(); err != nil {
			t.Fatal(err)
		}
		daemon, _ = mustJoin(t, folder)
	}
	cancel()
	<-ended
}

// TestNoSessionBus: what would need one is absent, and nothing is started for it.
func TestNoSessionBus(t *testing.T) {
	for _, address := range []string{"unix:path=/nowhere", "nonsense", ""} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
		t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
		if conn := joinBus(slog.New(slog.DiscardHandler)); conn != nil {
			t.Errorf("%q is a bus", address)
			_ = conn.Close()
		}
	}
}
