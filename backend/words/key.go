package words

import (
	"regexp"
	"strconv"
)

// verb is one of a format of fmt, %% among them.
var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?([bcdeEfFgGoOqstTvxXUp%])`)

// Key gives a format of fmt as the catalogues have it: with {0}, {1} in the places of its verbs.
func Key(format string) string {
	n := 0
	return verb.ReplaceAllStringFunc(format, func(found string) string {
		m := verb.FindStringSubmatch(found)
		if m[2] == "%" {
			return "%"
		}
		if m[1] != "" {
			n, _ = strconv.Atoi(m[1]) // digits, by the pattern
			n--
		}
		n++
		return "{" + strconv.Itoa(n-1) + "}"
	})
}

// place is one of a text of a catalogue.
var place = regexp.MustCompile(`\{(\d+)\}`)

// Literal gives what of a text is the same whatever is put into it.
func Literal(key string) string { return place.ReplaceAllString(key, "") }
