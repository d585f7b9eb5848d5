package lab

import "context"

// Library keeps the base images.
type Library interface {
	// Images gives the images that have a record, those being added, and those
	// whose volume is there without a record and passes its checksum (these are
	// adopted), sorted by name. UsedBy is left empty.
	Images(ctx context.Context) ([]Image, error)

	// Add copies a local qcow2 file into the library under a name, calling
	// progress (may be nil) with the whole new value as it goes, and gives the
	// image when it is published. A cancelled or failed Add leaves nothing.
	// KindInvalid if the file is not qcow2, has a backing file or an external
	// data file, is encrypted or is damaged; KindExists if the name is taken by
	// another content (the same content under the same name is a success).
	Add(ctx context.Context, name, path string, progress func(Image)) (Image, error)

	// Check makes sure that the image's volume is still what was recorded, and
	// gives it. Size and modification time decide; if only the time differs the
	// checksum does. KindNotFound without a record, KindUnavailable with what
	// to do if the file is gone or changed: nothing may be backed by it then.
	Check(ctx context.Context, name string) (Image, error)

	// Remove deletes the image and its volume; whether nodes stand on it is for
	// the caller to check. Removing what is already gone MUST succeed.
	Remove(ctx context.Context, name string) error
}
