package service

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// drain gives what is there to be read.
func drain(events <-chan lab.Event) (all []lab.Event) {
	for {
		synctest.Wait()
		select {
		case e := <-events:
			all = append(all, e)
		default:
			return all
		}
	}
}

// drainStates gives the states of one node in the events that are there.
func drainStates(events <-chan lab.Event, id string) (states []lab.State) {
	for _, e := range drain(events) {
		for _, v := range e.Nodes {
			if v.ID == id {
				states = append(states, v.State)
			}
		}
		if e.Node != nil && e.Node.ID == id {
			states = append(states, e.Node.State)
		}
	}
	return states
}

func TestSubscribeBeginsWithASnapshot(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		events := drain(h.s.Subscribe(t.Context()))
		if len(events) != 1 || events[0].Kind != lab.EventSnapshot {
			t.Fatalf("got %+v, want a snapshot alone", events)
		}
		e := events[0]
		if len(e.Nodes) != 1 || e.Nodes[0].ID != v.ID || len(e.Images) != 1 || e.Link == nil || !e.Link.Connected {
			t.Errorf("got %+v, want web, tiny and a connection", e)
		}
		if used := e.Images[0].UsedBy; len(used) != 1 || used[0] != "web" {
			t.Errorf("tiny is used by %v, want web", used)
		}
	})
}

// A reader that does not read loses states between, and never the last one.
func TestSlowReaderGetsTheLastState(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		events := h.s.Subscribe(t.Context())
		for range 20 {
			h.done(h.s.Start(t.Context(), "web"))
			h.done(h.s.Stop(t.Context(), "web"))
		}
		h.done(h.s.Start(t.Context(), "web"))
		got := drainStates(events, v.ID)
		if len(got) > 3 || got[len(got)-1] != lab.Running {
			t.Errorf("got %v, want a few states, running last", got)
		}
	})
}

// What waits for a reader is bounded: a snapshot stands for too much of it.
func TestSlowReaderIsBounded(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		events := h.s.Subscribe(t.Context())
		for i := range maxPending + 10 {
			v := h.made(fmt.Sprintf("node-%d", i), "")
			h.must(h.s.Delete(t.Context(), v.ID, true))
		}
		last := h.made("last", "")
		got := drain(events)
		if len(got) > maxPending+1 {
			t.Errorf("got %d events, want at most %d", len(got), maxPending+1)
		}
		there := map[string]bool{}
		for _, e := range got {
			switch e.Kind {
			case lab.EventSnapshot:
				clear(there)
				for _, v := range e.Nodes {
					there[v.ID] = true
				}
			case lab.EventNode:
				there[e.Node.ID] = true
			case lab.EventNodeRemoved:
				delete(there, e.ID)
			}
		}
		if len(there) != 1 || !there[last.ID] {
			t.Errorf("the events leave %d nodes, want the last alone", len(there))
		}
	})
}

// The snapshot that stands for a loss of the connection must tell of it too.
func TestSlowReaderGetsTheLastLink(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		events := h.s.Subscribe(t.Context())
		synctest.Wait() // the snapshot is in the reader's hand, nothing waits
		for i := range maxPending {
			h.s.mu.Lock()
			h.s.hub.send(lab.Event{Kind: lab.EventNodeRemoved, ID: fmt.Sprint(i)})
			h.s.mu.Unlock()
		}
		h.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirtd was stopped"))
		var last *lab.Link
		for _, e := range drain(events) {
			if e.Link != nil {
				last = e.Link
			}
		}
		if last == nil || last.Connected {
			t.Errorf("the last link is %+v, want it lost", last)
		}
	})
}

func TestNothingIsPublishedTwice(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		events := h.s.Subscribe(t.Context())
		drain(events)
		h.Hypervisor.VirshEdit(v.ID, func(*lab.NodeSpec) {})
		h.Hypervisor.Connect()
		if got := drain(events); len(got) != 0 {
			t.Errorf("got %+v, want none: nothing has changed", got)
		}
	})
}

func TestSubscriptionEndsWithItsContext(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ctx, cancel := contextOf(t)
		events := h.s.Subscribe(ctx)
		cancel()
		synctest.Wait()
		for range events {
		}
		synctest.Wait()
		h.s.mu.Lock()
		defer h.s.mu.Unlock()
		if n := len(h.s.hub.readers); n != 0 {
			t.Errorf("%d readers are left, want none", n)
		}
	})
}
