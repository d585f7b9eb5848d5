package lab

import (
	"context"
	"io"
	"time"
)

// Pool is where the volumes live: images, overlays and seeds, side by side. It is
// made and started when missing. Every method MUST return an *Error: KindInvalid
// for a volume name that is none of theirs (ImageVolume, OverlayVolume,
// SeedVolume), KindUnavailable while there is no connection, when the disk is
// full, or when a pool of that name points elsewhere.
type Pool interface {
	// Volumes gives every volume whose name is one of these, read afresh, in a
	// number of calls that does not grow needlessly with theirs.
	Volumes(ctx context.Context) ([]Volume, error)

	// Volume gives one, read afresh; also the variables of a node's UEFI
	// (VariablesVolume). KindNotFound if it is not there.
	Volume(ctx context.Context, name string) (Volume, error)

	// CreateOverlay makes an empty qcow2 overlay (compat 1.1, backing format
	// explicit) whose disk has size bytes; 0 is its base's. Without a base it
	// stands alone, and must have a size. KindExists if the name is taken,
	// KindNotFound if the base is not there, KindInvalid for a size below the base's.
	CreateOverlay(ctx context.Context, name, base string, size int64) (Volume, error)

	// CopyOverlay makes an overlay with the content, the base and the firmware's
	// variables of another, which MUST NOT be in use. KindExists if the name is taken.
	CopyOverlay(ctx context.Context, name, from string) (Volume, error)

	// Upload makes a volume of size bytes: an image's, a base's from a qcow2 file
	// without a backing file, with mode 0444 and readable by every QEMU of this
	// pool; a seed's, readable by its owner and the QEMU of its node alone, for
	// it has a hash of a password; or an overlay's, for the same two, from a qcow2
	// file that stands alone or on a base of this pool, by its path, and so are the
	// variables of a UEFI.
	// On failure nothing stays. KindExists if the name is taken.
	Upload(ctx context.Context, name string, size int64, content io.Reader) (Volume, error)

	// Download gives the bytes of a volume's file, and of what Volume gives beside them.
	Download(ctx context.Context, name string) (io.ReadCloser, error)

	// Delete removes a volume, an overlay's with the variables that the firmware
	// of its node wrote beside it; whether it is in use is for the caller to check.
	// Removing what is already gone MUST succeed.
	Delete(ctx context.Context, name string) error
}

// Placer is a Pool in whose directory this process can make files by itself.
type Placer interface {
	// Staging gives a folder on the file system of the pool for files that are
	// to become volumes; it is made when missing. KindUnavailable where this
	// process may not write, or the pool is on another machine.
	Staging(ctx context.Context) (dir string, err error)

	// Place makes a file of the staging folder an image's or an overlay's volume as
	// Upload does, or the variables of a UEFI, in a moment: it is moved, not copied,
	// and the volume is whole whenever the process dies. KindExists if the name is taken.
	Place(ctx context.Context, name, file string) (Volume, error)
}

// Volume is a file of the pool.
type Volume struct {
	Name         string
	Path         string
	Bytes        int64  // allocated on the host's disk
	FileBytes    int64  // length of the file
	VirtualBytes int64  // of the disk the guest sees
	Backing      string // path of the backing file; empty for an image, and for an overlay that stands alone
	ModTime      time.Time
}
