package api

import (
	"cmp"
	"container/list"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sandboxlabs/backend/lab"
)

// board is what listeners read: the newest event of each thing, in the order in
// which the things changed last. A listener is but a number, that of the last
// event it was given; what it missed is whatever changed since. So a slow one
// loses states between, never the last one, and costs nothing; and one that comes
// back is no other than a slow one, unless what it missed is not known any more.
type board struct {
	epoch string // of this process, within the ids of events

	mu     sync.Mutex
	number uint64                   // of the newest event
	floor  uint64                   // who missed one up to here may have missed what is forgotten
	things map[string]*list.Element // of *posting, by key
	order  *list.List               // by number
	past   int                      // how many of them are of the past: removals, histories
	whole  []byte                   // the snapshot, as long as it is of the newest event
	news   chan struct{}            // closed at the next change
}

// posting is the newest event of one thing.
type posting struct {
	key    string
	number uint64
	event  lab.Event
	data   []byte // the event as JSON
}

// maxPast bounds what is remembered of what is there no more.
const maxPast = 1024

func newBoard() *board {
	return &board{epoch: rand.Text()[:10], things: make(map[string]*list.Element), order: list.New(), news: make(chan struct{})}
}

// follow posts events until there are no more. The first is a snapshot.
func (b *board) follow(events <-chan lab.Event) {
	for e := range events {
		b.take(e)
	}
}

func (b *board) take(e lab.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Kind == lab.EventSnapshot {
		b.replace(e)
	} else {
		b.post(e)
	}
	close(b.news)
	b.news = make(chan struct{})
}

// replace makes the board that of a snapshot: what differs is posted. b.mu must be held.
func (b *board) replace(whole lab.Event) {
	there := make(map[string]bool)
	for _, e := range parts(whole) {
		there[keyOf(e)] = true
		if at := b.things[keyOf(e)]; at == nil || !reflect.DeepEqual(at.Value.(*posting).event, e) {
			b.post(e)
		}
	}
	var gone []lab.Event
	for key, at := range b.things {
		switch e := at.Value.(*posting).event; {
		case there[key]:
		case e.Kind == lab.EventNode:
			gone = append(gone, lab.Event{Kind: lab.EventNodeRemoved, ID: e.Node.ID})
		case e.Kind == lab.EventImage:
			gone = append(gone, lab.Event{Kind: lab.EventImageRemoved, ID: e.Image.Name})
		}
	}
	for _, e := range gone {
		b.post(e)
	}
	if b.number == 0 {
		b.number = 1 // an empty snapshot is one
	}
}

// parts takes a snapshot apart.
func parts(whole lab.Event) (events []lab.Event) {
	for i := range whole.Nodes {
		events = append(events, lab.Event{Kind: lab.EventNode, Node: &whole.Nodes[i]})
	}
	for i := range whole.Images {
		events = append(events, lab.Event{Kind: lab.EventImage, Image: &whole.Images[i]})
	}
	if whole.Link != nil {
		events = append(events, lab.Event{Kind: lab.EventLink, Link: whole.Link})
	}
	if whole.Gateway != nil {
		events = append(events, lab.Event{Kind: lab.EventGateway, Gateway: whole.Gateway})
	}
	if whole.Desktop != nil {
		events = append(events, lab.Event{Kind: lab.EventDesktop, Desktop: whole.Desktop})
	}
	if whole.Room != nil {
		events = append(events, lab.Event{Kind: lab.EventRoom, Room: whole.Room})
	}
	if whole.Migration != nil {
		events = append(events, lab.Event{Kind: lab.EventMigration, Migration: whole.Migration})
	}
	return events
}

// keyOf names the thing that an event tells of.
func keyOf(e lab.Event) string {
	switch e.Kind {
	case lab.EventNode:
		return "node " + e.Node.ID
	case lab.EventNodeRemoved:
		return "node " + e.ID
	case lab.EventImage:
		return "image " + e.Image.Name
	case lab.EventImageRemoved:
		return "image " + e.ID
	}
	return string(e.Kind) + " " + e.ID
}

// past reports whether an event tells of nothing that is there: a snapshot lacks it.
func past(e lab.Event) bool {
	return e.Kind == lab.EventNodeRemoved || e.Kind == lab.EventImageRemoved || e.Kind == lab.EventHistory
}

// post puts an event on the board. b.mu must be held.
func (b *board) post(e lab.Event) {
	data, err := json.Marshal(e)
	if err != nil {
		slog.Error("encode event", "error", err)
		return
	}
	key := keyOf(e)
	if at := b.things[key]; at != nil {
		b.drop(at)
	}
	b.number++
	b.things[key] = b.order.PushBack(&posting{key: key, number: b.number, event: e, data: data})
	b.whole = nil
	if past(e) {
		b.past++
	}
	for at := b.order.Front(); b.past > maxPast; {
		next := at.Next()
		if p := at.Value.(*posting); past(p.event) {
			b.floor = p.number
			b.drop(at)
		}
		at = next
	}
}

// drop takes a posting off the board. b.mu must be held.
func (b *board) drop(at *list.Element) {
	p := at.Value.(*posting)
	b.order.Remove(at)
	delete(b.things, p.key)
	if past(p.event) {
		b.past--
	}
}

// missed gives the first event after a number, and its own; nil: there is none
// yet, and news is closed when there is.
func (b *board) missed(after uint64) (data []byte, number uint64, news <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var first *posting
	for at := b.order.Back(); at != nil; at = at.Prev() {
		p := at.Value.(*posting)
		if p.number <= after {
			break
		}
		first = p
	}
	if first == nil {
		return nil, after, b.news
	}
	return first.data, first.number, b.news
}

// snapshot gives everything as one event, and the number of the newest in it; nil:
// nothing is known yet, and news is closed when it is.
func (b *board) snapshot() (data []byte, number uint64, news <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.number == 0 {
		return nil, 0, b.news
	}
	if b.whole == nil {
		data, err := json.Marshal(b.assemble())
		if err != nil {
			slog.Error("encode snapshot", "error", err)
		}
		b.whole = data
	}
	return b.whole, b.number, b.news
}

// assemble is the inverse of parts. b.mu must be held.
func (b *board) assemble() lab.Event {
	whole := lab.Event{Kind: lab.EventSnapshot}
	for at := b.order.Front(); at != nil; at = at.Next() {
		switch e := at.Value.(*posting).event; e.Kind {
		case lab.EventNode:
			whole.Nodes = append(whole.Nodes, *e.Node)
		case lab.EventImage:
			whole.Images = append(whole.Images, *e.Image)
		case lab.EventLink:
			whole.Link = e.Link
		case lab.EventGateway:
			whole.Gateway = e.Gateway
		case lab.EventDesktop:
			whole.Desktop = e.Desktop
		case lab.EventRoom:
			whole.Room = e.Room
		case lab.EventMigration:
			whole.Migration = e.Migration
		}
	}
	slices.SortFunc(whole.Nodes, func(a, b lab.Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(whole.Images, func(a, b lab.Image) int { return cmp.Compare(a.Name, b.Name) })
	return whole
}

// id is what an event is told to be, for Last-Event-ID.
func (b *board) id(number uint64) string { return fmt.Sprintf("%s.%d", b.epoch, number) }

// resume gives the number after which a reader is to go on that was told id last;
// ok is false where that can not be known: a snapshot is to begin it.
func (b *board) resume(id string) (after uint64, ok bool) {
	epoch, number, err := parseEventID(id)
	b.mu.Lock()
	defer b.mu.Unlock()
	return number, err == nil && epoch == b.epoch && number >= b.floor && number <= b.number
}

// parseEventID is the inverse of id.
func parseEventID(id string) (epoch string, number uint64, err error) {
	epoch, text, ok := strings.Cut(id, ".")
	number, err = strconv.ParseUint(text, 10, 64)
	if !ok || epoch == "" || err != nil || strconv.FormatUint(number, 10) != text {
		return "", 0, lab.Errorf(lab.KindInvalid, "%.80q is not the id of an event", id)
	}
	return epoch, number, nil
}
