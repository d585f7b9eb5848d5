package lab

import (
	"context"
	"io"
)

// Copier is a Hypervisor that can copy the disk of a node while its guest writes to it.
type Copier interface {
	// CopyDisk makes a volume, an overlay of the node's that is not there yet, with
	// what the node's own overlay holds at one moment, on the same base. The guest
	// goes on, and what the node stands on MUST be the same before, meanwhile and
	// afterwards, whoever dies. Where the guest runs and its agent answers, its file
	// systems are held still for that moment, which frozen says, and MUST go on
	// whatever happens. On failure nothing stays. KindBusy if the node is not
	// active, KindExists if the volume is there, KindUnavailable without room for it.
	CopyDisk(ctx context.Context, id, volume string) (frozen bool, err error)

	// EndCopy ends what a CopyDisk to that volume has left whose process died, but
	// for the volume. Where nothing is left it MUST succeed.
	EndCopy(ctx context.Context, id, volume string) error
}

// Receiver is an Adopter that takes files as streams, and shows none of them
// before it is asked to.
type Receiver interface {
	Adopter

	// Receive begins.
	Receive(ctx context.Context) (Reception, error)

	// SweepReceptions removes what receptions left whose processes died, but for
	// the disks they placed, which are Unsettled.
	SweepReceptions(ctx context.Context) error
}

// Reception is where files wait until all of them are there. One goroutine uses it.
type Reception interface {
	// Room gives how many bytes may be received.
	Room() (int64, error)

	// Take keeps a file of size bytes under a name of its own, which has no path in
	// it. What is zero for long takes no room. The errors of content are given as
	// they are. KindUnavailable without room for it.
	Take(ctx context.Context, name string, size int64, content io.Reader) error

	// Check makes sure that a file that was taken can be the overlay of a node: a
	// qcow2 disk without another file in it than the one it stands on, whose name,
	// whatever it is, nobody follows. KindInvalid with the reason if not.
	Check(ctx context.Context, name string) error

	// PlaceDisk makes a file that was taken and checked the overlay of that name,
	// whose node must be reserved, on a base (a path; empty: none), with the
	// variables of its UEFI, if a file of them was taken. It is unsettled, as one
	// that was adopted is. KindExists if the name is taken, and the file stays.
	PlaceDisk(ctx context.Context, overlay, base, disk, variables string) (Volume, error)

	// Path is where a file that was taken is, for an Addition with Link.
	Path(name string) string

	// Close removes what was not placed.
	Close() error
}
