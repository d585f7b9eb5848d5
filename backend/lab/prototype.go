package lab

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Prototype reads folders of the web prototype, the program that came before this
// one: it ran QEMU by itself, with the nodes in nodes-state.json, and their disks
// in overlays/, on base images in images/.
type Prototype interface {
	// Read gives what is in the folder dir, which is absolute, and changes nothing.
	// Only what lies within the folder is looked at: a link that leads out of it is
	// as a file that is not there. One node that can not be understood comes with
	// its Problem, and MUST NOT hide the others. KindNotFound if there is no such
	// folder or no state in it, KindInvalid if that can not be understood.
	Read(ctx context.Context, dir string) (PrototypeFolder, error)

	// Remove deletes a disk of the folder, by a path that Read gave. KindInvalid
	// for a path that is not within it. Removing what is already gone MUST succeed.
	Remove(ctx context.Context, dir, path string) error
}

// PrototypeFolder is what lies in a folder of the prototype. The paths are
// absolute, and have no links in them.
type PrototypeFolder struct {
	Dir      string
	State    string   // path of the file with the nodes
	Older    []string // paths of others that lie there too, and were not read
	Nodes    []PrototypeNode
	Images   []PrototypeDisk // sorted by path
	Overlays []PrototypeDisk // sorted by path
}

// PrototypeDisk is a file of a disk. A link within the folder is one more, with
// the path of what it leads to.
type PrototypeDisk struct {
	Name  string // of the file, or of the link
	Path  string
	Bytes int64 // length of the file
}

// PrototypeNode is a node as the state has it; what is not said there is zero.
type PrototypeNode struct {
	ID        string
	Name      string
	OSType    string
	Overlay   string // path of its disk as the program had it, in its container for example
	Disk      string // path of that disk; empty: it is not there
	MemoryMiB int
	VCPUs     int
	CreatedAt *time.Time
	StartedAt *time.Time
	WipedAt   *time.Time
	Problem   *Problem // nothing else can be relied on
}

// prototypeNodes is the namespace of the UUIDs that nodes get whose IDs are none.
var prototypeNodes = uuid.NewSHA1(uuid.NameSpaceURL, []byte("sandboxlabs:prototype"))

// PrototypeID gives the UUID that a node of the prototype has here: its own, or,
// if that is none, one that is always the same for the same ID.
func PrototypeID(id string) string {
	if own, err := uuid.Parse(id); err == nil && own != uuid.Nil && len(id) == len(own.String()) {
		return own.String()
	}
	return uuid.NewSHA1(prototypeNodes, []byte(id)).String()
}
