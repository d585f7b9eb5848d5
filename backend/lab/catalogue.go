package lab

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Catalogue knows the images that publishers offer to everyone.
type Catalogue interface {
	// Offers gives every entry, in the order in which they are to be shown.
	// Entries of the person's own that can not be used MUST NOT take the others
	// away: why they can not is the Problem.
	Offers(ctx context.Context) (Offers, error)

	// CheckEntry asks the publishers whether an entry can be had, and takes next
	// to nothing of it: every address answers, and the list of checksums names
	// the file. What is wrong is the Problem of the check. KindNotFound if there
	// is no such entry.
	CheckEntry(ctx context.Context, id string) (EntryCheck, error)
}

// Offers is what the catalogue has.
type Offers struct {
	Entries []CatalogueEntry `json:"entries"`
	Problem *Problem         `json:"problem,omitempty"` // why the person's own file was left aside
}

// Find gives an entry; KindNotFound if there is none of that id.
func (o Offers) Find(id string) (CatalogueEntry, error) {
	if i := slices.IndexFunc(o.Entries, func(e CatalogueEntry) bool { return e.ID == id }); i >= 0 {
		return o.Entries[i], nil
	}
	return CatalogueEntry{}, Errorf(KindNotFound, "there is no %q in the catalogue", id).WithHint("See what there is: sandboxlabs image catalogue.")
}

// EntryCheck is what the publishers answered.
type EntryCheck struct {
	ID      string   `json:"id"`
	Bytes   int64    `json:"bytes,omitempty"` // of the file now; 0: nobody said
	Sum     string   `json:"sum,omitempty"`   // that it must have now
	Problem *Problem `json:"problem,omitempty"`
}

// CatalogueEntry is an image that a publisher offers to everyone.
type CatalogueEntry struct {
	ID         string    `json:"id"` // also the name that is suggested for the image
	Title      string    `json:"title"`
	Version    string    `json:"version"`
	Arch       string    `json:"arch"` // x86_64
	Remote     Remote    `json:"remote"`
	Kind       ImageKind `json:"kind"`
	Format     string    `json:"format"`               // as in Probe
	DiskBytes  int64     `json:"diskBytes,omitempty"`  // about how large the disk is that the guest sees; 0: not known
	Defaults   Defaults  `json:"defaults"`             // of its nodes; MemoryMiB is what they need to work well
	Licence    string    `json:"licence"`              // a note on what may be done with it
	Home       string    `json:"home"`                 // the publisher's page
	Group      string    `json:"group"`                // one of CatalogueGroups
	Overridden bool      `json:"overridden,omitempty"` // it is from the person's own file
}

// CatalogueGroups are the groups that entries are shown in.
var CatalogueGroups = []string{"Linux", "BSD", "Network"}

// Addition is how the entry becomes an image with this name, empty for its own.
func (e CatalogueEntry) Addition(name string) Addition {
	if name == "" {
		name = e.ID
	}
	return Addition{Name: name, Remote: &e.Remote, Origin: Origin{Kind: OriginCatalogue, Of: e.ID}, Defaults: &e.Defaults}
}

// Check checks the rules of an entry; a breach is KindInvalid. field is the name
// of what is wrong, as in the catalogue's file.
func (e CatalogueEntry) Check() (field string, err error) {
	if err := CheckName(e.ID); err != nil {
		return "id", err
	}
	for _, text := range []struct{ field, value string }{{"title", e.Title}, {"version", e.Version}, {"licence", e.Licence}} {
		if err := checkLine(text.value); err != nil {
			return text.field, err
		}
	}
	if field, err := e.Remote.check(); err != nil {
		return field, err
	}
	if field, err := e.checkFile(); err != nil {
		return field, err
	}
	if home, err := url.Parse(e.Home); err != nil || home.Scheme != "https" || home.Host == "" {
		return "home", Errorf(KindInvalid, "%q is not an address of a page", e.Home).WithHint("Give one that begins with https://.")
	}
	if !slices.Contains(CatalogueGroups, e.Group) {
		return "group", Errorf(KindInvalid, "%q is not %s", e.Group, strings.Join(CatalogueGroups, ", ")).WithHint("Use one of them.")
	}
	return e.Defaults.check()
}

// checkFile checks what is said of the file itself.
func (e CatalogueEntry) checkFile() (field string, err error) {
	switch {
	case e.Arch != "x86_64":
		return "arch", Errorf(KindInvalid, "nodes are x86_64, not %q", e.Arch).WithHint("Use x86_64.")
	case !slices.Contains(ImageKinds, e.Kind):
		return "kind", Errorf(KindInvalid, "%q is not base or medium", string(e.Kind)).WithHint("Use one of them.")
	case !knownFormat(e.Format), (e.Kind == ImageMedium) != strings.HasSuffix(e.Format, "iso"):
		return "format", Errorf(KindInvalid, "%q is no format of a %s", e.Format, e.Kind).
			WithHint("Use qcow2, raw, vmdk, vdi, vpc, vhdx or ova, or iso for a medium; before it how it is packed, as in \"xz, raw\".")
	case e.Remote.Bytes < 0:
		return "bytes", Errorf(KindInvalid, "%d bytes can not be", e.Remote.Bytes).WithHint("Leave it out if it is not known.")
	case e.DiskBytes < 0:
		return "disk_bytes", Errorf(KindInvalid, "%d bytes can not be", e.DiskBytes).WithHint("Leave it out if it is not known.")
	}
	return "", nil
}

// knownFormat reports whether a format is one that Probe tells, packed or not.
func knownFormat(format string) bool {
	packing, disk, packed := strings.Cut(format, ", ")
	if !packed {
		packing, disk = "xz", format
	}
	return slices.Contains([]string{"gz", "xz", "zst", "bz2"}, packing) &&
		slices.Contains([]string{"qcow2", "raw", "vmdk", "vdi", "vpc", "vhdx", "ova", "iso"}, disk)
}

// maxLine is the longest that a note of an entry may be, in bytes.
const maxLine = 200

func checkLine(text string) error {
	if text == "" || len(text) > maxLine || strings.ContainsFunc(text, unicode.IsControl) {
		return Errorf(KindInvalid, "%q is not one line of text", text).WithHint("Write 1 to %d letters, without line breaks.", maxLine)
	}
	return nil
}
