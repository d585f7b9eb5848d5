package virt

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

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
	return u.diagnoseSession(err)
}

func (u uri) diagnoseSession(err error) *lab.Error {
	why := lab.Errorf(lab.KindUnavailable, "your own libvirt could not be started").
		WithHint("Install it (sudo apt install libvirt-daemon libvirt-daemon-driver-qemu) and see whether virsh -c %s list works.", u.text)
	runtime := os.Getenv("XDG_RUNTIME_DIR")
	switch {
	case fault("connect", err).Message == errLongPath.Message:
		why = errLongPath
	case runtime != "" && syscall.Access(runtime, writeAccess) != nil:
		why = lab.Errorf(lab.KindInvalid, "your own libvirt could not be started: XDG_RUNTIME_DIR is %s, where you may not write", runtime).
			WithHint("Log in anew as this user (su and sudo leave another's behind), or unset XDG_RUNTIME_DIR.")
	}
	return why.WithCause(plain(err))
}

const writeAccess = 2 // W_OK of access(2)

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
