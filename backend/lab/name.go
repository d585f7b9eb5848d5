package lab

import "regexp"

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
