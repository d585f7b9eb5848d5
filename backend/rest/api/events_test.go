package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

// told is one event of a stream.
type told struct {
	id    string
	event lab.Event
}

// listener reads a stream.
type listener struct {
	testing.TB
	body  *bufio.Reader
	close func()
}

// listen opens the stream, with the id of the last event that was seen, or none.
func (s *site) listen(last string) *listener {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+Prefix+"/events", nil)
	must(s.TB, err)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	a, err := http.DefaultClient.Do(r)
	must(s.TB, err)
	if got, want := a.Header.Get("Content-Type"), "text/event-stream"; got != want || a.StatusCode != http.StatusOK {
		s.Fatalf("got %d %s, want %s", a.StatusCode, got, want)
	}
	l := &listener{TB: s.TB, body: bufio.NewReader(a.Body), close: func() {
		cancel()
		_ = a.Body.Close()
	}}
	s.Cleanup(l.close)
	return l
}

// next gives the next event.
func (l *listener) next() (e told) {
	l.Helper()
	for {
		line, err := l.body.ReadString('\n')
		must(l.TB, err)
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case name == "id":
			e.id = value
		case name == "data":
			must(l.TB, json.Unmarshal([]byte(value), &e.event))
		case line == "\n" && e.id != "":
			return e
		}
	}
}

// until reads on to the event that is right.
func (l *listener) until(right func(lab.Event) bool) told {
	l.Helper()
	for {
		if e := l.next(); right(e.event) {
			return e
		}
	}
}

func isNode(id string, state lab.State) func(lab.Event) bool {
	return func(e lab.Event) bool { return e.Kind == lab.EventNode && e.Node.ID == id && e.Node.State == state }
}

func TestStreamBeginsWithASnapshot(t *testing.T) {
	s := mustSite(t)
	web := s.made("web")
	l := s.listen("")
	first := l.next()
	if first.event.Kind != lab.EventSnapshot || first.event.Link == nil || len(first.event.Images) != 1 {
		t.Fatalf("got %+v, want a snapshot", first.event)
	}
	if len(first.event.Nodes) == 0 { // the board hears of it a moment later
		l.until(isNode(web.ID, lab.Stopped))
	}
	s.want(http.StatusOK, "POST", "/nodes/"+web.ID+"/start", "")
	l.until(isNode(web.ID, lab.Running))
	s.want(http.StatusOK, "DELETE", "/nodes/"+web.ID, "")
	l.until(func(e lab.Event) bool { return e.Kind == lab.EventNodeRemoved && e.ID == web.ID })
}

func TestStreamGoesOnWhereItWas(t *testing.T) {
	s := mustSite(t)
	l := s.listen("")
	l.next()
	web := s.made("web")
	seen := l.until(isNode(web.ID, lab.Stopped))
	l.close()
	db := s.made("db")
	s.want(http.StatusOK, "POST", "/nodes/"+web.ID+"/start", "")
	s.want(http.StatusOK, "GET", "/nodes/"+web.ID+"?wait=20", "")
	gone := s.made("gone")
	s.want(http.StatusOK, "DELETE", "/nodes/"+gone.ID+"?purge=true", "")

	l = s.listen(seen.id)
	kinds := map[string]int{}
	l.until(func(e lab.Event) bool {
		switch e.Kind {
		case lab.EventSnapshot:
			t.Error("everything is told again")
		case lab.EventNode:
			kinds[e.Node.ID]++
		}
		return e.Kind == lab.EventNodeRemoved && e.ID == gone.ID
	})
	if kinds[web.ID] == 0 || kinds[db.ID] == 0 {
		t.Errorf("got %v, want what became of web and db", kinds)
	}
}

func TestStreamThatCanNotGoOnBeginsAnew(t *testing.T) {
	s := mustSite(t)
	first := s.listen("").next()
	epoch, _, _ := strings.Cut(first.id, ".")
	for _, id := range []string{"OTHER.1", "x", "", epoch + ".", epoch + ".99999", epoch + ".-1", epoch + ".01", "." + first.id} {
		if got := s.listen(id).next().event.Kind; got != lab.EventSnapshot {
			t.Errorf("%q: got %s first, want a snapshot", id, got)
		}
	}
}

// TestSnapshotIsTakenApartWhole: what a snapshot may have more one day is not lost.
func TestSnapshotIsTakenApartWhole(t *testing.T) {
	whole := lab.Event{Kind: lab.EventSnapshot}
	v := reflect.ValueOf(&whole).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Kind() == reflect.Pointer && slices.Contains([]string{"Node", "Image"}, v.Type().Field(i).Name):
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		}
	}
	b := newBoard()
	b.take(whole)
	if got := b.assemble(); !reflect.DeepEqual(got, whole) {
		t.Errorf("got %+v, want %+v", got, whole)
	}
}

func node(id string, notes int) lab.Event {
	return lab.Event{Kind: lab.EventNode, Node: &lab.Node{NodeSpec: lab.NodeSpec{ID: id, Name: id, Notes: fmt.Sprint(notes)}}}
}

func TestBoardKeepsTheLastOfEach(t *testing.T) {
	b := newBoard()
	b.take(lab.Event{Kind: lab.EventSnapshot})
	for i := range 10_000 {
		b.take(node(fmt.Sprint("n", i%10), i))
	}
	after := uint64(1)
	var got []string
	for {
		data, number, _ := b.missed(after)
		if data == nil {
			break
		}
		var e lab.Event
		must(t, json.Unmarshal(data, &e))
		got, after = append(got, e.Node.ID+":"+e.Node.Notes), number
	}
	if want := "n0:9990 n1:9991 n2:9992 n3:9993 n4:9994 n5:9995 n6:9996 n7:9997 n8:9998 n9:9999"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if b.order.Len() != 10 {
		t.Errorf("%d are kept, want 10", b.order.Len())
	}
}

// TestBoardForgetsWhatIsGone, and knows who missed that.
func TestBoardForgetsWhatIsGone(t *testing.T) {
	b := newBoard()
	b.take(lab.Event{Kind: lab.EventSnapshot})
	b.take(node("stays", 0))
	_, early, _ := b.snapshot()
	for i := range 3 * maxPast {
		b.take(node(fmt.Sprint(i), 0))
		b.take(lab.Event{Kind: lab.EventHistory, ID: fmt.Sprint(i)})
		b.take(lab.Event{Kind: lab.EventNodeRemoved, ID: fmt.Sprint(i)})
	}
	if got := b.order.Len(); got > maxPast+1 || b.past > maxPast {
		t.Errorf("%d are kept, %d of them of the past, want at most %d", got, b.past, maxPast)
	}
	if _, ok := b.resume(b.id(early)); ok {
		t.Error("whoever missed what is forgotten can go on")
	}
	whole, late, _ := b.snapshot()
	if _, ok := b.resume(b.id(late)); !ok {
		t.Error("whoever missed nothing can not go on")
	}
	var e lab.Event
	must(t, json.Unmarshal(whole, &e))
	if len(e.Nodes) != 1 || e.Nodes[0].ID != "stays" {
		t.Errorf("the snapshot is %s", whole)
	}
}

// TestSnapshotInBetweenIsTaken: the service gives one to a reader that is too slow.
func TestSnapshotInBetweenIsTaken(t *testing.T) {
	b := newBoard()
	stays, goes := node("stays", 0), node("goes", 0)
	b.take(lab.Event{Kind: lab.EventSnapshot, Nodes: []lab.Node{*stays.Node, *goes.Node}, Images: []lab.Image{{Name: "old"}}})
	_, before, _ := b.snapshot()
	b.take(lab.Event{Kind: lab.EventSnapshot, Nodes: []lab.Node{*stays.Node, *node("new", 0).Node}})
	got := map[string]bool{}
	for after := before; ; {
		data, number, _ := b.missed(after)
		if data == nil {
			break
		}
		var e lab.Event
		must(t, json.Unmarshal(data, &e))
		got[string(e.Kind)+" "+keyOf(e)], after = true, number
	}
	if want := "map[image_removed image old:true node node new:true node_removed node goes:true]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestManyListenersHearTheSame, one of which reads nothing until the end.
func TestManyListenersHearTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand connections")
	}
	s := mustSite(t)
	web := s.made("web")
	slow := s.listen("")
	var ready, heard sync.WaitGroup
	ready.Add(1000)
	for range 1000 {
		heard.Go(func() {
			l := s.listen("")
			l.next()
			ready.Done()
			l.until(isNode(web.ID, lab.Running))
			l.close()
		})
	}
	ready.Wait()
	s.want(http.StatusOK, "POST", "/nodes/"+web.ID+"/start", "")
	heard.Wait()
	slow.until(isNode(web.ID, lab.Running))
}

// TestSlowReaderHoldsUpNobody: its connection is full, and others hear on.
func TestSlowReaderHoldsUpNobody(t *testing.T) {
	s := mustSite(t)
	web := s.made("web")
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	must(t, err)
	defer func() { _ = c.Close() }()
	_, err = fmt.Fprintf(c, "GET %s/events HTTP/1.1\r\nHost: x\r\n\r\n", Prefix)
	must(t, err)
	l := s.listen("")
	l.next()
	for i := range 300 {
		notes := strings.Repeat("x", 8000) + fmt.Sprint(i)
		s.want(http.StatusOK, "PATCH", "/nodes/"+web.ID, `{"notes":"`+notes+`"}`)
		l.until(func(e lab.Event) bool { return e.Node != nil && e.Node.Notes == notes })
	}
}

func FuzzEventID(f *testing.F) {
	for _, seed := range []string{"", "A.1", ".", "A.", ".1", "A.18446744073709551616", "A.01", "A.+1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		epoch, number, err := parseEventID(id)
		switch {
		case err != nil && lab.KindOf(err) != lab.KindInvalid:
			t.Errorf("got %v", err)
		case err == nil && fmt.Sprintf("%s.%d", epoch, number) != id:
			t.Errorf("%q is read as %q and %d", id, epoch, number)
		}
		newBoard().resume(id)
	})
}
