package tray

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/backend/lab"
)

var update = flag.Bool("update", false, "write the golden files")

// node is a node of some state, named by its number.
func node(number int, state lab.State) lab.Node {
	return lab.Node{NodeSpec: lab.NodeSpec{ID: fmt.Sprintf("id-%03d", number), Name: fmt.Sprintf("node_%03d", number), MemoryMiB: 512}, State: state}
}

func nodes(from, to int, state lab.State) []lab.Node {
	var made []lab.Node
	for n := from; n <= to; n++ {
		made = append(made, node(n, state))
	}
	return made
}

func TestMenu(t *testing.T) {
	wiped := node(3, lab.Stopped)
	wiped.Undo = &lab.Undo{Generation: 1}
	failed := node(4, lab.Failed)
	failed.Problem = &lab.Problem{Message: "The disk of node_004 is gone from the pool, in which it was when the node was made."}
	few := []lab.Node{node(1, lab.Stopped), node(2, lab.Running), wiped, failed, node(5, lab.Missing), node(6, lab.Starting)}
	for name, state := range map[string]State{
		"none": {},
		"away": {Nodes: nodes(1, 1, lab.Running), Away: true},
		"few":  {Nodes: few, Last: []string{"id-001", "id-002", "id-009"}, Troubles: map[string]string{"id-001": "There is no memory left."}},
		"some": {Nodes: append(nodes(1, 12, lab.Running), node(13, lab.Stopped))},
		"many": {Nodes: append(append(nodes(1, 2, lab.Running), node(3, lab.Failed)), nodes(4, 50, lab.Stopped)...)},
	} {
		golden(t, name, drawn(Menu(state), ""))
	}
}

// golden compares a text with the file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is\n%s\nwant\n%s", name, got, want)
	}
}

// drawn is a menu as text: what can not be chosen in parentheses.
func drawn(items []Item, indent string) string {
	var b strings.Builder
	for _, i := range items {
		label := i.Label
		switch {
		case label == "":
			label = "---"
		case i.Off:
			label = "(" + label + ")"
		}
		fmt.Fprintf(&b, "%s%s\n%s", indent, label, drawn(i.Items, indent+"  "))
	}
	return b.String()
}

func TestFace(t *testing.T) {
	running, failed := nodes(1, 3, lab.Running), nodes(4, 10, lab.Failed)
	all := append(running, failed...)
	if got, want := FaceOf(State{Nodes: failed}, func(string) bool { return true }).Title, "SandBoxLabs: 0 of 7 running"; got != want {
		t.Errorf("with none running, the title is %q, want %q", got, want)
	}
	seen := map[string]bool{}
	look := func(id string) bool { return seen[id] }
	got := FaceOf(State{Nodes: all}, look)
	want := Face{
		Title:     "SandBoxLabs: 3 of 10 running, 1.5 GiB",
		Tip:       "3 of 10 running, 1.5 GiB\nFailed: node_004, node_005, node_006, node_007, node_008 and 2 more",
		Attention: true,
	}
	if got != want {
		t.Errorf("the face is %+v, want %+v", got, want)
	}
	for _, n := range failed {
		seen[n.ID] = true
	}
	if got := FaceOf(State{Nodes: all}, look); got.Attention {
		t.Error("attention is asked for what was looked at")
	}
}

func TestDeltas(t *testing.T) {
	tree := newTree()
	show := func(nodes ...lab.Node) string {
		d := tree.set(Menu(State{Nodes: nodes}))
		return fmt.Sprint(len(d.changed), " ", len(d.moved), " ", tree.revision)
	}
	one, two := node(1, lab.Stopped), node(2, lab.Stopped)
	steps := []struct{ what, got, want string }{
		{"the first menu is all new, and its root has items now", show(one, two), "1 1 2"},
		{"the same again is none", show(one, two), "0 0 2"},
	}
	number := tree.numbers[one.ID]
	one.State = lab.Starting
	steps = append(steps, struct{ what, got, want string }{
		"a state changes labels and what can be chosen, in place", show(one, two), "5 0 2",
	})
	two.State = lab.Running
	two.Undo = &lab.Undo{}
	steps = append(steps, struct{ what, got, want string }{
		"an item more is another layout", show(one, two), "6 1 3",
	})
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s: %s, want %s", s.what, s.got, s.want)
		}
	}
	if got := tree.numbers[one.ID]; got != number {
		t.Errorf("the node's number became %d, want %d", got, number)
	}
	show(two)
	show(one, two)
	if got := tree.numbers[one.ID]; got == number {
		t.Error("a number was given again")
	}
}

// TestAnswersComeInOrder has a host ask, as libdbusmenu does, for all nodes' items and then for
// those of each submenu, without waiting for an answer.
func TestAnswersComeInOrder(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(true, nodes(1, 100, lab.Stopped)...)
	p := b.panel(w.awaitItem())
	all := slices.Sorted(maps.Values(p.rows()))
	heard := make(chan *dbus.Message, 1024)
	p.conn.Eavesdrop(heard)
	const rounds = 50 // a bus lets 128 calls wait for answers
	for range rounds {
		for _, ids := range [][]int32{all, all[:1]} { // much to answer, then little
			p.conn.Object(p.item, menuPath).Go(menuIface+".GetGroupProperties", 0, make(chan *dbus.Call, 1), ids, []string{})
		}
	}
	for n := 0; n < 2*rounds; {
		m := await(t, "an answer", heard)
		if m.Type != dbus.TypeMethodReply {
			continue // a signal
		}
		items, _ := m.Body[0].([][]any)
		if want := []int{len(all), 1}[n%2]; len(items) != want {
			t.Fatalf("answer %d has %d items, want %d", n, len(items), want)
		}
		n++
	}
}

// TestCallsThatAreNone are answered with what is wrong.
func TestCallsThatAreNone(t *testing.T) {
	b := mustBus(t)
	w, s := b.watcher(true), b.tray()
	s.snapshot(true)
	menu := b.connect().Object(w.awaitItem(), menuPath)
	for name, call := range map[string]*dbus.Call{
		"org.freedesktop.DBus.Error.UnknownMethod": menu.Call(menuIface+".Dance", 0),
		"org.freedesktop.DBus.Error.InvalidArgs":   menu.Call(menuIface+".AboutToShow", 0, "0"),
		"com.canonical.dbusmenu.Error":             menu.Call(menuIface+".GetLayout", 0, int32(7777), int32(-1), []string{}),
	} {
		var failed dbus.Error
		if !errors.As(call.Err, &failed) || failed.Name != name {
			t.Errorf("got %v, want %s", call.Err, name)
		}
	}
}
