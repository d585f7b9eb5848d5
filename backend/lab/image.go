package lab

import (
	"fmt"
	"regexp"
	"time"
)

// Image is a file of the library that nodes are made of: a base, a read-only
// qcow2 volume without a backing file that overlays stand on, or a medium, an
// installer's ISO. Its record is written last, so that a half made image is
// never visible.
type Image struct {
	Name           string     `json:"name"`
	Kind           ImageKind  `json:"kind"`
	Volume         string     `json:"volume"` // in the pool; its kind and the beginning of SHA256 are in its name (ImageVolume)
	Path           string     `json:"path"`
	SHA256         string     `json:"sha256"`                // of the file, lower-case hex
	Bytes          int64      `json:"bytes"`                 // of the file
	AllocatedBytes int64      `json:"allocatedBytes"`        // that it takes on the host's disk
	VirtualBytes   int64      `json:"virtualBytes"`          // of the disk the guest sees; of a medium, of the file
	Compression    string     `json:"compression,omitempty"` // of a base's clusters: none, zlib or zstd; empty: not known
	ModTime        time.Time  `json:"modTime" ts_type:"string"`
	AddedAt        time.Time  `json:"addedAt" ts_type:"string"`
	Defaults       Defaults   `json:"defaults"` // of its nodes
	Origin         Origin     `json:"origin"`
	State          ImageState `json:"state"`
	Progress       float64    `json:"progress,omitempty"` // of all that is being done to it, 0 to 1; it never shrinks
	Step           *Step      `json:"step,omitempty"`     // what is being done: its addition while Adding, else its care
	UsedBy         []string   `json:"usedBy,omitempty"`   // names of the nodes that stand on it, or have it in their drive
	Twins          []string   `json:"twins,omitempty"`    // names of the other images with the same content
	OverlayBytes   int64      `json:"overlayBytes"`       // that the overlays of its nodes take that stand on it, those kept for undoing included
	SavedBytes     int64      `json:"savedBytes"`         // that these save: Saved
	Problem        *Problem   `json:"problem,omitempty"`
}

// ImageKind is what an image is to a node.
type ImageKind string

// The kinds of images.
const (
	ImageBase   ImageKind = "base"   // a disk that nodes stand on
	ImageMedium ImageKind = "medium" // an ISO in a node's drive
)

// ImageKinds lists every kind of image.
var ImageKinds = []ImageKind{ImageBase, ImageMedium}

// ImageState is where an image is in its life.
type ImageState string

// The states of an image.
const (
	ImageReady   ImageState = "ready"
	ImageAdding  ImageState = "adding"
	ImageChanged ImageState = "changed" // its file is gone or no longer what was recorded: nothing may stand on it
)

// ImageStates lists every state of an image.
var ImageStates = []ImageState{ImageReady, ImageAdding, ImageChanged}

// Defaults are what a node of an image gets where nothing else is asked for.
type Defaults struct {
	VCPUs     int      `json:"vcpus,omitempty"`     // 0: the settings'
	MemoryMiB int      `json:"memoryMiB,omitempty"` // 0: the settings'
	Firmware  Firmware `json:"firmware,omitempty"`  // empty: BIOS
	TPM       bool     `json:"tpm,omitempty"`       // it wants a TPM 2.0
	CloudInit bool     `json:"cloudInit,omitempty"` // it runs cloud-init at its first boot
	User      string   `json:"user,omitempty"`      // whom its system expects to log in
}

// Check checks the rules of the defaults; a breach is KindInvalid.
func (d Defaults) Check() error {
	_, err := d.check()
	return err
}

// check is Check, and names what is wrong as the catalogue's file does.
func (d Defaults) check() (field string, err error) {
	switch {
	case d.VCPUs < 0 || d.VCPUs > MaxVCPUs:
		return "vcpus", Errorf(KindInvalid, "%d vCPUs are out of range", d.VCPUs).WithHint("Choose 1 to %d, or 0 for the settings'.", MaxVCPUs)
	case d.MemoryMiB != 0 && (d.MemoryMiB < MinMemoryMiB || d.MemoryMiB > MaxMemoryMiB):
		return "memory_mib", Errorf(KindInvalid, "%d MiB of memory are out of range", d.MemoryMiB).WithHint("Choose %d to %d MiB, or 0 for the settings'.", MinMemoryMiB, MaxMemoryMiB)
	case d.User != "" && !userPattern.MatchString(d.User):
		return "user", Errorf(KindInvalid, "%q is not the name of an account", d.User).WithHint("Use up to 32 lower-case letters, digits, - and _, a letter first.")
	}
	return "firmware", d.Firmware.Check()
}

// userPattern is what useradd takes by default (shadow-utils, NAME_REGEX).
var userPattern = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

// Firmware is what a node boots by.
type Firmware string

// The firmwares. Empty means BIOS.
const (
	FirmwareBIOS Firmware = "bios"
	FirmwareUEFI Firmware = "uefi"
)

// Firmwares lists every firmware.
var Firmwares = []Firmware{FirmwareBIOS, FirmwareUEFI}

// Check is KindInvalid for anything else than a firmware or nothing.
func (f Firmware) Check() error {
	if f == "" || f == FirmwareBIOS || f == FirmwareUEFI {
		return nil
	}
	return Errorf(KindInvalid, "%q is no firmware", string(f)).WithHint("Use bios or uefi.")
}

// Origin tells where an image came from.
type Origin struct {
	Kind   OriginKind `json:"kind"`
	Of     string     `json:"of,omitempty"`     // the file's name, the id in the catalogue, the address, or the node's name
	Format string     `json:"format,omitempty"` // what it was converted from: raw, vmdk, ...; empty: it is as it came
	SHA256 string     `json:"sha256,omitempty"` // of what came, where that was summed up and differs from the image
	Base   string     `json:"base,omitempty"`   // of a node: the image that it was made from
}

// OriginKind is a way into the library.
type OriginKind string

// The ways into the library.
const (
	OriginFile      OriginKind = "file"
	OriginCatalogue OriginKind = "catalogue"
	OriginAddress   OriginKind = "address"
	OriginNode      OriginKind = "node"
	OriginFound     OriginKind = "found" // its volume lay in the pool without a record
)

// OriginKinds lists every way into the library.
var OriginKinds = []OriginKind{OriginFile, OriginCatalogue, OriginAddress, OriginNode, OriginFound}

// Step is how far one step of an addition is, or of the care of an image.
type Step struct {
	Name  StepName `json:"name"`
	Done  int64    `json:"done"`  // bytes
	Total int64    `json:"total"` // bytes; 0: not known
	Rate  int64    `json:"rate"`  // bytes a second, lately; 0: not known
}

// Left is how long the step will take at its present rate; 0: not known.
func (s Step) Left() time.Duration {
	if s.Rate <= 0 || s.Total <= s.Done {
		return 0
	}
	return time.Duration(float64(s.Total-s.Done) / float64(s.Rate) * float64(time.Second))
}

// StepName is what is being done to an image.
type StepName string

// The steps, in their order; most additions have but some of them.
const (
	StepWaiting     StepName = "waiting"     // for other additions to end
	StepDownloading StepName = "downloading" // and summing up, and unpacking
	StepUnpacking   StepName = "unpacking"
	StepChecking    StepName = "checking"
	StepConverting  StepName = "converting"
	StepCopying     StepName = "copying"   // into the pool, and summing up
	StepVerifying   StepName = "verifying" // that an image is still what it was
)

// StepNames lists every step.
var StepNames = []StepName{StepWaiting, StepDownloading, StepUnpacking, StepChecking, StepConverting, StepCopying, StepVerifying}

// BaseVolume is the name of the volume of an image with this name and checksum.
// The checksum in the name lets a volume without a record be verified and
// adopted, and a new version of an image stand beside the old one.
func BaseVolume(name, sha256 string) string { return fmt.Sprintf("%s.%.12s.qcow2", name, sha256) }

// MediumVolume is the same for a medium.
func MediumVolume(name, sha256 string) string { return fmt.Sprintf("%s.%.12s.iso", name, sha256) }

// ImageVolume is BaseVolume or MediumVolume, by the kind.
func ImageVolume(kind ImageKind, name, sha256 string) string {
	if kind == ImageMedium {
		return MediumVolume(name, sha256)
	}
	return BaseVolume(name, sha256)
}

var imagePattern = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,62})\.([0-9a-f]{12})\.(qcow2|iso)$`)

// ParseImageVolume is the inverse of ImageVolume; ok is false for any other name.
func ParseImageVolume(volume string) (kind ImageKind, name, sha256Prefix string, ok bool) {
	m := imagePattern.FindStringSubmatch(volume)
	switch {
	case m == nil:
		return "", "", "", false
	case m[3] == "iso":
		return ImageMedium, m[1], m[2], true
	}
	return ImageBase, m[1], m[2], true
}
