package lab

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// MaxName is the longest that a name may be.
const MaxName = 63

// NameRule is the rule for the names of nodes and images, as a sentence.
const NameRule = "a name has 1 to 63 letters, digits, dots, underscores or hyphens and starts with a letter or a digit"

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// CheckName checks the name of a node or an image; what does not match is KindInvalid.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return Errorf(KindInvalid, "%q is not a valid name", name).WithHint("Choose another: %s.", NameRule)
	}
	return nil
}

var (
	extensions = regexp.MustCompile(`(?i)\.(qcow2?|img|raw|vmdk|vdi|vhd|vhdx|vpc|ova|ovf|iso|gz|xz|zst|bz2|disk)$`)
	unfit      = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
)

// SuggestName makes a name that an image can have of a path or an address.
func SuggestName(of string) string {
	name := path.Base(of)
	for extensions.MatchString(name) {
		name = extensions.ReplaceAllString(name, "")
	}
	return FitName(name, "image")
}

// FitName makes a valid name of any text, or gives the other if nothing of it fits.
func FitName(text, other string) string {
	name := strings.Trim(unfit.ReplaceAllString(text, "-"), "._-")
	if name = strings.TrimRight(name[:min(len(name), MaxName)], "._-"); CheckName(name) != nil {
		return other
	}
	return name
}

// FreeName gives the name, or where that is taken the first of name-2, name-3 and
// so on that is not.
func FreeName(name string, taken func(string) bool) string {
	free := name
	for n := 2; taken(free); n++ {
		end := fmt.Sprintf("-%d", n)
		free = strings.TrimRight(name[:min(len(name), MaxName-len(end))], "._-") + end
	}
	return free
}
