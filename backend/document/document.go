// Package document reads the TOML files that people write, strictly, and says
// of a fault in which file, on which line and at which key it is.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Error is a fault in a file.
type Error struct {
	File string
	Line int    // from 1; 0: not known
	Key  string // dotted, empty if the line has none
	Text string // the fault
}

func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s, line %d", e.File, e.Line)
	}
	if e.Key != "" {
		where += ", " + e.Key
	}
	return where + ": " + e.Text
}

// Decode reads content, the content of file, into a value whose toml tags are
// all the keys there may be. A fault is an *Error where the decoder knows its
// place; unknown says of an unknown key what it is not, as in "there is no such
// setting".
func Decode(file string, content []byte, into any, unknown string) error {
	err := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields().Decode(into)
	if err == nil {
		if e, ok := outlined(content).twice(); ok {
			return &Error{file, 1 + bytes.Count(content[:e.start], []byte("\n")), strings.ReplaceAll(e.key, "[]", ""), "it is there already, spelled in another way"}
		}
		return nil
	}
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		e := &missing.Errors[0]
		line, _ := e.Position()
		return &Error{file, line, strings.Join(e.Key(), "."), unknown}
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, _ := bad.Position()
		return &Error{file, line, plainKey(keyAt(content, line)), plain(bad)}
	}
	return fmt.Errorf("can not read %s: %w", file, err)
}

// At is the *Error of a key whose value can not be. The tables of an array are
// numbered from 0, as in image[2].title; of a missing key the line is its table's.
func At(file string, content []byte, key, text string) error {
	return &Error{file, lineOf(content, key), plainKey(key), text}
}

var typePattern = regexp.MustCompile(`cannot decode TOML (.+) into .* of type (\S+)$`)

// plain rids the decoder's error of the names of our Go types.
func plain(e *toml.DecodeError) string {
	if m := typePattern.FindStringSubmatch(e.Error()); m != nil {
		return fmt.Sprintf("a value of type %s can not be a value of type %s", m[1], m[2])
	}
	return strings.TrimPrefix(e.Error(), "toml: ")
}
