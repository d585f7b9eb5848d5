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

// A text is looked for whole, then in front of its cause, then as one that has its cause within,
// then sentence by sentence.
func (c *catalogue) told(english string) string {
	if text, ok := c.sentence(english, false); ok {
		return text
	}
	for at := range splits(english, ": ") {
		if text, ok := c.sentence(english[:at], false); ok {
			return text + ": " + c.told(english[at+2:])
		}
	}
	if text, ok := c.sentence(english, true); ok {
		return text
	}
	if at := sentenceEnd.FindStringIndex(english); at != nil {
		return c.told(english[:at[0]+1]) + " " + c.told(english[at[1]-1:])
	}
	return english
}

// sentence finds a text as it is, or without the capital and the full stop that it got as a
// sentence: what fits best.
func (c *catalogue) sentence(english string, causes bool) (string, bool) {
	best := c.find(english, causes)
	bare, stop := strings.CutSuffix(english, ".")
	for _, text := range []string{uncapital(bare), bare} {
		if f := c.find(text, causes); f.weight > best.weight {
			if best = f; stop {
				best.text += "."
			}
		}
	}
	return best.text, best.weight > 0
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

// found is a text in the language, and how many bytes of the English it accounts for.
type found struct {
	text   string
	weight int
}

// find looks a text up, by itself or by what it was made of; of several texts that
// fit, the one of which most is the same. What fills a place at the end may have a
// cause behind a colon where causes are looked for.
func (c *catalogue) find(english string, causes bool) found {
	if t, ok := c.texts[english]; ok && t.IsTranslated() {
		return found{t.Get(), len(english)}
	}
	var best pattern
	var values []string
	for _, p := range c.patterns {
		if p.weight > best.weight {
			if v, ok := p.match(english, causes); ok {
				best, values = p, v
			}
		}
	}
	for i, v := range values {
		values[i] = localised(c.text(v))
	}
	return found{fill(c.text(best.key), values), best.weight}
}

// few is of how many bytes a text has so little of its own that only names may fill its places:
// "{0} is {1}" would be found in anybody's words.
const few = 12

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

// match gives what fills the places, if the text is one of this pattern. No place is empty.
func (p pattern) match(text string, causes bool) ([]string, bool) {
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
		if strings.Contains(rest[:at], ": ") && (!causes || rest[at:] != "") || p.weight < few && strings.Contains(rest[:at], " ") {
			return nil, false
		}
		values[p.order[i]], rest = rest[:at], rest[at+len(piece):]
	}
	return values, rest == ""
}
