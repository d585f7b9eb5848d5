// Package page has the files of the page, and an index.html that says what it is to
// begin with. The page would otherwise ask for that first, and paint what it is not.
package page

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"

	"sandboxlabs/backend/lab"
)

// Page is index.html and its assets.
type Page struct {
	fs.FS
	index []byte
}

// Beginning is what was chosen, as frontend/src/main.ts reads it.
type Beginning struct {
	Language string // of texts, as in "de"; empty: the desktop's
	Scheme   string // of colours, "dark" or "light"; empty: the desktop's

	// Desktop is the desktop's language, as in "de-AT"; empty: the browser knows it. WebKit does
	// only where the C library has that locale, and the tray would speak another.
	Desktop string
}

// New gives the page of what npm has built; KindUnavailable if that was not done.
func New(files fs.FS) (*Page, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "this program was built without its page").
			WithHint("Build it with make build.").WithCause(err)
	}
	return &Page{files, index}, nil
}

const root = "<html "

// Index gives index.html with its beginning as data attributes of the root element.
func (p *Page) Index(b Beginning) []byte {
	var told bytes.Buffer
	told.WriteString(root)
	for _, a := range []struct{ name, value string }{
		{"language", b.Language}, {"desktop-language", b.Desktop}, {"scheme", b.Scheme},
	} {
		if a.value != "" {
			fmt.Fprintf(&told, `data-%s="%s" `, a.name, html.EscapeString(a.value))
		}
	}
	return bytes.Replace(p.index, []byte(root), told.Bytes(), 1)
}
