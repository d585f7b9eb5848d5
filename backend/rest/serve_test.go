package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

func TestEvents(t *testing.T) {
	s := mustEnter(t)
	next := s.mustStream(t)
	first := next()
	if first.Kind != lab.EventSnapshot || first.Link == nil || !first.Link.Connected {
		t.Fatalf("the first event is %+v, want a snapshot with the link", first)
	}
	s.mustCall(t, "Create", `[{"name":"web","image":"tiny"}]`)
	for e := next(); e.Node == nil || e.Node.Name != "web"; e = next() {
		t.Logf("passed over %s", e.Kind)
	}
	again := s.mustStream(t)()
	if again.Kind != lab.EventSnapshot || len(again.Nodes) != 1 {
		t.Errorf("a second reader begins with %+v, want a snapshot with the node", again)
	}
}

// mustStream opens the stream of events and gives what waits for the next.
func (s *site) mustStream(t *testing.T) (next func() lab.Event) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/events", nil)
	must(t, err)
	response, err := s.browser.Do(r)
	must(t, err)
	t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	return func() lab.Event {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e lab.Event
				must(t, json.Unmarshal([]byte(data), &e))
				return e
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return lab.Event{}
	}
}

func TestServeEndsStreamsAndFinishesCalls(t *testing.T) {
	s := mustEnter(t)
	d, err := Listen(t.Context(), Ports{Addresses: []string{"127.0.0.1:0"}})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	links, served := make(chan string, 1), make(chan error, 1)
	go func() { served <- s.server.Serve(ctx, d, func(link string) { links <- link }) }()
	link := ""
	s.URL, link, _ = strings.Cut(<-links, "/?")
	if got, want := s.mustGet(t, "/?"+link).StatusCode, http.StatusOK; got != want {
		t.Fatalf("entering gives %d, want %d", got, want)
	}
	var n lab.Node
	must(t, json.Unmarshal([]byte(s.mustCall(t, "Create", `[{"name":"web","image":"tiny"}]`).body), &n))
	next := s.mustStream(t)
	until := func(state lab.State) {
		for e := next(); e.Node == nil || e.Node.State != state; e = next() {
			t.Logf("passed over %s", e.Kind)
		}
	}
	s.mustCall(t, "Start", `["web"]`)
	until(lab.Running)
	s.After("Hypervisor.Power "+n.ID+" "+string(lab.PowerForceOff), func() {
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond)
	})
	answered := make(chan answer, 1)
	go func() {
		defer close(answered) // also where the call fails, which ends this goroutine
		answered <- s.mustCall(t, "Delete", `["web",false]`)
	}()
	until(lab.Stopping)
	cancel()
	if a := <-answered; a.Response == nil || a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"state":"stopped"`) {
		t.Errorf("a call under way at the end gives %+v", a)
	}
	if err := <-served; err != nil {
		t.Errorf("the end gives %v", err)
	}
	if _, err := net.Dial("tcp", d.String()); err == nil {
		t.Error("the port is still open")
	}
}
