package stack

import (
	"bytes"
	"regexp"
	"strings"
)

// A longer line is left out: cut somewhere, it could show half a password.
const (
	lineLimit = 1 << 16
	lineCount = 20 // lines of the end that are kept
)

// lines passes what is written to it on, one plain line at a time.
type lines struct {
	redact func(string) string
	tell   func(string)

	rest []byte   // of the line that has no end yet
	long bool     // that line is too long
	kept []string // the last ones
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexAny(l.rest, "\r\n")
		if i < 0 {
			break
		}
		l.pass(l.rest[:i])
		l.rest = l.rest[i+1:]
	}
	if len(l.rest) > lineLimit {
		l.rest, l.long = nil, true
	}
	return len(b), nil
}

// end passes a last line that has no end.
func (l *lines) end() {
	l.pass(l.rest)
	l.rest = nil
}

// pass tells a line that says something else than the one before it.
func (l *lines) pass(b []byte) {
	if l.long {
		b, l.long = []byte("(a very long line)"), false
	}
	line := strings.TrimSpace(l.redact(plain(string(b))))
	if line == "" || len(l.kept) > 0 && l.kept[len(l.kept)-1] == line {
		return
	}
	l.kept = append(l.kept, line)
	if len(l.kept) > lineCount {
		l.kept = l.kept[1:]
	}
	if l.tell != nil {
		l.tell(line)
	}
}

// last gives the last lines.
func (l *lines) last() string { return strings.Join(l.kept, "\n") }

var escapes = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])`)

// plain takes colours, and all else that is no text, out of a line or of several.
func plain(text string) string {
	text = escapes.ReplaceAllString(text, "")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}
