package notify

import (
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// cause is why something is told.
type cause string

const (
	poweredOff cause = "powered off" // a node, by its guest
	failed     cause = "failed"      // a node; its Problem says why
	still      cause = "still"       // a node is paused by itself; its Problem says why
	ready      cause = "ready"       // an image
	unmade     cause = "unmade"      // an image that was to be
	broken     cause = "broken"      // an image that is there
	wiped      cause = "wiped"       // a node
	notUndone  cause = "not undone"  // the wipe of a node
	full       cause = "full"        // the disk
)

// item is one thing to be told.
type item struct {
	kind    lab.Notice
	cause   cause
	id      string       // UUID of the node, name of the image
	wipe    time.Time    // of a wipe, when it was
	problem *lab.Problem // why it could not be undone
	added   time.Time
	shown   bool
}

// sameWipes is how long after a wipe another one belongs to it: the button that
// undoes all of them must not undo one of this morning.
const sameWipes = time.Minute

// board holds what is worth telling. Everything is compared with what was known
// before: a state is no news, that it changed is.
type board struct {
	on     map[lab.Notice]bool // the kinds that a person wants to be told
	look   Look
	known  bool // there was a snapshot
	nodes  map[string]lab.Node
	images map[string]lab.Image
	room   *lab.Room
	items  []item // oldest first
}

func newBoard() *board {
	return &board{on: make(map[lab.Notice]bool), nodes: make(map[string]lab.Node), images: make(map[string]lab.Image)}
}

// take takes an event.
func (b *board) take(e lab.Event, now time.Time) {
	if e.Desktop != nil {
		b.choose(e.Desktop.Notices)
	}
	switch e.Kind {
	case lab.EventSnapshot:
		b.takeAll(e, now)
	case lab.EventNode:
		b.takeNode(*e.Node, now)
	case lab.EventNodeRemoved:
		b.loseNode(e.ID)
	case lab.EventImage:
		b.takeImage(*e.Image, now)
	case lab.EventImageRemoved:
		b.loseImage(e.ID)
	case lab.EventRoom:
		b.takeRoom(*e.Room, now)
	case lab.EventHistory, lab.EventLink, lab.EventGateway, lab.EventDesktop, lab.EventSettings:
	}
}

// takeAll takes a snapshot; the first one is no news at all.
func (b *board) takeAll(e lab.Event, now time.Time) {
	nodes, images := make(map[string]bool), make(map[string]bool)
	for _, n := range e.Nodes {
		nodes[n.ID] = true
		b.takeNode(n, now)
	}
	for _, i := range e.Images {
		images[i.Name] = true
		b.takeImage(i, now)
	}
	for id := range b.nodes {
		if !nodes[id] {
			b.loseNode(id)
		}
	}
	for name := range b.images {
		if !images[name] {
			b.loseImage(name)
		}
	}
	if e.Room != nil {
		b.takeRoom(*e.Room, now)
	}
	b.known = true
}

func (b *board) choose(kinds []lab.Notice) {
	clear(b.on)
	for _, kind := range kinds {
		b.on[kind] = true
	}
	b.drop(func(i item) bool { return !b.on[i.kind] })
}

func (b *board) takeNode(n lab.Node, now time.Time) {
	before, known := b.nodes[n.ID]
	b.nodes[n.ID] = n
	b.drop(func(i item) bool { return i.ofNode(n.ID) && i.mootOf(n) })
	if !known {
		return
	}
	if n.PoweredOff && !before.PoweredOff {
		b.add(item{kind: lab.NoticeStopped, cause: poweredOff, id: n.ID}, now)
	}
	if n.Problem != nil && before.Problem == nil && n.State != lab.Missing {
		why := failed
		if n.State == lab.Paused {
			why = still
		}
		b.add(item{kind: lab.NoticeStopped, cause: why, id: n.ID}, now)
	}
	if n.Undo != nil && (before.Undo == nil || n.Undo.At.After(before.Undo.At)) {
		b.add(item{kind: lab.NoticeWipes, cause: wiped, id: n.ID, wipe: n.Undo.At}, now)
	}
}

func (i item) ofNode(id string) bool {
	return i.id == id && (i.kind == lab.NoticeStopped || i.kind == lab.NoticeWipes)
}

// mootOf reports whether what is told of a node is so no longer.
func (i item) mootOf(n lab.Node) bool {
	switch i.cause {
	case poweredOff:
		return !n.PoweredOff
	case failed, still:
		return n.Problem == nil
	case notUndone:
		return n.State.Changing() || !i.canUndo(n)
	default:
		return !i.canUndo(n)
	}
}

// canUndo reports whether the wipe is the one that UndoWipe would undo.
func (i item) canUndo(n lab.Node) bool { return n.Undo != nil && n.Undo.At.Equal(i.wipe) }

func (b *board) loseNode(id string) {
	delete(b.nodes, id)
	b.drop(func(i item) bool { return i.ofNode(id) })
}

func (b *board) takeImage(v lab.Image, now time.Time) {
	before, known := b.images[v.Name]
	b.images[v.Name] = v
	b.drop(func(i item) bool {
		sound := v.State == lab.ImageReady && v.Problem == nil
		return i.kind == lab.NoticeImages && i.id == v.Name && (i.cause == ready && !sound || i.cause != ready && v.Problem == nil)
	})
	switch {
	case !known:
	case before.State == lab.ImageAdding && v.State == lab.ImageReady:
		b.add(item{kind: lab.NoticeImages, cause: ready, id: v.Name}, now)
	case before.Problem == nil && v.Problem != nil && v.State == lab.ImageAdding:
		b.add(item{kind: lab.NoticeImages, cause: unmade, id: v.Name}, now)
	case before.Problem == nil && v.Problem != nil:
		b.add(item{kind: lab.NoticeImages, cause: broken, id: v.Name}, now)
	}
}

func (b *board) loseImage(name string) {
	delete(b.images, name)
	b.drop(func(i item) bool { return i.kind == lab.NoticeImages && i.id == name })
}

// severity orders what can be said of the room.
var severity = map[lab.CheckStatus]int{lab.CheckOK: 0, lab.CheckWarning: 1, lab.CheckFailed: 2}

func (b *board) takeRoom(r lab.Room, now time.Time) {
	before := b.room
	b.room = &r
	if r.Status == lab.CheckOK {
		b.drop(func(i item) bool { return i.kind == lab.NoticeDisk })
	}
	if b.known && severity[r.Status] > 0 && (before == nil || severity[r.Status] > severity[before.Status]) {
		b.add(item{kind: lab.NoticeDisk, cause: full}, now)
	}
}

// add adds what happened, unless the person does not want to be told, or looks.
func (b *board) add(i item, now time.Time) {
	if !b.on[i.kind] || b.look.Focused && i.cause != notUndone {
		return
	}
	i.added = now
	past := i.kind == lab.NoticeWipes && now.Sub(b.lastWipe()) > sameWipes
	b.drop(func(old item) bool { return old.kind == i.kind && (old.id == i.id || past && old.cause == wiped) })
	b.items = append(b.items, i)
}

// lastWipe is when the last one was that is told.
func (b *board) lastWipe() (last time.Time) {
	for _, i := range b.items {
		if i.cause == wiped {
			last = i.added
		}
	}
	return last
}

func (b *board) drop(moot func(item) bool) { b.items = slices.DeleteFunc(b.items, moot) }

// see takes what the person looks at: what is in front of them needs no notice,
// nor does what has not been shown yet.
func (b *board) see(l Look) {
	b.look = l
	if l.Focused {
		b.drop(func(i item) bool { return !i.shown && i.cause != notUndone || l.covers(i) })
	}
}

func (l Look) covers(i item) bool {
	switch i.kind {
	case lab.NoticeStopped, lab.NoticeWipes:
		return l.Screen == "nodes" || l.Screen == "console" && l.Thing == i.id
	case lab.NoticeImages:
		return l.Screen == "images"
	default:
		return l.Screen == "health"
	}
}

// closed takes that the notice of a kind is seen: what was in it is told.
func (b *board) closed(kind lab.Notice) {
	b.drop(func(i item) bool { return i.kind == kind && i.shown })
}

// wipes takes the nodes whose wipes the notice can undo.
func (b *board) wipes() (ids []string) {
	for _, i := range b.items {
		if i.cause == wiped && i.shown {
			ids = append(ids, i.id)
		}
	}
	return ids
}

// notUndone takes what could not be undone of what the person wanted to be.
func (b *board) notUndone(errs map[string]error, now time.Time) {
	for id, err := range errs {
		if n, ok := b.nodes[id]; ok && n.Undo != nil {
			b.add(item{kind: lab.NoticeWipes, cause: notUndone, id: id, wipe: n.Undo.At, problem: lab.ProblemOf(err)}, now)
		}
	}
}

// due gives what is to be told of a kind now. A wipe is told when the node is what
// it was before, running or not.
func (b *board) due(kind lab.Notice) (due []item) {
	for _, i := range b.items {
		if i.kind == kind && (i.cause != wiped || !b.nodes[i.id].State.Changing()) {
			due = append(due, i)
		}
	}
	return due
}

// told notes that these are shown.
func (b *board) told(items []item) {
	for n, i := range b.items {
		if slices.Contains(items, i) {
			b.items[n].shown = true
		}
	}
}
