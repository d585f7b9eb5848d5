package lab

import (
	"context"
	"io"
	"net"
)

// Hypervisor is where domains live. A domain is ours if it carries our metadata
// with our pool's name; every method MUST act as if others did not exist, but
// for their names, which are taken.
//
// Every method MUST return an *Error: KindUnavailable while there is no
// connection (without waiting for one), KindNotFound for an id that is not
// ours, KindDenied where libvirt refuses for lack of permission. All are safe
// for concurrent use.
type Hypervisor interface {
	// Domains gives every domain that is ours, in any order, in a number of
	// calls that does not grow needlessly with theirs. One that can not be read
	// MUST NOT hide the others: it comes with its Problem set.
	Domains(ctx context.Context) ([]Domain, error)

	// Domain gives one. KindNotFound if it is gone or not ours.
	Domain(ctx context.Context, id string) (Domain, error)

	// Define makes the domain of spec with its disk, or brings an existing one
	// to it. With an existing domain it MUST leave alone everything the spec
	// does not speak of (devices added by virsh edit, say), MUST NOT change the
	// name (that is Rename), and what can not change while it runs takes effect
	// at the next start. The medium in its drive changes at once where the guest
	// does not hold on to it. With another overlay the TPM is as new. A zero disk leaves the disk of an existing domain as it
	// is, whatever others made of it; without the domain it is KindNotFound.
	// KindExists if another domain has the name.
	Define(ctx context.Context, spec NodeSpec, disk Disk) error

	// Rename gives a domain that is not active another name, in its metadata
	// too. KindBusy if it is active, KindExists if the name is taken.
	Rename(ctx context.Context, id, name string) error

	// Undefine forgets the domain, with managed save, TPM, snapshot and
	// checkpoint metadata; it touches no volume, nor the firmware's variables
	// beside one. KindBusy if it is active.
	// Removing what is already gone MUST succeed.
	Undefine(ctx context.Context, id string) error

	// Power asks for a change of state and returns when libvirt has accepted
	// it: after PowerStart and PowerForceOff the change is done, after
	// PowerShutdown and PowerReboot it is up to the guest. Asking for the state
	// it already has MUST succeed and change nothing. A managed save is dropped
	// before a start: a node always boots.
	Power(ctx context.Context, id string, action PowerAction) error

	// Watch calls notify for every change of a domain or of the connection
	// until ctx ends, also for domains made after the call, and returns at
	// once. The first hint says whether there is a connection. While there is
	// none, every attempt to connect that fails MUST be hinted at. A hint MUST
	// come after the change can be read. notify MUST NOT block.
	Watch(ctx context.Context, notify func(Hint))

	// Host tells what the host can do and what it has free.
	Host(ctx context.Context) (Host, error)
}

// Disk names the files of a domain's disk, as the Pool gave them.
type Disk struct {
	Overlay string // path of the overlay
	Base    string // path of its base image; empty: it stands alone
	Seed    string // path of the seed for its first boot; empty: the domain has none
}

// PowerAction is a change of state one can ask of a domain.
type PowerAction string

// The power actions, each with the states it is for.
const (
	PowerStart    PowerAction = "start"     // inactive; boots with a new VNC password
	PowerShutdown PowerAction = "shutdown"  // active: ACPI power-off
	PowerForceOff PowerAction = "force-off" // active: like pulling the plug
	PowerReboot   PowerAction = "reboot"    // active: ACPI or reset
	PowerPause    PowerAction = "pause"     // running
	PowerResume   PowerAction = "resume"    // paused
)

// Domain is what the hypervisor tells of one node. Spec is rebuilt from the
// domain: name, vCPUs, memory, disk and medium from its definition, the rest from our
// metadata.
type Domain struct {
	Spec     NodeSpec
	State    State // Stopped, Running, Paused, Stopping or Failed (crashed)
	Overlay  string
	Inserted string // volume in its drive now, while it is active; Spec has that of its next start
	VNC      *VNC
	Problem  *Problem // it could not be read whole, or why it failed

	PoweredOff bool // it is Stopped because its guest powered off, by itself or because it was asked to
}

// Hint tells that something may have changed; what it is now must be read.
type Hint struct {
	ID   string // of the domain that changed; empty: the connection did
	Link *Link  // set if the connection changed; after Connected everything must be read again
}

// Screenshotter is a Hypervisor that can picture a display.
type Screenshotter interface {
	// Screenshot gives an image of the node's display and its MIME type
	// (image/png, or image/x-portable-pixmap from older QEMU). KindBusy if it
	// is not active.
	Screenshot(ctx context.Context, id string) (mime string, picture []byte, err error)
}

// DisplayTeller is a Hypervisor that tells how others can connect to a display.
type DisplayTeller interface {
	// Display gives where the node's display listens, and the password it asks
	// for now; nil without a display. A change of either MUST be hinted at.
	Display(ctx context.Context, id string) (vnc *VNC, password string, err error)
}

// GraphicsOpener is a Hypervisor that can connect to a display.
type GraphicsOpener interface {
	// OpenGraphics gives a stream that speaks RFB, for which no password is
	// needed. KindBusy if the node is not active.
	OpenGraphics(ctx context.Context, id string) (net.Conn, error)
}

// SerialOpener is a Hypervisor that can connect to a serial port.
type SerialOpener interface {
	// OpenSerial gives the node's first serial port; whoever had it loses it.
	// Reading it MUST end with io.EOF when the node stops or another takes the
	// port, and what a slow reader leaves MUST NOT be kept without limit: the
	// oldest goes. KindBusy if the node is not active.
	OpenSerial(ctx context.Context, id string) (io.ReadWriteCloser, error)
}
