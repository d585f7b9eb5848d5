package virt

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// namespace marks our element in a domain's <metadata>.
const namespace = "urn:sandboxlabs:node:1"

// mark is our element: the pool the node belongs to, and its spec as JSON.
type mark struct {
	XMLName xml.Name `xml:"urn:sandboxlabs:node:1 node"`
	Pool    string   `xml:"pool,attr"`
	Spec    string   `xml:",chardata"`
}

// XML has no way to write these two, JSON has.
var escape = strings.NewReplacer("\ufffe", `\ufffe`, "\uffff", `\uffff`)

func newMark(pool string, spec lab.NodeSpec) (string, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return "", fmt.Errorf("write spec of %s: %w", spec.Name, err)
	}
	element, err := xml.Marshal(mark{Pool: pool, Spec: escape.Replace(string(text))})
	if err != nil {
		return "", fmt.Errorf("write metadata of %s: %w", spec.Name, err)
	}
	return string(element), nil
}

func (m *mark) spec() (lab.NodeSpec, error) {
	var spec lab.NodeSpec
	if err := json.Unmarshal([]byte(m.Spec), &spec); err != nil {
		return lab.NodeSpec{}, lab.Errorf(lab.KindInvalid, "the node's metadata in libvirt is damaged").
			WithHint("Save any change to the node to write it anew.").WithCause(err)
	}
	return spec, nil
}

// replaceMark puts our element into the inner XML of <metadata> in place of the
// one that is there, and leaves everybody else's as they are.
func replaceMark(inner, element string) (string, error) {
	var kept strings.Builder
	d := xml.NewDecoder(strings.NewReader(inner))
	for {
		start := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return kept.String() + element, nil
		}
		if err != nil {
			return "", fmt.Errorf("read metadata: %w", err)
		}
		name := xml.Name{}
		if e, ok := token.(xml.StartElement); ok {
			name = e.Name
			if err := d.Skip(); err != nil {
				return "", fmt.Errorf("read metadata: %w", err)
			}
		}
		if name.Space != namespace {
			kept.WriteString(inner[start:d.InputOffset()])
		}
	}
}

// markOf finds our element in a whole definition.
func markOf(d *libvirtxml.Domain) (*mark, error) {
	var inner struct {
		Mark *mark `xml:"urn:sandboxlabs:node:1 node"`
	}
	if d.Metadata != nil {
		if err := xml.Unmarshal([]byte("<metadata>"+d.Metadata.XML+"</metadata>"), &inner); err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
	}
	if inner.Mark == nil {
		return nil, errNotOurs(d.UUID)
	}
	return inner.Mark, nil
}
