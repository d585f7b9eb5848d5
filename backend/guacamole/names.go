package guacamole

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strings"

	"sandboxlabs/backend/lab"
)

// longest is what the columns of names hold, in characters.
const longest = 128

// names are what is ours in a database, and found by it.
type names struct {
	group string // of connections, in the root
	user  string
}

// namesOf gives the names that belong to an owner, and to no other.
func namesOf(owner string) (names, error) {
	owner = strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(owner, "")))
	if owner == "" {
		return names{}, lab.Errorf(lab.KindInvalid, "it is not said whose nodes the gateway is to show")
	}
	mark := digest(owner)[:8]
	return names{group: cut("SandBoxLabs "+owner, mark), user: "sandboxlabs-" + slug(owner) + "-" + mark}, nil
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// cut shortens a name that is too long, and ends it with the mark then.
func cut(name, mark string) string {
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest-len(mark)-1]) + " " + mark
	}
	return name
}

var notInSlugs = regexp.MustCompile(`[^a-z0-9]+`)

// slug gives what can be read of a name in lower-case letters, digits and hyphens.
func slug(name string) string {
	const most = 60
	s := notInSlugs.ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(s[:min(len(s), most)], "-")
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// lockOf gives the number of an advisory lock, which belongs to the whole database.
func lockOf(purpose, what string) int64 {
	sum := sha256.Sum256([]byte("sandboxlabs\x00" + purpose + "\x00" + what))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// idLength is how long the ID of a node is.
const idLength = 36

// connectionName is what a node's connection is called: its name, for people,
// and its ID, by which it is found.
func connectionName(c lab.Connection) string { return c.Name + " " + c.ID }

// parseName is the inverse of connectionName. Where it was changed by hand, what
// it gives differs from what was registered; without the ID of a node in its
// place, the whole is the ID.
func parseName(stored string) (id, name string) {
	at := len(stored) - idLength
	if at < 0 || lab.CheckID(stored[at:]) != nil {
		return stored, stored
	}
	name, ok := strings.CutSuffix(stored[:at], " ")
	if !ok {
		return stored[at:], stored
	}
	return stored[at:], name
}
