package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"sandboxlabs/app/tray"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

// mustWork gives an app over a service that runs, on a host in memory.
func mustWork(t *testing.T) *App {
	t.Helper()
	w := labtest.NewWorld()
	w.Library.MustAddImage(t, "tiny")
	s := service.New(service.Options{
		Hypervisor: w.Hypervisor, Pool: w.Pool, Library: w.Library, Store: w.Store, URI: "fake:///",
		Journal: w.Journal, Preferences: &labtest.Page{},
		Tuning: lab.Tuning{Desktop: lab.Desktop{Tray: true}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return New(s, Folders{})
}

func (a *App) mustCreate(t *testing.T, name string) (id string) {
	t.Helper()
	n, err := a.service.Create(t.Context(), service.CreateInput{Name: name, Image: "tiny"})
	if err != nil {
		t.Fatal(err)
	}
	return n.ID
}

// mustDo does something from the tray, and waits until its nodes are in a state.
func (a *App) mustDo(t *testing.T, verb tray.Verb, want lab.State, nodes ...string) {
	t.Helper()
	if failed := a.do(t.Context(), tray.Action{Verb: verb, Nodes: nodes}); len(failed) > 0 {
		t.Fatalf("%s: %v", verb, failed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, id := range nodes {
		if n, err := a.service.Wait(ctx, id); err != nil || n.State != want {
			t.Fatalf("%s leaves %s %s, want it %s (%v)", verb, n.Name, n.State, want, err)
		}
	}
}

// TestTheTrayWorks: what is chosen there reaches the service.
func TestTheTrayWorks(t *testing.T) {
	a := mustWork(t)
	one, two := a.mustCreate(t, "one"), a.mustCreate(t, "two")
	a.mustDo(t, tray.Start, lab.Running, one)
	a.mustDo(t, tray.Wipe, lab.Running, one)
	a.mustDo(t, tray.Undo, lab.Running, one)
	a.mustDo(t, tray.Start, lab.Running, two)
	a.mustDo(t, tray.StopAll, lab.Stopped, one, two)
	if got, want := strings.Join(a.lastSet(t.Context()), " "), one+" "+two; got != want {
		t.Errorf("the last set is %q, want %q", got, want)
	}
	a.keepRunning(t.Context()) // none does, which is no set
	a.mustDo(t, tray.StartLast, lab.Running, a.lastSet(t.Context())...)
	a.mustDo(t, tray.Stop, lab.Stopped, one)
	a.keepRunning(t.Context())
	if got := a.lastSet(t.Context()); len(got) != 1 || got[0] != two {
		t.Errorf("the last set is %q, want what ran at the end, %q", got, two)
	}
	failed := a.do(t.Context(), tray.Action{Verb: tray.Start, Nodes: []string{two}})
	if failed[two] == nil {
		t.Error("a start of what runs already is no trouble")
	}
	failed = a.do(t.Context(), tray.Action{Verb: tray.StartLast, Nodes: []string{two, "nowhere"}})
	if len(failed) != 2 || lab.KindOf(failed["nowhere"]) != lab.KindNotFound {
		t.Errorf("the troubles are %v", failed)
	}
}
