package virt

import (
	"errors"
	"io/fs"
	"net"
	"strings"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// diagnose finds out why no connection came about. libvirt's own texts follow
// the language of the desktop, so its sockets are tried by hand where they are
// on this machine.
func (u uri) diagnose(err error) *lab.Error {
	var known *lab.Error
	switch {
	case errors.As(err, &known):
		return known
	case isMissingLibrary(err):
		return lab.Errorf(lab.KindUnavailable, "libvirt is not installed").
			WithHint("Install it, then start this program again: sudo apt install libvirt-daemon-system").WithCause(plain(err))
	case !u.local():
		return lab.Errorf(lab.KindUnavailable, "no connection to libvirt at %s", u.text).
			WithHint("See whether virsh -c %s list works.", u.text).WithCause(plain(err))
	case u.system:
		return u.diagnoseSystem(err)
	}
	return lab.Errorf(lab.KindUnavailable, "your own libvirt could not be started").
		WithHint("Install it (sudo apt install libvirt-daemon libvirt-daemon-driver-qemu) and see whether virsh -c %s list works.", u.text).
		WithCause(plain(err))
}

// isMissingLibrary tells the error of the binding that could not load libvirt
// or a function of it.
func isMissingLibrary(err error) bool {
	var e libvirt.Error
	return errors.As(err, &e) && e.Domain == libvirt.FROM_NONE &&
		(strings.Contains(e.Message, "libvirt.so.0") || strings.Contains(e.Message, "Failed to load"))
}

// sockets are those of the system's libvirt: of its one daemon, and of QEMU's own.
func (u uri) sockets() []string {
	if u.socket != "" {
		return []string{u.socket}
	}
	return []string{"/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"}
}

func (u uri) diagnoseSystem(err error) *lab.Error {
	denied := fault("connect", err).Kind == lab.KindDenied
	running := false
	for _, socket := range u.sockets() {
		refused := knock(socket)
		denied = denied || errors.Is(refused, fs.ErrPermission)
		running = running || refused == nil
	}
	why := lab.Errorf(lab.KindUnavailable, "the system's libvirt is not running").WithHint("Start it: sudo systemctl start libvirtd")
	switch {
	case denied:
		why = lab.Errorf(lab.KindDenied, "you may not use the system's libvirt").
			WithHint("Join its group and log in again: sudo usermod -aG libvirt $USER")
	case running:
		why = lab.Errorf(lab.KindUnavailable, "the system's libvirt does not answer as it should").
			WithHint("See whether virsh -c %s list works.", u.text)
	}
	return why.WithCause(plain(err))
}

func knock(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return conn.Close()
}
