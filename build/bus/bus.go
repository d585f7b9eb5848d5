// Package bus is a session bus for tests, with doubles of what a desktop has on
// one: the daemon that shows notifications, and the portal that tells of colours.
package bus

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

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

// serve puts an object on the bus, and takes a name for it.
func (b *Bus) serve(object any, path dbus.ObjectPath, iface, name string) (*dbus.Conn, error) {
	conn, err := b.Connect()
	if err != nil {
		return nil, err
	}
	err = conn.Export(object, path, iface)
	if err == nil {
		_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
