package images

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"sandboxlabs/backend/document"
	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Catalogue is a lab.Catalogue of two TOML files of one form: the program's and
// the person's, whose entries take the place of those with the same id.
type Catalogue struct {
	own  []byte
	file string // the person's, read anew each time; need not be there
	web  *web
}

var _ lab.Catalogue = (*Catalogue)(nil)

// NewCatalogue gives the catalogue of the program's own file, by its content,
// and the person's at a path.
func NewCatalogue(own []byte, file string) *Catalogue {
	w := newWeb()
	w.tries = 2 // a person waits for the answer
	return &Catalogue{own, file, w}
}

// Offers implements lab.Catalogue.
func (c *Catalogue) Offers(ctx context.Context) (lab.Offers, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Offers{}, err
	}
	entries, err := parseCatalogue("the program's catalogue", c.own)
	if err != nil {
		return lab.Offers{}, lab.Errorf(lab.KindInternal, "the catalogue can not be read").WithCause(err)
	}
	theirs, err := c.theirs()
	if err != nil {
		return lab.Offers{Entries: entries, Problem: lab.ProblemOf(err)}, nil
	}
	return lab.Offers{Entries: merged(entries, theirs)}, nil
}

// theirs gives the person's entries.
func (c *Catalogue) theirs() ([]lab.CatalogueEntry, error) {
	content, err := durable.Read(c.file, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var entries []lab.CatalogueEntry
	if err == nil {
		entries, err = parseCatalogue(c.file, content)
	}
	if err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "your own file of the catalogue is left aside").WithCause(err).WithHint("Mend %s, or remove it.", c.file)
	}
	for i := range entries {
		entries[i].Overridden = true
	}
	return entries, nil
}

func merged(entries, theirs []lab.CatalogueEntry) []lab.CatalogueEntry {
	at := map[string]int{}
	for i, e := range entries {
		at[e.ID] = i
	}
	for _, e := range theirs {
		if i, ok := at[e.ID]; ok {
			entries[i] = e
			continue
		}
		entries = append(entries, e)
	}
	return entries
}

// offer is an entry as the file has it.
type offer struct {
	ID      string `toml:"id"`
	Title   string `toml:"title"`
	Version string `toml:"version"`
	Arch    string `toml:"arch"`
	Group   string `toml:"group"`
	Home    string `toml:"home"`
	Licence string `toml:"licence"`

	Addresses []string      `toml:"addresses"`
	Sum       string        `toml:"sum"`
	SumFile   string        `toml:"sum_file"`
	Bytes     int64         `toml:"bytes"`
	Kind      lab.ImageKind `toml:"kind"`
	Format    string        `toml:"format"`
	DiskBytes int64         `toml:"disk_bytes"`

	VCPUs     int          `toml:"vcpus"`
	MemoryMiB int          `toml:"memory_mib"`
	Firmware  lab.Firmware `toml:"firmware"`
	TPM       bool         `toml:"tpm"`
	CloudInit bool         `toml:"cloud_init"`
	User      string       `toml:"user"`
}

func (o offer) entry() lab.CatalogueEntry {
	return lab.CatalogueEntry{
		ID: o.ID, Title: o.Title, Version: o.Version, Arch: o.Arch, Group: o.Group, Home: o.Home, Licence: o.Licence,
		Remote: lab.Remote{Addresses: o.Addresses, Sum: o.Sum, SumFile: o.SumFile, Bytes: o.Bytes},
		Kind:   o.Kind, Format: o.Format, DiskBytes: o.DiskBytes,
		Defaults: lab.Defaults{VCPUs: o.VCPUs, MemoryMiB: o.MemoryMiB, Firmware: o.Firmware, TPM: o.TPM, CloudInit: o.CloudInit, User: o.User},
	}
}

// parseCatalogue reads a file of the catalogue; a fault is a *document.Error.
func parseCatalogue(file string, content []byte) ([]lab.CatalogueEntry, error) {
	var text struct {
		Images []offer `toml:"image"`
	}
	if err := document.Decode(file, content, &text, "an image of the catalogue has nothing of that name"); err != nil {
		return nil, err
	}
	entries := make([]lab.CatalogueEntry, len(text.Images))
	taken := map[string]bool{}
	for i, o := range text.Images {
		e := o.entry()
		field, err := e.Check()
		if err == nil && taken[e.ID] {
			field, err = "id", fmt.Errorf("%q is the id of another image above", e.ID)
		}
		if err != nil {
			return nil, document.At(file, content, fmt.Sprintf("image[%d].%s", i, field), err.Error())
		}
		entries[i], taken[e.ID] = e, true
	}
	return entries, nil
}

// CheckEntry implements lab.Catalogue.
func (c *Catalogue) CheckEntry(ctx context.Context, id string) (lab.EntryCheck, error) {
	offers, err := c.Offers(ctx)
	if err != nil {
		return lab.EntryCheck{}, err
	}
	e, err := offers.Find(id)
	if err != nil {
		return lab.EntryCheck{}, err
	}
	check := lab.EntryCheck{ID: id}
	check.Bytes, check.Sum, err = c.web.look(ctx, e.Remote)
	check.Problem = lab.ProblemOf(err)
	return check, lab.Cancelled(ctx)
}
