package prototype

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// parse reads the nodes of a state. The prototype wrote {"nodes": [node, ...]}; a
// list of nodes alone, an object of them by their IDs, and a Map of JavaScript as
// people write one down, as pairs [id, node], are taken too.
func parse(content []byte) ([]lab.PrototypeNode, error) {
	content = bytes.TrimSpace(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
	if len(content) == 0 {
		return nil, lab.Errorf(lab.KindInvalid, "it is empty")
	}
	if err := json.Unmarshal(content, new(json.RawMessage)); err != nil {
		return nil, err
	}
	entries, err := entriesOf(content, true)
	if err != nil {
		return nil, err
	}
	nodes := make([]lab.PrototypeNode, 0, len(entries))
	for i, e := range entries {
		nodes = append(nodes, e.node(i+1))
	}
	return nodes, nil
}

// entry is one node as it is written down.
type entry struct {
	key   string // its ID beside it; empty: it is in it
	value json.RawMessage
}

var errNoNodes = lab.Errorf(lab.KindInvalid, "it has neither a list of nodes nor an object of them")

// entriesOf takes a list or an object apart. At the top the nodes may be one level
// below: as the prototype has them, and as a Map is often written.
func entriesOf(text json.RawMessage, top bool) ([]entry, error) {
	if !isObject(text) {
		return listed(text)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	if nodes, ok := object["nodes"]; ok && top {
		return entriesOf(nodes, false)
	}
	if string(object["dataType"]) == `"Map"` && top {
		return entriesOf(object["value"], false)
	}
	return byKey(object)
}

func isObject(text json.RawMessage) bool { return bytes.HasPrefix(text, []byte("{")) }

func listed(text json.RawMessage) ([]entry, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || list == nil {
		return nil, errNoNodes
	}
	entries := make([]entry, 0, len(list))
	for _, value := range list {
		entries = append(entries, asPair(value))
	}
	return entries, nil
}

// asPair takes [id, node] apart; what is no such pair stays as it is.
func asPair(value json.RawMessage) entry {
	var pair []json.RawMessage
	var key string
	if json.Unmarshal(value, &pair) == nil && len(pair) == 2 && json.Unmarshal(pair[0], &key) == nil {
		return entry{key, pair[1]}
	}
	return entry{"", value}
}

// byKey gives the values of an object, of which at least one must be an object
// itself, by their keys.
func byKey(object map[string]json.RawMessage) ([]entry, error) {
	entries := make([]entry, 0, len(object))
	some := len(object) == 0
	for _, key := range slices.Sorted(maps.Keys(object)) {
		entries = append(entries, entry{key, object[key]})
		some = some || isObject(object[key])
	}
	if !some {
		return nil, errNoNodes
	}
	return entries, nil
}

// written is a node as the prototype wrote it. What only its own run meant (the
// port of the display, the process, the connection at the gateway) is left out.
type written struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	OSType      string `json:"osType"`
	OverlayPath string `json:"overlayPath"`
	CreatedAt   stamp  `json:"createdAt"`
	StartedAt   stamp  `json:"startedAt"`
	WipedAt     stamp  `json:"wipedAt"`
	Resources   struct {
		RAM  amount `json:"ram"` // MiB
		CPUs amount `json:"cpus"`
	} `json:"resources"`
}

// node understands an entry, the nth of its list.
func (e entry) node(n int) lab.PrototypeNode {
	var w written
	var err error = lab.Errorf(lab.KindInvalid, "it is no object")
	if isObject(e.value) {
		err = json.Unmarshal(e.value, &w)
	}
	node := lab.PrototypeNode{
		ID: strings.TrimSpace(w.ID), Name: w.Name, OSType: w.OSType, Overlay: w.OverlayPath,
		MemoryMiB: int(w.Resources.RAM), VCPUs: int(w.Resources.CPUs),
		CreatedAt: w.CreatedAt.Time, StartedAt: w.StartedAt.Time, WipedAt: w.WipedAt.Time,
	}
	if node.ID == "" {
		node.ID = strings.TrimSpace(e.key)
	}
	switch {
	case err != nil:
		node.Problem = lab.ProblemOf(lab.Errorf(lab.KindInvalid, "node %d of the state can not be understood", n).WithCause(err).WithHint("Mend it in the file, or leave it behind."))
	case node.ID == "":
		node.Problem = lab.ProblemOf(lab.Errorf(lab.KindInvalid, "node %d of the state has no ID", n).WithHint("Mend it in the file, or leave it behind."))
	}
	return node
}

// amount is a whole number, also where it was kept as it came from a form.
type amount int

const mostAmount = 1 << 30

// UnmarshalJSON implements json.Unmarshaler.
func (a *amount) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	number := strings.TrimSpace(strings.Trim(string(text), `"`))
	if number == "" {
		return nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f >= 0 && f <= mostAmount) {
		return fmt.Errorf("%.40s is no amount", text)
	}
	*a = amount(f)
	return nil
}

// stamp is a moment: text as of toISOString, or milliseconds since 1970. One that
// can not be understood is as none: no node is worse for it.
type stamp struct{ *time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (s *stamp) UnmarshalJSON(text []byte) error {
	var at time.Time
	if ms, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		at = time.UnixMilli(ms).UTC()
	} else if json.Unmarshal(text, &at) != nil || string(text) == "null" {
		return nil
	}
	if at = at.UTC(); at.Year() >= 1970 && at.Year() < 9999 {
		s.Time = &at
	}
	return nil
}
