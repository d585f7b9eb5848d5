// Package words has the texts of the program in the languages of people: those of the page, which
// reads the same catalogues (frontend/words), and those that it says itself, in the tray and in
// notifications. A text is written in English where it is said, and found by that:
//
//	words.Text("%s could not be started", name)
//
// What the errors of the program say stays English within it, on the command line and over HTTP;
// Told turns it into the language of the person where it is shown.
//
// A catalogue is a .po file of GNU gettext. "make words" adds to it what is new in the sources.
package words

import (
	"embed"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/leonelquinteros/gotext"
)

//go:embed *.po
var files embed.FS

// catalogue is what there is in a language.
type catalogue struct {
	language string
	po       *gotext.Po // empty for English, whose texts are their own keys
	texts    map[string]*gotext.Translation
	patterns []pattern // of what the program says, where it has places
}

// spoken is the language in use.
var spoken atomic.Pointer[catalogue]

func init() { spoken.Store(read("en", nil)) }

// Languages lists the languages there are, English first.
func Languages() []string {
	languages := []string{"en"}
	entries, _ := files.ReadDir(".") // embedded, it is there
	for _, entry := range entries {
		languages = append(languages, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())))
	}
	return languages
}

// Speak has every text from now on in a language such as "de" or "de_CH"; with "", in that of the
// environment. In one that there is not it is English.
func Speak(language string) {
	if language == "" {
		language = environment()
	}
	language, _, _ = strings.Cut(strings.ToLower(language), "_")
	language, _, _ = strings.Cut(language, "-")
	content, err := files.ReadFile(language + ".po")
	if err != nil {
		language = "en" // which needs none
	}
	spoken.Store(read(language, content))
}

// Language gives the one in use, such as "en".
func Language() string { return spoken.Load().language }

// Wished is the language that the environment asks for, as a tag of BCP 47 such as "de-AT";
// empty where it asks for none.
func Wished() string {
	language, _, _ := strings.Cut(environment(), "@")
	if language == "C" || language == "POSIX" {
		return ""
	}
	return strings.ReplaceAll(language, "_", "-")
}

// environment gives the language that messages should have: gettext's order.
func environment() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		locale := os.Getenv(name)
		if locale == "" {
			continue
		}
		locale, _, _ = strings.Cut(locale, ".")
		if list := os.Getenv("LANGUAGE"); list != "" && locale != "C" && locale != "POSIX" {
			locale, _, _ = strings.Cut(list, ":")
		}
		return locale
	}
	return "en"
}

func read(language string, content []byte) *catalogue {
	c := &catalogue{language: language, po: gotext.NewPo()}
	c.po.Parse(content)
	c.texts = c.po.GetDomain().GetTranslations()
	for key, t := range c.texts {
		if t.IsTranslated() && t.PluralID == "" && slices.Contains(t.Refs, "program") && place.MatchString(key) {
			c.patterns = append(c.patterns, newPattern(key))
		}
	}
	return c
}

// text gives the one of a key, which is its own where there is none.
func (c *catalogue) text(key string) string {
	if t, ok := c.texts[key]; ok {
		return t.Get()
	}
	return key
}

// Text gives a text with the verbs of its format filled, in the language in use.
func Text(format string, args ...any) string {
	return fill(spoken.Load().text(Key(format)), rendered(format, args))
}

// Number gives a text that counts: the first format is for one, the other for more, and the number
// comes first among what fills both.
func Number(n int, one, more string, args ...any) string {
	text := spoken.Load().po.GetN(Key(one), Key(more), n)
	return fill(text, rendered(more, append([]any{n}, args...)))
}

// size is one as lab.Size writes it, with a decimal.
var size = regexp.MustCompile(`^(\d+)\.(\d [KMGT]iB)$`)

// localised gives a size with the decimal sign of the language: a comma in each that there is but English.
func localised(value string) string {
	if Language() == "en" {
		return value
	}
	return size.ReplaceAllString(value, "$1,$2")
}

// rendered gives what stands in the places of a format, each by its own verb.
func rendered(format string, args []any) []string {
	var values []string
	for _, found := range verb.FindAllString(format, -1) {
		if strings.HasSuffix(found, "%") {
			continue
		}
		values = append(values, "")
		if n := len(values) - 1; n < len(args) {
			values[n] = localised(fmt.Sprintf(found, args[n]))
		}
	}
	return values
}

// fill puts values into the places of a text.
func fill(text string, values []string) string {
	return place.ReplaceAllStringFunc(text, func(found string) string {
		var n int
		if _, err := fmt.Sscanf(found, "{%d}", &n); err != nil || n >= len(values) {
			return found
		}
		return values[n]
	})
}
