package lab

import "context"

// Library keeps the images.
type Library interface {
	// Images gives the images that have a record, those being added, and those
	// whose volume is there without a record and passes its checksum (these are
	// adopted), sorted by name. UsedBy is left empty.
	Images(ctx context.Context) ([]Image, error)

	// Probe tells what can be made of a local file, in a moment and changing
	// nothing. KindInvalid with the reason if nothing can.
	Probe(ctx context.Context, path string) (Probe, error)

	// Add makes an image, calling progress (may be nil) with the whole new value
	// as it goes, and gives the image when it is published. A cancelled or
	// failed Add leaves nothing but what a later Add of the same address can go
	// on from. KindInvalid if what is added can not become an image: it is
	// encrypted, damaged, in no format known, or stands on or refers to another
	// file; or if its checksum is another. KindUnavailable if there is no room for it, or the
	// network fails. KindExists if the name is taken by another content (the same
	// content under the same name is a success).
	Add(ctx context.Context, in Addition, progress func(Image)) (Image, error)

	// Check makes sure that the image's volume is still what was recorded, and
	// gives it. Size and modification time decide; if only the time differs the
	// checksum does. KindNotFound without a record, KindUnavailable with what
	// to do if the file is gone or changed: nothing may be backed by it then.
	Check(ctx context.Context, name string) (Image, error)

	// Change gives an image other defaults. KindNotFound without a record.
	Change(ctx context.Context, name string, to Defaults) (Image, error)

	// Remove deletes the image and its volume; whether nodes stand on it is for
	// the caller to check. Removing what is already gone MUST succeed.
	Remove(ctx context.Context, name string) error
}

// Addition says what an image is to be made of: exactly one of Path, Remote and
// Disk.
type Addition struct {
	Name     string
	Path     string    // of a local file, in any format that Probe knows
	Remote   *Remote   // of a file to be downloaded
	Disk     *Chain    // of a node that is off: its disk, flattened
	Origin   Origin    // Kind and Of, and Base of a Disk; the rest is found
	Defaults *Defaults // nil: what the source suggests
	Compress bool      // the clusters of a base, which takes less room and more time
	Link     bool      // a base of Path may become the image as it is, read-only from then on, instead of a copy of it: Path is to go
}

// Chain names the volumes of a node's disk.
type Chain struct {
	Overlay string
	Base    string // empty: the overlay stands alone
}

// Interrupted is an addition whose process ended before it did.
type Interrupted struct {
	Addition Addition
	Remaking bool  // it was no addition, but the Remake of an image of that name, which is as it was
	Resumed  bool  // Add can go on from what is there; otherwise nothing is left of it
	Bytes    int64 // that are there
}

// Resumer is a Library that knows what additions were interrupted.
type Resumer interface {
	// Interrupted gives the additions that no living process works on, and
	// removes what is left of those that can not be gone on with: they are
	// given once.
	Interrupted(ctx context.Context) ([]Interrupted, error)
}

// Probe is what can be made of a local file.
type Probe struct {
	Path         string    `json:"path"`
	Name         string    `json:"name"` // suggested
	Kind         ImageKind `json:"kind"`
	Format       string    `json:"format"` // qcow2, raw, vmdk, vdi, vpc, vhdx, iso; with the packing first, as in "xz, raw" or "ova, vmdk"
	Bytes        int64     `json:"bytes"`
	VirtualBytes int64     `json:"virtualBytes"` // 0: not known before it is unpacked
	Defaults     Defaults  `json:"defaults"`
	Notes        []string  `json:"notes,omitempty"` // what a person should know, as sentences
}
