package virt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// Screenshot implements lab.Screenshotter.
func (c *Conn) Screenshot(ctx context.Context, id string) (mime string, picture []byte, err error) {
	err = c.withActive(ctx, id, "picture the display", func(s *session, d *libvirt.Domain) error {
		from, err := newStream(s)
		if err != nil {
			return err
		}
		defer from.abort()
		if mime, err = d.Screenshot(from.Stream, 0, 0); err != nil {
			return err
		}
		var all bytes.Buffer
		_, err = io.Copy(&all, contextReader{ctx, from})
		picture = all.Bytes()
		return err
	})
	return mime, picture, err
}

// Display implements lab.DisplayTeller.
func (c *Conn) Display(ctx context.Context, id string) (at *lab.VNC, password string, err error) {
	err = c.withActive(ctx, id, "read where the display is", func(_ *session, d *libvirt.Domain) error {
		live, err := readXML(d, libvirt.DOMAIN_XML_SECURE)
		at, password = live.vnc(), live.vncPassword()
		return err
	})
	return at, password, err
}

// OpenGraphics implements lab.GraphicsOpener. libvirt hands over a socket that
// is connected to QEMU, which works only where both are on this machine.
func (c *Conn) OpenGraphics(ctx context.Context, id string) (conn net.Conn, err error) {
	err = c.withActive(ctx, id, "open the display", func(_ *session, d *libvirt.Domain) error {
		if !c.uri.local() {
			return lab.Errorf(lab.KindUnavailable, "the display can be opened only on the machine that runs the node").
				WithHint("Open its VNC port with a viewer, through a tunnel.")
		}
		f, err := d.OpenGraphicsFD(0, libvirt.DOMAIN_OPEN_GRAPHICS_SKIPAUTH)
		if err != nil {
			return err
		}
		conn, err = fileConn(f)
		return err
	})
	return conn, err
}

func fileConn(f *os.File) (net.Conn, error) {
	conn, err := net.FileConn(f) // with a descriptor of its own
	return conn, errors.Join(err, f.Close())
}

// OpenSerial implements lab.SerialOpener.
func (c *Conn) OpenSerial(ctx context.Context, id string) (port io.ReadWriteCloser, err error) {
	err = c.withActive(ctx, id, "open the serial port", func(s *session, d *libvirt.Domain) error {
		both, err := newStream(s)
		if err != nil {
			return err
		}
		if err := d.OpenConsole("", both.Stream, libvirt.DOMAIN_CONSOLE_FORCE); err != nil {
			both.abort()
			return err
		}
		port = newPort(both)
		return nil
	})
	return port, err
}

// withActive runs call on a domain of ours that has a process. One whose process
// ends meanwhile is told as one that has none.
func (c *Conn) withActive(ctx context.Context, id, what string, call func(s *session, d *libvirt.Domain) error) error {
	return c.with(ctx, what, func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			if _, err := c.definitionOf(d); err != nil {
				return err
			}
			if err := mustBeActive(d, what); err != nil {
				return err
			}
			err := call(s, d)
			if err != nil {
				return cmp.Or(mustBeActive(d, what), err)
			}
			return nil
		})
	})
}

func mustBeActive(d *libvirt.Domain, what string) error {
	now, err := conditionOf(d)
	if err == nil && !now.active() {
		err = lab.Errorf(lab.KindBusy, "could not %s: the node is not running", what).WithHint("Start it first.")
	}
	return err
}
