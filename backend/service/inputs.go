package service

import "sandboxlabs/backend/lab"

// CreateInput is what is asked of a new node. What is zero takes the image's
// defaults, and where it has none, those of the settings. Of an image that is a
// medium the node gets an empty disk, and the medium in its drive.
type CreateInput struct {
	Name        string `json:"name"`
	Image       string `json:"image"`
	VCPUs       int    `json:"vcpus"`
	MemoryMiB   int    `json:"memoryMiB"`
	StopSeconds int    `json:"stopSeconds"`
	Keymap      string `json:"keymap"`
	Notes       string `json:"notes"`
	Start       bool   `json:"start"`
	Clipboard   bool   `json:"clipboard,omitempty"` // shared with the guest: lab.NodeSpec tells what that takes

	DiskGiB  int          `json:"diskGiB,omitempty"` // 0: the base's size, or lab.DefaultDiskGiB
	Firmware lab.Firmware `json:"firmware,omitempty"`
	TPM      *bool        `json:"tpm,omitempty"`

	Guacamole map[string]string `json:"guacamole"` // parameters of the connection at the gateway

	FirstBoot *lab.FirstBootInput `json:"firstBoot,omitempty"` // nil: nothing is told to its system
}

// SetInput changes a node; what is nil stays. VCPUs and MemoryMiB of an active
// node, its Keymap and its Clipboard take effect at its next start; Guacamole, which replaces
// all parameters of the connection at the gateway, at the next opening. Medium is
// the name of the image to be in the drive, or nothing to take out what is in it: at once
// where the guest lets go of it, else from the next start on; Inserted of the node tells which.
type SetInput struct {
	VCPUs       *int    `json:"vcpus"`
	MemoryMiB   *int    `json:"memoryMiB"`
	StopSeconds *int    `json:"stopSeconds"`
	Notes       *string `json:"notes"`
	Keymap      *string `json:"keymap"`
	Clipboard   *bool   `json:"clipboard"`
	Medium      *string `json:"medium"`

	Guacamole map[string]string `json:"guacamole"`
}

// CloneInput names the copy. CopyDisk takes the content of the overlay along,
// for which the node must be stopped; otherwise the copy starts clean.
type CloneInput struct {
	Name     string `json:"name"`
	CopyDisk bool   `json:"copyDisk"`
}

// AddImageInput names the image to be made, and one of Path, Address, Entry and
// Node to make it of. An empty Name takes the file's, the entry's id, or the
// node's.
type AddImageInput struct {
	Name     string        `json:"name"`
	Entry    string        `json:"entry,omitempty"`    // id of an entry of the catalogue
	Path     string        `json:"path,omitempty"`     // of a local file, in any format lab.Probe knows
	Address  string        `json:"address,omitempty"`  // of a file to be downloaded
	Sum      string        `json:"sum,omitempty"`      // of what is downloaded: SHA-256 or SHA-512; empty: the entry's, of an Address not known
	Node     string        `json:"node,omitempty"`     // that is off: its disk, with what that stands on
	Defaults *lab.Defaults `json:"defaults,omitempty"` // nil: what the file or the entry suggests, or what the node has
	Compress bool          `json:"compress,omitempty"`
}

// MigrateInput names a folder of the web prototype. With Move what came over is
// removed there, each thing when it is whole here.
type MigrateInput struct {
	Dir  string `json:"dir"` // absolute
	Move bool   `json:"move"`
}

// PruneInput names what is to be removed of what PruneImages gives; nothing: it
// is only to be told.
type PruneInput struct {
	Images  []string `json:"images"`
	Volumes []string `json:"volumes"` // of no image
}

// BackupInput says what a backup is to hold.
type BackupInput struct {
	Nodes []string `json:"nodes"` // names or UUIDs; none: every one
	Bases bool     `json:"bases"` // the images too that they need; else these are named in it
}

// RestoreInput says what is to be made of a backup. Names and UUIDs of nodes are
// those in the backup.
type RestoreInput struct {
	Nodes   []string          `json:"nodes"`   // none: every one
	Rename  map[string]string `json:"rename"`  // names to be had here, by those in the backup
	NewIDs  bool              `json:"newIDs"`  // other UUIDs and MAC addresses, for copies beside their originals
	Missing bool              `json:"missing"` // leave out the nodes whose UUIDs are here
	DryRun  bool              `json:"dryRun"`  // check everything, and change nothing
}

// BulkInput asks for one verb on many nodes.
type BulkInput struct {
	Verb  BulkVerb `json:"verb"`
	Nodes []string `json:"nodes"` // names or UUIDs
}

// BulkVerb is a verb that can be asked of many nodes at once.
type BulkVerb string

// The bulk verbs.
const (
	BulkStart  BulkVerb = "start"
	BulkStop   BulkVerb = "stop"
	BulkWipe   BulkVerb = "wipe"
	BulkDelete BulkVerb = "delete"
)

// BulkVerbs lists every bulk verb.
var BulkVerbs = []BulkVerb{BulkStart, BulkStop, BulkWipe, BulkDelete}

// BulkResult is the outcome for one node, in the order of the request.
type BulkResult struct {
	Node    string       `json:"node"` // as it was asked
	Value   *lab.Node    `json:"value"`
	Problem *lab.Problem `json:"problem"`
}
