package lab

import (
	"fmt"
	"regexp"
	"time"
)

// Image is a base image: a read-only qcow2 volume without a backing file that
// the overlays of nodes stand on. Its record is written last, so that a half
// made image is never visible.
type Image struct {
	Name         string     `json:"name"`
	Volume       string     `json:"volume"` // NAME.SHA256[:12].qcow2 in the pool
	Path         string     `json:"path"`
	SHA256       string     `json:"sha256"`       // of the file, lower-case hex
	Bytes        int64      `json:"bytes"`        // of the file
	VirtualBytes int64      `json:"virtualBytes"` // of the disk the guest sees
	ModTime      time.Time  `json:"modTime" ts_type:"string"`
	AddedAt      time.Time  `json:"addedAt" ts_type:"string"`
	State        ImageState `json:"state"`
	Progress     float64    `json:"progress,omitempty"` // 0 to 1 while Adding
	UsedBy       []string   `json:"usedBy,omitempty"`   // names of the nodes that stand on it
	Problem      *Problem   `json:"problem,omitempty"`
}

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

// BaseVolume is the name of the volume of an image with this name and checksum.
// The checksum in the name lets a volume without a record be verified and
// adopted, and a new version of an image stand beside the old one.
func BaseVolume(name, sha256 string) string { return fmt.Sprintf("%s.%.12s.qcow2", name, sha256) }

var basePattern = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]{0,62})\.([0-9a-f]{12})\.qcow2$`)

// ParseBaseVolume is the inverse of BaseVolume; ok is false for any other name.
func ParseBaseVolume(volume string) (name, sha256Prefix string, ok bool) {
	m := basePattern.FindStringSubmatch(volume)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}
