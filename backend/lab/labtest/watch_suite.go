package labtest

import (
	"context"
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
	select {
	case hint := <-hints:
		if hint.Link == nil || !hint.Link.Connected || hint.Link.URI == "" {
			r.Errorf("the first hint is %+v, want a connection", hint)
		}
	case <-time.After(hintLimit):
		r.Fatal("no first hint")
	}
	spec := r.defined("node")
	r.awaitState(hints, spec.ID, lab.Stopped)
	r.watchPower(hints, spec.ID)
	r.watchDefinition(hints, spec)
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
