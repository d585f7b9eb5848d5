package prototype

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"sandboxlabs/backend/lab"
)

// usual is the osType of who says none.
const usual = "ubuntu"

// aliases are the osTypes of the prototype that stand for what the catalogue has
// several versions of: that of an image is its alias while no newer one is there.
var aliases = []string{"ubuntu", "alpine", "debian"}

// imageFor gives the name of the image that an osType means: that of the name, else
// the newest of the catalogue's id, else the newest whose id or name goes on with a
// version, as debian-13 does for debian.
func (h *handler) imageFor(ctx context.Context, osType string) (string, error) {
	osType = cmp.Or(osType, usual)
	images, err := h.service.Images(ctx)
	if err != nil {
		return "", err
	}
	if name := choose(images, osType); name != "" {
		return name, nil
	}
	return "", lab.Errorf(lab.KindInvalid, "Base image not found: %s", osType).
		WithHint("See what there is: sandboxlabs image ls. Get more: sandboxlabs image catalogue, and then image pull.")
}

// choose gives the name of that image; empty if there is none.
func choose(images []lab.Image, osType string) string {
	var found string
	rank := 0
	for _, i := range images {
		if r := fits(i, osType); r > rank || r > 0 && r == rank && newer(i.Name, found) {
			found, rank = i.Name, r
		}
	}
	return found
}

// fits says how well an image is meant by an osType; 0: not at all.
func fits(i lab.Image, osType string) int {
	id := ""
	if i.Origin.Kind == lab.OriginCatalogue {
		id = i.Origin.Of
	}
	switch {
	case i.State != lab.ImageReady:
		return 0
	case i.Name == osType:
		return 3
	case id == osType:
		return 2
	case isVersionOf(id, osType), isVersionOf(i.Name, osType):
		return 1
	}
	return 0
}

// isVersionOf reports whether a name is another with a number behind it.
func isVersionOf(name, of string) bool {
	version, ok := strings.CutPrefix(name, of+"-")
	return ok && version != "" && version[0] >= '0' && version[0] <= '9'
}

// newer compares names by the numbers in them: debian-13 is newer than debian-9.
func newer(a, b string) bool {
	return slices.CompareFunc(parts(a), parts(b), func(x, y string) int {
		n, errN := strconv.Atoi(x)
		m, errM := strconv.Atoi(y)
		if errN == nil && errM == nil {
			return cmp.Compare(n, m)
		}
		return cmp.Compare(x, y)
	}) > 0
}

func parts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' || r == '_' })
}

// osTypes gives what to ask for to have a node of an image, where that is not the
// image's name: its alias, if that leads there.
func (h *handler) osTypes(ctx context.Context) map[string]string {
	images, err := h.service.Images(ctx)
	if err != nil {
		return nil // the names of images do as well
	}
	of := make(map[string]string)
	for _, alias := range aliases {
		if name := choose(images, alias); name != "" {
			of[name] = alias
		}
	}
	return of
}
