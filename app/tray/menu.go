package tray

import (
	"fmt"
	"slices"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

// Verb is what an item of the menu does when it is chosen.
type Verb string

// The verbs.
const (
	Start     Verb = "start"
	Stop      Verb = "stop"
	Console   Verb = "console"    // open it in the window
	Wipe      Verb = "wipe"       //
	Undo      Verb = "undo"       // the last wipe
	StopAll   Verb = "stop-all"   // of Nodes
	StartLast Verb = "start-last" // start all of Nodes
	Show      Verb = "show"       // the window
	Quit      Verb = "quit"       // the program; the nodes go on
)

// Action is what was chosen.
type Action struct {
	Verb  Verb
	Nodes []string // IDs; one for the verbs of a node, none for those of the window
	// Token lets the window come to the front, where the tray gave one
	// (xdg-activation: https://wayland.app/protocols/xdg-activation-v1).
	Token string
}

// Item is an item of the menu.
type Item struct {
	Key   string // tells it from all others, whatever becomes of the menu
	Label string // empty: a line that separates
	Off   bool   // it can not be chosen
	Does  Action // nothing, if it has Items
	Items []Item // of its submenu
}

// State is what the menu is made of.
type State struct {
	Nodes []lab.Node // by name
	Away  bool       // libvirt does not answer
	Last  []string   // IDs of the nodes that ran last
	// Troubles says of a node, by its ID, why what was last chosen of it here was not done.
	Troubles map[string]string
}

// Beyond these, nodes are put into groups, and groups are parted.
const (
	maxFlat  = 10
	maxGroup = 20
)

// Menu is the menu of a state.
func Menu(s State) []Item {
	menu := []Item{{Key: "head", Label: s.headline(), Off: true}, {Key: "line-1"}}
	menu = append(menu, s.nodeItems()...)
	if len(s.Nodes) > 0 {
		menu = append(menu, Item{Key: "line-2"})
	}
	return append(menu,
		s.many(StopAll, words.Text("Stop all"), s.stoppable()),
		s.many(StartLast, words.Text("Start last set"), s.startable()),
		Item{Key: "line-3"},
		Item{Key: string(Show), Label: words.Text("Show window"), Does: Action{Verb: Show}},
		Item{Key: string(Quit), Label: s.farewell(), Does: Action{Verb: Quit}},
	)
}

// many is an item that does something with many nodes.
func (s State) many(verb Verb, label string, nodes []string) Item {
	if len(nodes) > 0 {
		label = fmt.Sprintf("%s (%d)", label, len(nodes))
	}
	return Item{Key: string(verb), Label: label, Off: s.Away || len(nodes) == 0, Does: Action{Verb: verb, Nodes: nodes}}
}

func (s State) farewell() string {
	if s.count(lab.State.Active) > 0 {
		return words.Text("Quit (nodes keep running)")
	}
	return words.Text("Quit")
}

// nameOf is a state in the person's language.
func nameOf(state lab.State) string {
	switch state {
	case lab.Stopped:
		return words.Text("stopped")
	case lab.Starting:
		return words.Text("starting")
	case lab.Running:
		return words.Text("running")
	case lab.Paused:
		return words.Text("paused")
	case lab.Stopping:
		return words.Text("stopping")
	case lab.Failed:
		return words.Text("failed")
	case lab.Missing:
		return words.Text("missing")
	}
	return string(state)
}

// nodeItems are the items of the nodes, the running first.
func (s State) nodeItems() []Item {
	active, idle := s.filter(lab.State.Active), s.filter(isIdle)
	failed := s.filter(isLost)
	if len(s.Nodes) <= maxFlat {
		return s.items(slices.Concat(active, failed, idle))
	}
	var items []Item
	if len(active) <= maxFlat {
		items = s.items(active)
	} else {
		items = s.group("active", words.Text("Running"), active)
	}
	return slices.Concat(items, s.group("failed", words.Text("Failed"), failed), s.group("idle", words.Text("Stopped"), idle))
}

func isLost(state lab.State) bool { return state == lab.Failed || state == lab.Missing }
func isIdle(state lab.State) bool { return !state.Active() && !isLost(state) }

func (s State) filter(is func(lab.State) bool) []lab.Node {
	return slices.DeleteFunc(slices.Clone(s.Nodes), func(n lab.Node) bool { return !is(n.State) })
}

func (s State) count(is func(lab.State) bool) int { return len(s.filter(is)) }

// group is a submenu of nodes, itself in parts where they are too many to look through.
func (s State) group(key, label string, nodes []lab.Node) []Item {
	if len(nodes) == 0 {
		return nil
	}
	all := Item{Key: key, Label: fmt.Sprintf("%s (%d)", label, len(nodes))}
	if len(nodes) <= maxGroup {
		all.Items = s.items(nodes)
		return []Item{all}
	}
	for i, part := range slices.Collect(slices.Chunk(nodes, maxGroup)) {
		all.Items = append(all.Items, Item{
			Key:   fmt.Sprintf("%s-%d", key, i),
			Label: words.Text("%s to %s", part[0].Name, part[len(part)-1].Name),
			Items: s.items(part),
		})
	}
	return []Item{all}
}

func (s State) items(nodes []lab.Node) []Item {
	items := make([]Item, len(nodes))
	for i, n := range nodes {
		items[i] = s.item(n)
	}
	return items
}

// item is a node's submenu.
func (s State) item(n lab.Node) Item {
	var items []Item
	if trouble := s.trouble(n); trouble != "" {
		items = append(items, Item{Key: n.ID + "/trouble", Label: trouble, Off: true}, Item{Key: n.ID + "/line"})
	}
	running := n.State == lab.Running || n.State == lab.Paused
	items = append(items,
		s.verb(n, Start, words.Text("Start"), startable(n)),
		s.verb(n, Stop, words.Text("Stop"), running),
		s.verb(n, Console, words.Text("Open console"), running),
		s.verb(n, Wipe, words.Text("Wipe"), !n.State.Changing() && n.State != lab.Missing),
	)
	if n.Undo != nil {
		items = append(items, s.verb(n, Undo, words.Text("Undo wipe"), !n.State.Changing() && n.State != lab.Missing))
	}
	return Item{Key: n.ID, Label: fmt.Sprintf("%s: %s", n.Name, nameOf(n.State)), Items: items}
}

// maxTrouble is how much is said of a trouble, in characters: a menu is as wide as its widest line.
const maxTrouble = 70

// trouble is what there is to say of a node beyond its state; the window tells all of it.
func (s State) trouble(n lab.Node) string {
	trouble := s.Troubles[n.ID]
	if trouble == "" && n.Problem != nil {
		trouble = words.Told(n.Problem.Message)
	}
	if letters := []rune(trouble); len(letters) > maxTrouble {
		return string(letters[:maxTrouble-1]) + "…"
	}
	return trouble
}

func (s State) verb(n lab.Node, verb Verb, label string, can bool) Item {
	return Item{Key: n.ID + "/" + string(verb), Label: label, Off: s.Away || !can, Does: Action{Verb: verb, Nodes: []string{n.ID}}}
}

func startable(n lab.Node) bool { return n.State == lab.Stopped || n.State == lab.Failed }

// startable are those of the last set that can be started.
func (s State) startable() []string {
	return ids(s.Nodes, func(n lab.Node) bool { return startable(n) && slices.Contains(s.Last, n.ID) })
}

func (s State) stoppable() []string {
	return ids(s.Nodes, func(n lab.Node) bool { return n.State == lab.Running || n.State == lab.Paused })
}

func ids(nodes []lab.Node, are func(lab.Node) bool) []string {
	var found []string
	for _, n := range nodes {
		if are(n) {
			found = append(found, n.ID)
		}
	}
	return found
}
