package document

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// entry is a key with its value as they stand in a document.
type entry struct {
	key    string // dotted, with the tables it is in
	header string // the table in whose lines it stands; empty: above all tables
	inline string // the key of the inline table it stands in; empty: in none

	start, value, end int // offsets of the key, of its value and behind that
}

// outline is what a document says, in order.
type outline struct {
	entries []entry
	headers []entry // of tables: only key, start, and end, which is behind the bracket
}

// outlined reads a document that has no syntax error.
func outlined(content []byte) (o outline) {
	var p unstable.Parser
	p.Reset(content)
	header := ""
	for p.NextExpression() {
		e := p.Expression()
		key, start, end := span(e)
		if e.Kind == unstable.KeyValue {
			o.add(content, e, entry{key: within(header, key), header: header, start: start})
			continue
		}
		header = key
		if e.Kind == unstable.ArrayTable {
			header = key + "[]" // no key is sought there
		}
		o.headers = append(o.headers, entry{key: header, start: start, end: end + bytes.IndexByte(content[end:], ']') + 1})
	}
	return o
}

// twice gives the first key that is there already but for its case: TOML takes them
// for two, and the decoder for one, of which the last holds.
func (o outline) twice() (entry, bool) {
	type place struct {
		table int // offset of the last header of the arrays of tables it is in
		key   string
	}
	seen := map[place]bool{}
	for _, e := range o.entries {
		at := place{key: strings.ToLower(strings.ReplaceAll(e.key, "[]", ""))}
		for _, h := range o.headers {
			array, ok := strings.CutSuffix(strings.ToLower(h.key), "[]")
			if ok && h.start < e.start && strings.HasPrefix(at.key, array+".") {
				at.table = h.start
			}
		}
		if seen[at] {
			return e, true
		}
		seen[at] = true
	}
	return entry{}, false
}

// add adds a key, and what an inline table has in it.
func (o *outline) add(content []byte, e *unstable.Node, found entry) {
	_, _, end := span(e)
	after := end + bytes.IndexByte(content[end:], '=') + 1
	found.value = after + len(content[after:]) - len(bytes.TrimLeft(content[after:], " \t"))
	found.end = found.value + extent(content[found.value:])
	o.entries = append(o.entries, found)
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		key, start, _ := span(it.Node())
		o.add(content, it.Node(), entry{key: within(found.key, key), header: found.header, inline: found.key, start: start})
	}
}

// span is the dotted key of an expression, with the offsets where it begins and ends.
func span(e *unstable.Node) (key string, start, end int) {
	var parts []string
	for it := e.Key(); it.Next(); {
		raw := it.Node().Raw
		part := string(it.Node().Data)
		if strings.ContainsRune(part, '.') {
			part = strconv.Quote(part) // its dot parts nothing
		}
		if parts = append(parts, part); len(parts) == 1 {
			start = int(raw.Offset)
		}
		end = int(raw.Offset + raw.Length)
	}
	return strings.Join(parts, "."), start, end
}

func within(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

// extent is the length of the value that text begins with.
func extent(text []byte) int {
	depth := 0
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			i += quoted(text[i:])
		case c == '#' && depth > 0:
			i += len(text[i:]) - len(bytes.TrimLeftFunc(text[i:], func(r rune) bool { return r != '\n' }))
			continue
		case c == '[' || c == '{':
			depth++
			i++
		case c == ']' || c == '}':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case depth > 0:
			i++
			continue
		case strings.IndexByte(" \t\r\n,#", c) >= 0:
			return i
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(text)
}

// quoted is the length of the string that text begins with.
func quoted(text []byte) int {
	quote := text[:1]
	if triple := bytes.Repeat(quote, 3); bytes.HasPrefix(text, triple) {
		quote = triple
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case bytes.HasPrefix(text[i:], quote):
			end := i + len(quote)
			for len(quote) == 3 && end < len(text) && text[end] == quote[0] { // quotes at the end of the text itself
				end++
			}
			return end
		}
	}
	return len(text)
}

// Set gives content with key set to value, which is written as it is. Every
// other byte stays: a key that is there keeps its place and its comment, and one
// that is not comes behind its likes. What comes of a document with a fault, or
// of one that has a table where the key should be, is for the caller to read.
func Set(content []byte, key, value string) []byte {
	o := outlined(content)
	for _, e := range o.entries {
		if strings.EqualFold(e.key, key) {
			return splice(content, e.value, e.end, value)
		}
	}
	table, name := "", key
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		table, name = key[:i], key[i+1:]
	}
	if at, text, ok := o.place(content, table, name, value); ok {
		return splice(content, at, at, text)
	}
	if table == "" {
		return o.prepend(content, name+" = "+value)
	}
	head := string(bytes.TrimRight(content, "\n"))
	if head != "" {
		head += "\n\n"
	}
	return []byte(head + "[" + table + "]\n" + name + " = " + value + "\n")
}

// place finds where a new key of a table belongs, and how it is written there:
// behind the last one of that table, or behind its header.
func (o outline) place(content []byte, table, name, value string) (at int, text string, ok bool) {
	line := "\n" + name + " = " + value
	for _, h := range o.headers {
		if h.key == table && table != "" {
			at, text, ok = lineEnd(content, h.end), line, true
		}
	}
	for _, e := range o.entries {
		switch {
		case e.inline != "" && e.inline == table:
			at, text, ok = e.end, ", "+name+" = "+value, true
		case e.inline != "":
		case e.key == table && content[e.value] == '{':
			at, text, ok = e.value+1, " "+name+" = "+value+" ", true
		case e.header == table && (table == "" || strings.HasPrefix(e.key, table+".")):
			at, text, ok = lineEnd(content, e.end), line, true
		case e.header == "" && table != "" && strings.HasPrefix(e.key, table+"."):
			at, text, ok = lineEnd(content, e.end), "\n"+table+"."+name+" = "+value, true
		}
	}
	return at, text, ok
}

// prepend puts a line before the first table, and before what is said of it.
func (o outline) prepend(content []byte, line string) []byte {
	if len(o.headers) == 0 {
		head := string(bytes.TrimRight(content, "\n"))
		if head != "" {
			head += "\n"
		}
		return []byte(head + line + "\n")
	}
	at := lineStart(content, o.headers[0].start)
	for at > 0 {
		before := lineStart(content, at-1)
		if !bytes.HasPrefix(bytes.TrimSpace(content[before:at]), []byte("#")) {
			break
		}
		at = before
	}
	return splice(content, at, at, line+"\n\n")
}

// Unset gives content without key where its line says nothing else, and nothing
// is said of it above; bare tells whether it is so. Otherwise content stays.
func Unset(content []byte, key string) (without []byte, bare bool) {
	for _, e := range outlined(content).entries {
		if !strings.EqualFold(e.key, key) {
			continue
		}
		from, to := lineStart(content, e.start), lineEnd(content, e.end)
		above := bytes.TrimSpace(content[lineStart(content, max(from-1, 0)):from])
		if e.inline != "" || len(bytes.TrimSpace(content[e.end:to])) > 0 || bytes.HasPrefix(above, []byte("#")) {
			return content, false
		}
		return splice(content, from, min(to+1, len(content)), ""), true
	}
	return content, true
}

func splice(content []byte, from, to int, text string) []byte {
	return bytes.Join([][]byte{content[:from], []byte(text), content[to:]}, nil)
}

func lineStart(content []byte, at int) int { return bytes.LastIndexByte(content[:at], '\n') + 1 }

// lineEnd is the offset of the end of a line, before what ends it.
func lineEnd(content []byte, at int) int {
	end := bytes.IndexByte(content[at:], '\n')
	if end < 0 {
		return len(content)
	}
	if end > 0 && content[at+end-1] == '\r' {
		end--
	}
	return at + end
}
