package lab

// Migration is how the nodes of a folder of the web prototype come over: what is
// planned, how far it is, and what came of it.
type Migration struct {
	Dir       string          `json:"dir"`
	File      string          `json:"file"`           // path of the state that was read
	Move      bool            `json:"move,omitempty"` // what came over is removed there
	Status    MigrationStatus `json:"status"`
	Images    []MigratedImage `json:"images"`
	Nodes     []MigratedNode  `json:"nodes"`
	Notes     []string        `json:"notes,omitempty"` // what a person should know, as sentences
	NeedBytes int64           `json:"needBytes"`       // room that it takes on the pool's disk, at most
	FreeBytes int64           `json:"freeBytes"`       // room that was there when it was planned
	Bytes     int64           `json:"bytes"`           // of the files that are to be read
	DoneBytes int64           `json:"doneBytes"`
	Problem   *Problem        `json:"problem,omitempty"` // why none of it can begin, or go on
}

// MigratedImage is a base image of the prototype.
type MigratedImage struct {
	File         string     `json:"file"` // its name in the folder
	Path         string     `json:"path"`
	Name         string     `json:"name"` // that it gets, or has
	Bytes        int64      `json:"bytes"`
	VirtualBytes int64      `json:"virtualBytes"` // of the disk the guest sees
	Status       MoveStatus `json:"status"`
	Problem      *Problem   `json:"problem,omitempty"`
}

// MigratedNode is a node of the prototype.
type MigratedNode struct {
	ID           string     `json:"id"`              // that it gets
	Name         string     `json:"name"`            // that it gets, or has
	Image        string     `json:"image,omitempty"` // name of the image that it will stand on
	Path         string     `json:"path,omitempty"`  // of its overlay in the folder
	Bytes        int64      `json:"bytes"`           // of that file
	VirtualBytes int64      `json:"virtualBytes"`    // of the disk the guest sees
	VCPUs        int        `json:"vcpus"`
	MemoryMiB    int        `json:"memoryMiB"`
	Notes        []string   `json:"notes,omitempty"` // what is other than it was, as sentences
	Status       MoveStatus `json:"status"`
	Problem      *Problem   `json:"problem,omitempty"`
}

// MigrationStatus is how a migration stands.
type MigrationStatus string

// How a migration can stand.
const (
	MigrationPlanned   MigrationStatus = "planned"
	MigrationRunning   MigrationStatus = "running"
	MigrationDone      MigrationStatus = "done"      // every node is here
	MigrationFailed    MigrationStatus = "failed"    // at least one is not
	MigrationCancelled MigrationStatus = "cancelled" // what had come until then stays
)

// MigrationStatuses lists how a migration can stand.
var MigrationStatuses = []MigrationStatus{MigrationPlanned, MigrationRunning, MigrationDone, MigrationFailed, MigrationCancelled}

// MoveStatus is how it stands with one image or node of a migration.
type MoveStatus string

// How it can stand with one of them.
const (
	MoveReady  MoveStatus = "ready"  // to come over
	MoveHere   MoveStatus = "here"   // it was here before; of an image: its size says so, its checksum is still to be compared
	MoveWrong  MoveStatus = "wrong"  // it can not come over as it is
	MoveGoing  MoveStatus = "going"  // it is being copied
	MoveDone   MoveStatus = "done"   // it is here
	MoveFailed MoveStatus = "failed" // it could not be brought over, and nothing is left of the attempt
)

// MoveStatuses lists how it can stand with one of them.
var MoveStatuses = []MoveStatus{MoveReady, MoveHere, MoveWrong, MoveGoing, MoveDone, MoveFailed}
