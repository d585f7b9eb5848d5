// Package bus is a session bus for tests, with doubles of what a desktop has on
// one: the daemon that shows notifications, the portal that tells of colours, and the tray.
package bus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// config lets whoever reaches the socket in: a test run by root plays a desktop to
// the program of another user.
const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`

// Bus is a session bus on which no service is started by itself.
type Bus struct {
	Address string // for DBUS_SESSION_BUS_ADDRESS
	daemon  *exec.Cmd
}

// New starts a bus whose socket is in dir. Any user can connect who can reach that.
func New(dir string) (*Bus, error) {
	file, socket := filepath.Join(dir, "bus.conf"), filepath.Join(dir, "bus.sock")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, socket), 0o644); err != nil {
		return nil, err
	}
	b := &Bus{daemon: exec.Command("dbus-daemon", "--config-file="+file, "--nofork", "--nopidfile", "--print-address")}
	out, err := b.daemon.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.daemon.Start(); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.Address = strings.TrimSpace(address)
	return b, nil
}

// Close ends it.
func (b *Bus) Close() error {
	err := b.daemon.Process.Kill()
	_ = b.daemon.Wait() // it was killed, which Wait calls an error
	return err
}

// Connect connects to it. What is left open ends with the bus.
func (b *Bus) Connect() (*dbus.Conn, error) {
	return dbus.Connect(b.Address, dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
}

// Await waits until somebody owns a name on the bus.
func (b *Bus) Await(ctx context.Context, name string) error {
	conn, err := b.Connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the bus may be gone
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	if err := conn.AddMatchSignalContext(ctx, dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)); err != nil {
		return err
	}
	for {
		var owned bool
		err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
		if err != nil || owned {
			return err
		}
		select {
		case <-signals:
		case <-ctx.Done():
			return fmt.Errorf("nobody owns %s: %w", name, ctx.Err())
		}
	}
}

// Activate has a program do an action of its .desktop file, as the desktop does:
// org.freedesktop.Application, at the path that its name gives.
func (b *Bus) Activate(ctx context.Context, program, action string) error {
	conn, err := b.Connect()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // the bus may be gone
	path := dbus.ObjectPath("/" + strings.ReplaceAll(program, ".", "/"))
	return conn.Object(program, path).CallWithContext(ctx, "org.freedesktop.Application.ActivateAction", 0,
		action, []dbus.Variant{}, map[string]dbus.Variant{}).Err
}

// Told stamps the signals of an interface that somebody on the bus sends, as they
// come, until stop.
func (b *Bus) Told(sender, iface string) (told <-chan time.Time, stop func() error, err error) {
	conn, err := b.Connect()
	if err != nil {
		return nil, nil, err
	}
	if err := conn.AddMatchSignal(dbus.WithMatchInterface(iface), dbus.WithMatchSender(sender)); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	signals, stamped := make(chan *dbus.Signal, 64), make(chan time.Time, 1024)
	conn.Signal(signals)
	go func() {
		for range signals {
			stamped <- time.Now()
		}
	}()
	return stamped, conn.Close, nil
}

// serve puts an object on the bus, by its interfaces, and takes a name for it.
func (b *Bus) serve(path dbus.ObjectPath, name string, object any, ifaces ...string) (*dbus.Conn, error) {
	conn, err := b.Connect()
	if err != nil {
		return nil, err
	}
	for _, iface := range ifaces {
		err = errors.Join(err, conn.Export(object, path, iface))
	}
	if err == nil {
		_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
