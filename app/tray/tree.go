package tray

import (
	"slices"
	"strings"
)

// tree is the menu as hosts know it: every item has a number that stays its own,
// so that what changes can be told by the numbers of what changed.
type tree struct {
	numbers  map[string]int32 // by key
	last     int32            // number given
	revision uint32
	entries  map[int32]entry // by number; 0 is the root
}

// entry is an item in the tree.
type entry struct {
	Item
	children []int32
}

// delta is what is to be told of a change.
type delta struct {
	changed []int32 // items that look otherwise
	moved   []int32 // items whose children are others, or in another order
}

func newTree() *tree {
	return &tree{numbers: make(map[string]int32), revision: 1, entries: map[int32]entry{0: {}}}
}

// set makes the tree that of a menu.
func (t *tree) set(menu []Item) delta {
	before := t.entries
	t.entries = make(map[int32]entry, len(before))
	t.add(0, Item{Items: menu})
	d := delta{}
	for n, now := range t.entries {
		was, known := before[n]
		if !known {
			continue // its parent's children are told
		}
		if was.Label != now.Label || was.Off != now.Off || (len(was.children) > 0) != (len(now.children) > 0) {
			d.changed = append(d.changed, n)
		}
		if !slices.Equal(was.children, now.children) {
			d.moved = append(d.moved, n)
		}
	}
	slices.Sort(d.changed)
	slices.Sort(d.moved)
	if len(d.moved) > 0 {
		t.revision++
	}
	t.forget()
	return d
}

func (t *tree) add(n int32, item Item) {
	e := entry{Item: item}
	for _, child := range item.Items {
		number := t.number(child.Key)
		e.children = append(e.children, number)
		t.add(number, child)
	}
	e.Items = nil
	t.entries[n] = e
}

func (t *tree) number(key string) int32 {
	n, ok := t.numbers[key]
	if !ok {
		t.last++
		n = t.last
		t.numbers[key] = n
	}
	return n
}

// forget drops the numbers of what is gone, which are never given again.
func (t *tree) forget() {
	for key, n := range t.numbers {
		if _, ok := t.entries[n]; !ok {
			delete(t.numbers, key)
		}
	}
}

// caption is a label as the protocol has it, where a _ marks a letter.
func caption(label string) string { return strings.ReplaceAll(label, "_", "__") }
