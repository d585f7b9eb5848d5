package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// WithGateway gives the content of a settings file in which the gateway is set
// to g. Every other line stays as it is, comments too; a comment within the
// gateway's own table goes. An error tells that the file has a fault, or sets
// the gateway in a way that is not a table of its own ([gateway]).
func WithGateway(content []byte, g Gateway) ([]byte, error) {
	if _, err := parse("", content); err != nil {
		return nil, err
	}
	table, err := toml.Marshal(map[string]Gateway{"gateway": g})
	if err != nil {
		return nil, fmt.Errorf("write the gateway's settings: %w", err)
	}
	before, after := cutTable(content, "gateway")
	edited := join(before, table, after)
	if s, err := parse("", edited); err != nil || s.Gateway != g {
		return nil, errors.New("the gateway is not set in a table [gateway] of its own")
	}
	return edited, nil
}

// cutTable gives what stands before a table and after its last key: a comment
// below that is likely to speak of what follows.
func cutTable(content []byte, name string) (before, after []byte) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	first, last := len(lines), len(lines)
	for i, line := range lines {
		text := strings.TrimSpace(string(line))
		switch {
		case first == len(lines) && isHeader(text, name):
			first, last = i, i+1
		case first == len(lines):
		case strings.HasPrefix(text, "["):
			return bytes.Join(lines[:first], nil), bytes.Join(lines[last:], nil)
		case text != "" && text[0] != '#':
			last = i + 1
		}
	}
	return bytes.Join(lines[:first], nil), bytes.Join(lines[last:], nil)
}

func isHeader(line, name string) bool {
	header, _, _ := strings.Cut(line, "#")
	header = strings.TrimSpace(header)
	inner, ok := strings.CutPrefix(header, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	return ok && closed && strings.Trim(inner, " \t\"'") == name
}

// join puts parts together with an empty line between them.
func join(parts ...[]byte) []byte {
	var whole [][]byte
	for _, p := range parts {
		if p = bytes.Trim(p, "\n"); len(p) > 0 {
			whole = append(whole, p)
		}
	}
	return append(bytes.Join(whole, []byte("\n\n")), '\n')
}
