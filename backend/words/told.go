package words

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Told gives what an error, a check or the like says in English in the language in use. A sentence
// that is not in the catalogue, and whatever another program said, stays as it is.
func Told(english string) string {
	c := spoken.Load()
	if c.language == "en" || english == "" {
		return english
	}
	return c.told(english)
}

// A text is looked for whole, then without the full stop and the capital that it got as a
// sentence, then in front of its cause, then sentence by sentence.
func (c *catalogue) told(english string) string {
	if text, ok := c.find(english); ok {
		return text
	}
	if bare := uncapital(strings.TrimSuffix(english, ".")); bare != english {
		if text, ok := c.find(bare); ok {
			return text + strings.Repeat(".", len(english)-len(bare))
		}
	}
	for at := range splits(english, ": ") {
		if text, ok := c.find(uncapital(english[:at])); ok {
			return text + ": " + c.told(english[at+2:])
		}
	}
	if at := sentenceEnd.FindStringIndex(english); at != nil {
		return c.told(english[:at[0]+1]) + " " + c.told(english[at[1]-1:])
	}
	return english
}

// sentenceEnd is between two sentences.
var sentenceEnd = regexp.MustCompile(`[.!?] \p{Lu}`)

func splits(s, separator string) func(func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; ; at += len(separator) {
			next := strings.Index(s[at:], separator)
			if next < 0 || !yield(at+next) {
				return
			}
			at += next
		}
	}
}

func uncapital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// find looks a text up, by itself or by what it was made of; of several texts that
// fit, the one of which most is the same.
func (c *catalogue) find(english string) (string, bool) {
	if t, ok := c.texts[english]; ok && t.IsTranslated() {
		return t.Get(), true
	}
	var best pattern
	var values []string
	for _, p := range c.patterns {
		if p.weight > best.weight {
			if v, ok := p.match(english); ok {
				best, values = p, v
			}
		}
	}
	if values == nil {
		return "", false
	}
	for i, v := range values {
		values[i] = c.text(v)
	}
	return fill(c.text(best.key), values), true
}

// pattern is a text with places, to find what it was filled with.
type pattern struct {
	key    string
	pieces []string // what is around its places
	order  []int    // its places, as they stand
	weight int      // how many bytes are the same
}

func newPattern(key string) pattern {
	p := pattern{key: key, pieces: place.Split(key, -1), weight: len(Literal(key))}
	for _, m := range place.FindAllStringSubmatch(key, -1) {
		p.order = append(p.order, int(m[1][0]-'0')) // none has ten
	}
	return p
}

// match gives what fills the places, if the text is one of this pattern. A place is not empty, and
// has no colon within, but at the end of the text: what stands there may have a cause of its own.
func (p pattern) match(text string) ([]string, bool) {
	rest, ok := strings.CutPrefix(text, p.pieces[0])
	if !ok {
		return nil, false
	}
	values := make([]string, len(p.order))
	for i, piece := range p.pieces[1:] {
		at := strings.Index(rest, piece)
		if last := i == len(p.order)-1; last && piece == "" {
			at = len(rest)
		} else if last && strings.HasSuffix(rest, piece) {
			at = len(rest) - len(piece)
		}
		if at <= 0 || p.order[i] >= len(values) {
			return nil, false
		}
		if rest[at:] != "" && strings.Contains(rest[:at], ": ") {
			return nil, false
		}
		values[p.order[i]], rest = rest[:at], rest[at+len(piece):]
	}
	return values, rest == ""
}
