package labtest

import (
	"context"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// watch collects hints; what it does not take in time is lost, as is allowed.
func (r rig) watch(ctx context.Context) <-chan lab.Hint {
	hints := make(chan lab.Hint, 1000)
	r.h.Watch(ctx, func(hint lab.Hint) {
		select {
		case hints <- hint:
		default:
		}
	})
	return hints
}

// await reads hints until one names id and ok holds.
func (r rig) await(hints <-chan lab.Hint, id, what string, ok func() bool) {
	r.Helper()
	limit := time.After(hintLimit)
	for {
		select {
		case hint := <-hints:
			if hint.ID == id && ok() {
				return
			}
		case <-limit:
			r.Fatalf("no hint after which %s", what)
		}
	}
}

func (r rig) awaitState(hints <-chan lab.Hint, id string, want lab.State) {
	r.Helper()
	r.await(hints, id, "the state is "+string(want), func() bool { return r.domain(id).State == want })
}

func hypervisorWatch(r rig) {
	hints := r.watch(r.Context())
	r.wantConnected(r.link(hints))
	spec := r.defined("node")
	r.awaitState(hints, spec.ID, lab.Stopped)
	r.watchPower(hints, spec.ID)
	r.watchDefinition(hints, spec)
}

// link gives the next state of the connection.
func (r rig) link(hints <-chan lab.Hint) lab.Link {
	r.Helper()
	limit := time.After(hintLimit)
	for {
		select {
		case hint := <-hints:
			if hint.Link != nil {
				return *hint.Link
			}
		case <-limit:
			r.Fatal("no hint about the connection")
		}
	}
}

func (r rig) wantConnected(got lab.Link) {
	r.Helper()
	if !got.Connected || got.URI == "" || got.Problem != nil || got.Since != nil || got.Attempts != 0 {
		r.Errorf("got link %+v, want a connection and nothing of a loss", got)
	}
}

// hypervisorLost takes libvirt away: the loss is told with its time, then each
// attempt that fails, and that it is back.
func hypervisorLost(r rig) {
	lose, able := r.h.(interface {
		Lose(t *testing.T) (back func())
	})
	if !able {
		r.Log("this libvirt can not be taken away")
		return
	}
	hints := r.watch(r.Context())
	r.wantConnected(r.link(hints))
	before := time.Now()
	back := lose.Lose(r.T)
	first := r.link(hints)
	if first.Connected || first.Problem == nil || first.Since == nil || first.Since.Before(before) || first.Attempts != 0 {
		r.Fatalf("got link %+v, want it lost since now, before any attempt", first)
	}
	if again := r.link(hints); again.Connected || again.Problem == nil || again.Since == nil ||
		!again.Since.Equal(*first.Since) || again.Attempts != 1 {
		r.Errorf("got link %+v, want it lost since %v, after one attempt", again, first.Since)
	}
	back()
	got := r.link(hints)
	for !got.Connected {
		got = r.link(hints)
	}
	r.wantConnected(got)
}

func (r rig) watchPower(hints <-chan lab.Hint, id string) {
	for _, step := range []struct {
		action lab.PowerAction
		want   lab.State
	}{
		{lab.PowerStart, lab.Running},
		{lab.PowerPause, lab.Paused},
		{lab.PowerResume, lab.Running},
		{lab.PowerForceOff, lab.Stopped},
	} {
		r.power(id, step.action, step.want)
		r.awaitState(hints, id, step.want)
	}
}

func (r rig) watchDefinition(hints <-chan lab.Hint, spec lab.NodeSpec) {
	spec.Notes = "changed"
	r.define(spec)
	r.await(hints, spec.ID, "the notes are changed", func() bool { return r.domain(spec.ID).Spec.Notes == "changed" })
	wantKind(r, "Rename", r.h.Rename(r.Context(), spec.ID, r.name("new")), "")
	r.await(hints, spec.ID, "the name is new", func() bool { return r.domain(spec.ID).Spec.Name == r.name("new") })
	wantKind(r, "Undefine", r.h.Undefine(r.Context(), spec.ID), "")
	r.await(hints, spec.ID, "it is gone", func() bool {
		_, err := r.h.Domain(r.Context(), spec.ID)
		return lab.KindOf(err) == lab.KindNotFound
	})
}

func hypervisorWatchEnds(r rig) {
	ctx, cancel := context.WithCancel(r.Context())
	ended, going := r.watch(ctx), r.watch(r.Context())
	<-ended
	cancel()
	spec := r.defined("node")
	r.awaitState(going, spec.ID, lab.Stopped)
	for len(ended) > 0 {
		if hint := <-ended; hint.ID == spec.ID {
			r.Errorf("got %+v after the end", hint)
		}
	}
}
