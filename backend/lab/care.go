package lab

import "context"

// Carer is a Library that looks after the images it has. Every method MUST give
// KindNotFound for an image without a record, and KindBusy while somebody else
// is changing it.
type Carer interface {
	// Verify reads the whole of an image's file and compares its checksum,
	// whatever size and time say, calling progress (may be nil) as it goes. It
	// gives the image, ready or Changed with the Problem, and the Library MUST
	// tell the same from then on, until the file is changed again.
	Verify(ctx context.Context, name string, progress func(Image)) (Image, error)

	// Remake makes the disk of a base anew, in a new volume that takes the place
	// of the old one, calling progress (may be nil) as it goes. Where nothing
	// would be gained the image stays as it is. Whether nodes stand on it is for
	// the caller to check. A cancelled or failed Remake MUST leave the image as
	// it was; if only the old volume could not be removed, the new image is given
	// with the error. KindInvalid for what Remaking.Check refuses, and as Check
	// if the image is not what was recorded.
	Remake(ctx context.Context, name string, how Remaking, progress func(Image)) (Image, error)

	// Rename gives an image another name. Its volume MUST keep its own, for nodes
	// stand on it. KindExists if the name is taken.
	Rename(ctx context.Context, name, to string) (Image, error)

	// Strays gives the images' volumes that no record refers to and that nobody
	// is working on: what was left by processes that died.
	Strays(ctx context.Context) ([]Volume, error)

	// RemoveStray deletes one; whether nodes stand on it is for the caller to
	// check. KindBusy if it is none any more. Removing what is already gone MUST succeed.
	RemoveStray(ctx context.Context, volume string) error
}

// Remaking says how the disk of a base is made anew.
type Remaking struct {
	Compress     bool  // its clusters; else they stay as they are
	VirtualBytes int64 // that it grows to; 0: it stays as large as it is

	// Confirm is asked when the new disk is whole, before it takes the place of
	// the old one; nil: yes. Its error ends the Remake.
	Confirm func(context.Context) error
}

// sector is the least that disks grow by, in bytes.
const sector = 512

// Check checks that an image can be made anew so; a breach is KindInvalid.
func (r Remaking) Check(image Image) error {
	switch to := r.VirtualBytes; {
	case image.Kind != ImageBase:
		return Errorf(KindInvalid, "image %s is a medium, which has no disk that could be changed", image.Name)
	case r.Compress && to == 0:
		return nil
	case to <= 0 || to > MaxDiskBytes || to%sector != 0:
		return Errorf(KindInvalid, "a disk can not have %d bytes", to).WithHint("Choose a multiple of %d bytes, up to %s.", sector, Size(MaxDiskBytes))
	case to < image.VirtualBytes:
		return Errorf(KindInvalid, "the disk of image %s has %s and can not shrink to %s: what lies beyond would be cut off, and the file systems with it", image.Name, Size(image.VirtualBytes), Size(to)).
			WithHint("Shrink the file systems in a node first, and copy them to a smaller disk there.")
	case to == image.VirtualBytes:
		return Errorf(KindInvalid, "the disk of image %s has %s already", image.Name, Size(to)).WithHint("Choose more.")
	}
	return nil
}

// Unused is a file of the library that can go: that of an image which no node
// uses, or a volume that a process left which died.
type Unused struct {
	Image   string `json:"image,omitempty"` // its name; empty: no image has the volume
	Volume  string `json:"volume"`
	Bytes   int64  `json:"bytes"` // allocated on the host's disk
	Removed bool   `json:"removed,omitempty"`
}

// Saved is how much less n nodes take on one base than with a full copy of it
// each, in bytes: n times what the base takes, less the one base and their
// overlays. 0 where it would be more.
func Saved(n int, base, overlays int64) int64 { return max(0, int64(n-1)*base-overlays) }
