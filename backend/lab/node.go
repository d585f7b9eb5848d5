package lab

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of a spec. The host's own limits are checked by the service.
const (
	MinMemoryMiB       = 32
	MaxMemoryMiB       = 1 << 20
	MaxVCPUs           = 255
	MaxNotesBytes      = 8 << 10
	DefaultStopSeconds = 30
	MaxStopSeconds     = 3600
	DefaultDiskGiB     = 20 // of a node that is installed from a medium
	MinDiskBytes       = 1 << 30
	MaxDiskBytes       = 16 << 40 // no file of ext4 is larger
)

// NodeSpec is what was asked of a node. It is kept twice: in the store, and in
// the metadata of its domain, so that either can be lost. While the domain
// exists it is the authority, since virsh may have changed it.
type NodeSpec struct {
	ID        string `json:"id"` // UUID of the domain, lower case
	Name      string `json:"name"`
	Image     string `json:"image"` // name of the image in the library that it was made from, as it was then; a Node has the one it has now
	Base      string `json:"base"`  // volume of the base image in the pool; empty: its disk stands alone, to be installed from a medium
	VCPUs     int    `json:"vcpus"`
	MemoryMiB int    `json:"memoryMiB"`
	// DiskBytes is the size of the disk the guest sees, where that is not the base's.
	DiskBytes int64 `json:"diskBytes,omitempty"`
	// Medium is the volume of the ISO in its drive at its next start. Its disk
	// comes first at a boot: the drive's turn is when nothing is on that.
	Medium string `json:"medium,omitempty"`
	// Firmware is what it was made to boot by; empty: BIOS. The variables of UEFI
	// go with each overlay: a wipe gives fresh ones, its undoing the old ones.
	Firmware Firmware `json:"firmware,omitempty"`
	// TPM gives the node a TPM 2.0, which is as new after a wipe, and after its
	// undoing: what was sealed by it before is lost.
	TPM bool `json:"tpm,omitempty"`

	MAC    string `json:"mac"` // of the first NIC, 52:54:00:xx:xx:xx
	Keymap string `json:"keymap,omitempty"`
	// Clipboard gives the node QEMU's channel for the clipboard, from its next start on:
	// a guest that runs spice-vdagent then shares its own with the console. QEMU 7
	// can not save the state of such a node (virsh managedsave, and suspend with the host).
	Clipboard bool `json:"clipboard,omitempty"`
	// Guacamole holds parameters of the node's connection at the gateway (CheckParameters).
	Guacamole   map[string]string `json:"guacamole,omitempty"`
	StopSeconds int               `json:"stopSeconds,omitempty"` // from ACPI power-off to force off; 0: the settings'
	Notes       string            `json:"notes,omitempty"`
	Generation  int               `json:"generation"`     // of the overlay in use, from 1
	Kept        []KeptOverlay     `json:"kept,omitempty"` // overlays a wipe or an undo put aside, oldest first
	CreatedAt   time.Time         `json:"createdAt" ts_type:"string"`
	StartedAt   *time.Time        `json:"startedAt" ts_type:"string | null"`    // last start
	WipedAt     *time.Time        `json:"wipedAt" ts_type:"string | null"`      // last wipe
	DeletedAt   *time.Time        `json:"deletedAt,omitempty" ts_type:"string"` // set: deleted, can be restored until purged

	FirstBoot *FirstBoot `json:"firstBoot,omitempty" ts_type:"FirstBoot"` // nil: nothing is told to its system
}

// KeptOverlay is an overlay that is not in use and can be returned to.
type KeptOverlay struct {
	Generation int       `json:"generation"`
	At         time.Time `json:"at" ts_type:"string"`
	Reason     string    `json:"reason"` // KeptByWipe or KeptByUndo
}

// Why an overlay was put aside.
const (
	KeptByWipe = "wipe"
	KeptByUndo = "undo"
)

// Node is what a node is now: its spec with what was observed.
type Node struct {
	NodeSpec
	State    State        `json:"state"`
	Overlay  Overlay      `json:"overlay"`
	Inserted string       `json:"inserted,omitempty"` // the medium in its drive now, while it has a process
	VNC      *VNC         `json:"vnc"`                // only while it has a process
	Undo     *Undo        `json:"undo,omitempty"`
	Problem  *Problem     `json:"problem"`
	Gateway  Registration `json:"gateway"`

	PoweredOff bool `json:"poweredOff,omitempty"` // it is Stopped because its guest powered off, and no SandBoxLabs had asked it to
}

// Overlay is the node's own disk: what it wrote since its last wipe.
type Overlay struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"` // allocated on the host's disk
}

// VNC is where the display of a running node listens.
type VNC struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// Undo says what UndoWipe would bring back.
type Undo struct {
	Generation int       `json:"generation"`
	Bytes      int64     `json:"bytes"`
	At         time.Time `json:"at" ts_type:"string"`
	Until      time.Time `json:"until" ts_type:"string"` // it may be purged from then on
}

// Check checks the spec's own rules; a breach is KindInvalid and names the rule.
func (s *NodeSpec) Check() error {
	if err := CheckID(s.ID); err != nil {
		return err
	}
	if err := CheckName(s.Name); err != nil {
		return err
	}
	if err := CheckName(s.Image); err != nil {
		return err
	}
	if s.Generation < 1 {
		return Errorf(KindInvalid, "overlay generation %d is below 1", s.Generation)
	}
	if err := s.checkDisks(); err != nil {
		return err
	}
	if err := s.FirstBoot.Check(); err != nil {
		return err
	}
	return s.checkHardware()
}

// checkDisks checks the size of the disk, and what is in the drive.
func (s *NodeSpec) checkDisks() error {
	if s.DiskBytes != 0 && (s.DiskBytes < MinDiskBytes || s.DiskBytes > MaxDiskBytes) {
		return Errorf(KindInvalid, "a disk of %s is out of range", Size(s.DiskBytes)).WithHint("Choose %d to %d GiB.", MinDiskBytes>>30, MaxDiskBytes>>30)
	}
	if kind, _, _, ok := ParseImageVolume(s.Medium); s.Medium != "" && (!ok || kind != ImageMedium) {
		return Errorf(KindInvalid, "%q is not the volume of a medium", s.Medium)
	}
	return s.Firmware.Check()
}

var (
	macPattern    = regexp.MustCompile(`^52:54:00(:[0-9a-f]{2}){3}$`)
	keymapPattern = regexp.MustCompile(`^([a-z]{2,3}(-[a-z0-9]{2,8})?)?$`)
)

func (s *NodeSpec) checkHardware() error {
	switch {
	case s.VCPUs < 1 || s.VCPUs > MaxVCPUs:
		return Errorf(KindInvalid, "%d vCPUs are out of range", s.VCPUs).WithHint("Choose 1 to %d.", MaxVCPUs)
	case s.MemoryMiB < MinMemoryMiB || s.MemoryMiB > MaxMemoryMiB:
		return Errorf(KindInvalid, "%d MiB of memory are out of range", s.MemoryMiB).WithHint("Choose %d to %d MiB.", MinMemoryMiB, MaxMemoryMiB)
	case s.StopSeconds < 0 || s.StopSeconds > MaxStopSeconds:
		return Errorf(KindInvalid, "a stop limit of %d seconds is out of range", s.StopSeconds).WithHint("Choose 1 to %d.", MaxStopSeconds)
	case len(s.Notes) > MaxNotesBytes || !utf8.ValidString(s.Notes):
		return Errorf(KindInvalid, "the notes are longer than %d bytes or not UTF-8", MaxNotesBytes).WithHint("Shorten them.")
	case !macPattern.MatchString(s.MAC):
		return Errorf(KindInvalid, "%q is not a MAC address under 52:54:00", s.MAC).WithHint("Write it in lower case, as in 52:54:00:12:34:ab.")
	case !keymapPattern.MatchString(s.Keymap):
		return Errorf(KindInvalid, "%q is not a keymap", s.Keymap).WithHint("Use one of QEMU's, such as en-us or de.")
	}
	return CheckParameters(s.Guacamole)
}

// StopLimit is how long a power-off by ACPI may take before the node is forced
// off; usual is that of a node that has none of its own.
func (s *NodeSpec) StopLimit(usual time.Duration) time.Duration {
	if s.StopSeconds == 0 {
		return usual
	}
	return time.Duration(s.StopSeconds) * time.Second
}

// OverlayVolume is the name of the volume that holds generation n of the node's overlay.
func (s *NodeSpec) OverlayVolume(n int) string { return fmt.Sprintf("%s.%d.qcow2", s.ID, n) }

// SeedVolume is the name of the volume from which the system on generation n of
// the node's overlay reads what to do at its first boot. Each has its own, so that
// an old disk that comes back finds the identity it knows.
func (s *NodeSpec) SeedVolume(n int) string { return fmt.Sprintf("%s.%d.seed.iso", s.ID, n) }

// VariablesVolume is the name of the file beside generation n of the node's overlay
// in which its UEFI keeps its variables. There is none before the first start.
func (s *NodeSpec) VariablesVolume(n int) string { return fmt.Sprintf("%s.%d.nvram", s.ID, n) }

var (
	overlayPattern = regexp.MustCompile(`^([0-9a-f-]{36})\.([1-9][0-9]{0,8})\.qcow2$`)
	seedPattern    = regexp.MustCompile(`^([0-9a-f-]{36})\.([1-9][0-9]{0,8})\.seed\.iso$`)
	nvramPattern   = regexp.MustCompile(`^([0-9a-f-]{36})\.([1-9][0-9]{0,8})\.nvram$`)
)

// ParseOverlayVolume is the inverse of OverlayVolume; ok is false for any other name.
func ParseOverlayVolume(volume string) (id string, generation int, ok bool) {
	return parseVolume(overlayPattern, volume)
}

// ParseSeedVolume is the inverse of SeedVolume; ok is false for any other name.
func ParseSeedVolume(volume string) (id string, generation int, ok bool) {
	return parseVolume(seedPattern, volume)
}

// ParseVariablesVolume is the inverse of VariablesVolume; ok is false for any other name.
func ParseVariablesVolume(volume string) (id string, generation int, ok bool) {
	return parseVolume(nvramPattern, volume)
}

// ParseNodeVolume gives whose a volume is, be it an overlay or a seed.
func ParseNodeVolume(volume string) (id string, generation int, ok bool) {
	if id, generation, ok = ParseSeedVolume(volume); ok {
		return id, generation, ok
	}
	return ParseOverlayVolume(volume)
}

func parseVolume(pattern *regexp.Regexp, volume string) (id string, generation int, ok bool) {
	m := pattern.FindStringSubmatch(volume)
	if m == nil || CheckID(m[1]) != nil {
		return "", 0, false
	}
	n, err := strconv.Atoi(m[2])
	return m[1], n, err == nil
}

// CheckID checks that id is a UUID in its canonical lower-case form.
func CheckID(id string) error {
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return Errorf(KindInvalid, "%q is not a node's UUID", id)
	}
	return nil
}
