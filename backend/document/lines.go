package document

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where a document sets a dotted key or opens a table. The tables of
// an array are numbered from 0, as in image[2].title.
type place struct {
	key  string
	line int
}

// places lists the keys of a document up to its first syntax error, in order.
func places(content []byte) []place {
	var p unstable.Parser
	p.Reset(content)
	var table string
	var found []place
	arrays := map[string]int{}
	for p.NextExpression() {
		key, line := keyOf(&p, p.Expression())
		switch p.Expression().Kind {
		case unstable.KeyValue:
			key = table + key
		case unstable.ArrayTable:
			n := arrays[key]
			arrays[key]++
			key = fmt.Sprintf("%s[%d]", key, n)
			table = key + "."
		default:
			table = key + "."
		}
		found = append(found, place{key, line})
	}
	return found
}

func keyOf(p *unstable.Parser, e *unstable.Node) (key string, line int) {
	var parts []string
	for it := e.Key(); it.Next(); {
		n := it.Node()
		parts = append(parts, string(n.Data))
		line = 1 + bytes.Count(p.Data()[:n.Raw.Offset], []byte("\n"))
	}
	return strings.Join(parts, "."), line
}

// lineOf finds the line of a key, or of the table it is in; 0 if there is none.
func lineOf(content []byte, key string) int {
	line, longest := 0, 0
	for _, p := range places(content) {
		is := strings.ToLower(p.key) // the decoder is lenient there
		inside := is == key || strings.HasPrefix(key, is+".")
		if inside && len(p.key) >= longest {
			line, longest = p.line, len(p.key)
		}
	}
	return line
}

// keyAt finds the key that is set on a line; empty if there is none.
func keyAt(content []byte, line int) string {
	for _, p := range places(content) {
		if p.line == line {
			return p.key
		}
	}
	return ""
}

var numbers = regexp.MustCompile(`\[\d+\]`)

// plainKey is a key as people write it: the line tells which of an array is meant.
func plainKey(key string) string { return numbers.ReplaceAllString(key, "") }
