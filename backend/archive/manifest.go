package archive

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"sandboxlabs/backend/lab"
)

// Format is the version of the format that is written, and the newest that is
// read. It grows with every change that an older reader could not do right.
const Format = 1

// The limits of what is read, in bytes but for the first two.
const (
	maxNodes      = 10000
	maxImages     = 10000
	maxManifest   = 16 << 20
	maxVariables  = 64 << 20
	maxMemberSize = 2 * lab.MaxDiskBytes // of a disk, and of all that its format adds to it
)

// Manifest says what is in a backup.
type Manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version of the program that made it
	Made    time.Time `json:"made"`
	Nodes   []Node    `json:"nodes"`
	Images  []Image   `json:"images"` // every one that a node stands on, or has in its drive
}

// Node is one node with its disk.
type Node struct {
	Spec      lab.NodeSpec `json:"spec"`                // without what waited to be undone
	Running   bool         `json:"running,omitempty"`   // its guest was running, and went on
	Frozen    bool         `json:"frozen,omitempty"`    // and its agent held its file systems still for the moment of the copy
	Disk      File         `json:"disk"`                // its overlay
	Variables *File        `json:"variables,omitempty"` // of its UEFI; nil: it has written none
}

// Image is what nodes need beside their own disks.
type Image struct {
	Name         string        `json:"name"`
	Kind         lab.ImageKind `json:"kind"`
	Volume       string        `json:"volume"` // by which the specs name it
	SHA256       string        `json:"sha256"` // of its file, lower-case hex
	VirtualBytes int64         `json:"virtualBytes"`
	Defaults     lab.Defaults  `json:"defaults"`
	Origin       lab.Origin    `json:"origin"`
	File         *File         `json:"file,omitempty"` // nil: it is not in the archive
}

// File is the size of a member.
type File struct {
	Bytes     int64 `json:"bytes"`     // its length
	Allocated int64 `json:"allocated"` // what it took on the disk it came from: less where it has holes
}

// Member is a file of the archive beside the manifest and the sums.
type Member struct {
	Name string
	File
	Node      string // ID of the node whose it is; empty: an image's
	Variables bool   // they are its UEFI's, not its overlay
	Image     string // checksum of the image
}

// Members are the files of the archive, in their order.
func (m *Manifest) Members() (all []Member) {
	for _, n := range m.Nodes {
		all = append(all, Member{Name: "nodes/" + n.Spec.ID + "/disk.qcow2", File: n.Disk, Node: n.Spec.ID})
		if n.Variables != nil {
			all = append(all, Member{Name: "nodes/" + n.Spec.ID + "/variables", File: *n.Variables, Node: n.Spec.ID, Variables: true})
		}
	}
	for _, i := range m.Images {
		if i.File != nil {
			all = append(all, Member{Name: "images/" + i.SHA256, File: *i.File, Image: i.SHA256})
		}
	}
	return all
}

// ImageAt gives the image with a volume; nil if there is none.
func (m *Manifest) ImageAt(volume string) *Image {
	for i := range m.Images {
		if m.Images[i].Volume == volume {
			return &m.Images[i]
		}
	}
	return nil
}

// parse reads a manifest and holds it to its rules.
func parse(text []byte) (m Manifest, err error) {
	var version struct {
		Format  int    `json:"format"`
		Program string `json:"program"`
	}
	if err := json.Unmarshal(text, &version); err != nil || version.Format < 1 {
		return m, errDamaged("its manifest can not be understood").WithCause(err)
	}
	newer := lab.Errorf(lab.KindInvalid, "the backup was made by a newer SandBoxLabs (%.40q), whose format this one does not know", version.Program).
		WithHint("Install that version, or a newer one, and restore it with that.")
	if version.Format > Format {
		return m, newer
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	switch err := d.Decode(&m); {
	case err != nil && strings.Contains(err.Error(), "unknown field"): // it would be lost
		return m, newer.WithCause(err)
	case err != nil:
		return m, errDamaged("its manifest can not be understood").WithCause(err)
	}
	return m, m.check()
}

// check holds a manifest to the rules.
func (m *Manifest) check() error {
	if len(m.Nodes) > maxNodes || len(m.Images) > maxImages {
		return errDamaged("it claims to hold %d nodes and %d images", len(m.Nodes), len(m.Images))
	}
	if unprintable(m.Program) {
		return errDamaged("it names no version of the program that made it")
	}
	volumes, sums := map[string]bool{"": true}, map[string]bool{}
	for _, i := range m.Images {
		if err := i.check(); err != nil {
			return err
		}
		if volumes[i.Volume] || sums[i.SHA256] {
			return errDamaged("it names the image %.80q twice", i.Name)
		}
		volumes[i.Volume], sums[i.SHA256] = true, true
	}
	seen := map[string]bool{}
	for _, n := range m.Nodes {
		if err := n.check(); err != nil {
			return err
		}
		switch {
		case seen[n.Spec.ID], seen["/"+n.Spec.Name]: // no ID begins so
			return errDamaged("it names the node %s twice", n.Spec.Name)
		case !volumes[n.Spec.Base], !volumes[n.Spec.Medium]:
			return errDamaged("it does not say what %s stands on", n.Spec.Name)
		}
		seen[n.Spec.ID], seen["/"+n.Spec.Name] = true, true
	}
	return nil
}

func (n *Node) check() error {
	if err := n.Spec.Check(); err != nil {
		return errDamaged("it holds a node that can not be").WithCause(err)
	}
	if !n.Disk.within(maxMemberSize) || n.Variables != nil && !n.Variables.within(maxVariables) {
		return errDamaged("it claims that the disk of %s has a size that no disk has", n.Spec.Name)
	}
	return nil
}

func (i *Image) check() error {
	kind, _, prefix, ok := lab.ParseImageVolume(i.Volume)
	sum, err := hex.DecodeString(i.SHA256)
	switch {
	case !ok || kind != i.Kind || lab.CheckName(i.Name) != nil:
		return errDamaged("it names an image %.80q that can not be", i.Name)
	case err != nil || len(sum) != 32 || i.SHA256 != strings.ToLower(i.SHA256) || !strings.HasPrefix(i.SHA256, prefix):
		return errDamaged("it has no checksum of the image %s", i.Name)
	case unprintable(i.Origin.Of), unprintable(i.Origin.Base), unprintable(string(i.Origin.Kind)):
		return errDamaged("it does not say where the image %s is from", i.Name)
	case i.File != nil && !i.File.within(maxMemberSize):
		return errDamaged("it claims that the image %s has a size that no image has", i.Name)
	}
	return i.Defaults.Check()
}

// unprintable tells texts that would do something to the terminal that shows them.
func unprintable(text string) bool {
	return len(text) > 4096 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (f File) within(limit int64) bool {
	return f.Bytes > 0 && f.Bytes <= limit && f.Allocated >= 0 && f.Allocated <= limit
}

// errDamaged says why a file is no whole backup.
func errDamaged(format string, args ...any) *lab.Error {
	return lab.Errorf(lab.KindInvalid, "the backup is damaged: "+format, args...).
		WithHint("Take another copy of it; nothing of this one was restored.")
}
