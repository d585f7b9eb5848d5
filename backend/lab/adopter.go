package lab

import "context"

// Adopter is a Library that takes in the disks of another program's machines.
type Adopter interface {
	// Inspect tells what the qcow2 file of an overlay is, changing nothing and
	// opening no other file. KindBusy if a running machine writes to it,
	// KindInvalid with the reason if it can not be taken in: it is encrypted,
	// damaged, or has its content elsewhere.
	Inspect(ctx context.Context, path string) (DiskFile, error)

	// Near reports whether a file is this account's own, on the file system on
	// which images are made: then Add can take it as it is (Addition.Link).
	Near(ctx context.Context, path string) (bool, error)

	// Adopt makes the overlay of an adoption, of a copy of its file; progress (may
	// be nil) is told how many bytes are there. The file is never written to. Until
	// Settle the volume is remembered as one that is not yet anybody's: it MUST NOT
	// be lost sight of when the process dies, and an Adopt of the same name begins
	// anew. A cancelled or failed Adopt leaves nothing. KindExists if there is a
	// volume of the name that is not so remembered, KindNotFound without the base,
	// KindBusy if the file changes meanwhile, KindUnavailable if there is no room
	// for it; else as Inspect.
	Adopt(ctx context.Context, in Adoption, progress func(bytes int64)) (Volume, error)

	// Settle forgets that a volume was adopted; it stays if it is there. Settling
	// what is settled MUST succeed.
	Settle(ctx context.Context, volume string) error

	// Unsettled names the volumes that are remembered, be they there or not.
	Unsettled(ctx context.Context) ([]string, error)
}

// Adoption says what an overlay is to be made of.
type Adoption struct {
	Volume string // an overlay's
	Path   string // of the file to be copied
	Base   string // volume that it stands on, whose content is that of its own base
}

// DiskFile is what an overlay's file says of itself.
type DiskFile struct {
	Bytes         int64  // of the file
	VirtualBytes  int64  // of the disk the guest sees
	Backing       string // as the file names what it stands on; empty: it stands alone
	BackingFormat string // as it says; empty: it does not
}
