package lab

// CatalogueEntry is an image that a publisher offers to everyone.
type CatalogueEntry struct {
	ID         string    `json:"id"` // also the name that is suggested for the image
	Title      string    `json:"title"`
	Version    string    `json:"version"`
	Arch       string    `json:"arch"` // x86_64
	Remote     Remote    `json:"remote"`
	Kind       ImageKind `json:"kind"`
	Format     string    `json:"format"`    // as in Probe
	MemoryMiB  int       `json:"memoryMiB"` // that its nodes need at least
	DiskBytes  int64     `json:"diskBytes"` // virtual size
	Defaults   Defaults  `json:"defaults"`
	Licence    string    `json:"licence"`              // a note on what may be done with it
	Home       string    `json:"home"`                 // the publisher's page
	Group      string    `json:"group"`                // "Linux", "BSD", "Network"
	Overridden bool      `json:"overridden,omitempty"` // it is from the person's own file
}
