package virt

import (
	"errors"
	"strings"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// kinds translates libvirt's error codes. What is not in it is a fault nobody
// foresaw: lab.KindInternal.
var kinds = map[libvirt.ErrorNumber]lab.Kind{
	libvirt.ERR_NO_DOMAIN:             lab.KindNotFound,
	libvirt.ERR_NO_STORAGE_VOL:        lab.KindNotFound,
	libvirt.ERR_DOM_EXIST:             lab.KindExists,
	libvirt.ERR_STORAGE_VOL_EXIST:     lab.KindExists,
	libvirt.ERR_OPERATION_INVALID:     lab.KindBusy,
	libvirt.ERR_OPERATION_TIMEOUT:     lab.KindBusy,
	libvirt.ERR_RESOURCE_BUSY:         lab.KindBusy,
	libvirt.ERR_ACCESS_DENIED:         lab.KindDenied,
	libvirt.ERR_AUTH_CANCELLED:        lab.KindDenied,
	libvirt.ERR_AUTH_FAILED:           lab.KindDenied,
	libvirt.ERR_AUTH_UNAVAILABLE:      lab.KindDenied,
	libvirt.ERR_OPERATION_DENIED:      lab.KindDenied,
	libvirt.ERR_CONFIG_UNSUPPORTED:    lab.KindInvalid,
	libvirt.ERR_ARGUMENT_UNSUPPORTED:  lab.KindInvalid,
	libvirt.ERR_OPERATION_UNSUPPORTED: lab.KindInvalid,
	libvirt.ERR_NO_SUPPORT:            lab.KindInvalid,
	libvirt.ERR_XML_ERROR:             lab.KindInvalid,
	libvirt.ERR_XML_DETAIL:            lab.KindInvalid,
	libvirt.ERR_NO_CONNECT:            lab.KindUnavailable,
	libvirt.ERR_INVALID_CONN:          lab.KindUnavailable,
	libvirt.ERR_NO_STORAGE_POOL:       lab.KindUnavailable,
	libvirt.ERR_STORAGE_POOL_BUILT:    lab.KindUnavailable,
	libvirt.ERR_STORAGE_PROBE_FAILED:  lab.KindUnavailable,
	libvirt.ERR_AGENT_UNRESPONSIVE:    lab.KindBusy,
}

// systemCauses are the texts by which a bare system error (code 38, or one that
// a program started by libvirt reported) tells what it was.
var systemCauses = []struct {
	text  string
	cause *lab.Error
}{
	{"too long for unix socket", errLongPath}, // of a connection, with a strange "Cannot allocate memory" behind it
	{"UNIX socket path", errLongPath},         // of a start
	{"No space left on device", errDiskFull},
	{"Disk quota exceeded", errDiskFull},
	{"Cannot allocate memory", lab.Errorf(lab.KindUnavailable, "the host has too little free memory").
		WithHint("Stop another node or give this one less memory.")},
	{"Permission denied", lab.Errorf(lab.KindDenied, "libvirt may not use a file it needs").
		WithHint("See whether libvirt's user may read and write the pool's directory.")},
	{"Read-only file system", lab.Errorf(lab.KindUnavailable, "the file system of the pool is read-only").
		WithHint("Mount it writable, or choose another pool directory in the settings.")},
	{"Kernel does not provide mount namespace", errEnded}, // whose name is that of a process
	{"from qemu monitor", errEnded},
	{"from monitor: Connection reset", errEnded},
	// Whoever makes the first TPM of a host owns the authority that signs them all; that is root,
	// where libvirt was started before swtpm was installed, and not the user it runs swtpm as now.
	{"/swtpm_setup'", lab.Errorf(lab.KindDenied, "libvirt could not make the TPM of the node").
		WithHint("Give the authority of TPMs to its user: sudo chown -R --reference=/var/lib/swtpm-localca /var/lib/swtpm-localca")},
}

// errEnded is what asking a process comes to that ends just then, before libvirt has heard of it.
var errEnded = lab.Errorf(lab.KindBusy, "the node has just ended").WithHint("Look at its state, and try again.")

// errLongPath: a socket's path has at most 107 bytes, and libvirt puts those of a session below
// the home directory.
var errLongPath = lab.Errorf(lab.KindInvalid, "the path of your home directory is too long for the sockets of libvirt").
	WithHint("Give XDG_CONFIG_HOME, XDG_CACHE_HOME and XDG_RUNTIME_DIR short paths, or use qemu:///system.")

// errDiskFull may be of the pool's disk, or of the one on which libvirt keeps the domains of a
// person: their home. What libvirt says with it has the path.
var errDiskFull = lab.Errorf(lab.KindUnavailable, "a disk of the host is full").
	WithHint("Free some space there. On the disk of the pool, purging wiped disks or removing an image does.")

// refusal is libvirt's error as a person can read it.
type refusal struct{ cause libvirt.Error }

func (r refusal) Error() string { return r.cause.Message }
func (r refusal) Unwrap() error { return r.cause }

// plain makes a libvirt error readable; others stay.
func plain(err error) error {
	var e libvirt.Error
	if errors.As(err, &e) {
		return refusal{e}
	}
	return err
}

// fault translates an error of libvirt into ours; what names the act.
func fault(what string, err error) *lab.Error {
	for _, c := range systemCauses {
		if strings.Contains(err.Error(), c.text) {
			return c.cause.WithCause(plain(err))
		}
	}
	var e libvirt.Error
	if !errors.As(err, &e) {
		return lab.Errorf(lab.KindInternal, "could not %s", what).WithCause(err)
	}
	kind, ok := kinds[e.Code]
	if !ok {
		kind = lab.KindInternal
	}
	return (&lab.Error{Kind: kind, Message: "libvirt refused to " + what, Err: refusal{e}}).WithHint("%s", hints[kind])
}

// hints are the remedies there are for a kind of refusal.
var hints = map[lab.Kind]string{
	lab.KindBusy:   "Try again in a moment.",
	lab.KindDenied: "Join the group libvirt, or use qemu:///session.",
}
