package service

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// house is a service at work in a world with the image "tiny".
type house struct {
	*testing.T
	*labtest.World
	s     *Service
	leave func() // ends Run, and returns when it has ended
}

// inHouse runs a test in a bubble of its own, where time is fake.
func inHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		test(t, mustEnter(t, w, Options{}))
	})
}

// mustEnter starts a service in the world and waits until it is ready and idle.
func mustEnter(t *testing.T, w *labtest.World, o Options) *house {
	t.Helper()
	h := enter(t, w, o)
	if err := h.s.Ready(t.Context()); err != nil {
		t.Fatalf("ready: %v", err)
	}
	synctest.Wait()
	return h
}

func enter(t *testing.T, w *labtest.World, o Options) *house {
	o.Hypervisor, o.Pool, o.Library, o.Store, o.URI = w.Hypervisor, w.Pool, w.Library, w.Store, "fake:///session"
	o.Journal, o.Preferences, o.Seeder, o.Prototype = w.Journal, w.Page, &labtest.Seeder{}, w.Prototype
	h := &house{T: t, World: w, s: New(o)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := h.s.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	}()
	h.leave = func() {
		cancel()
		<-ended
	}
	t.Cleanup(h.leave)
	return h
}

// must gives the node, or ends the test.
func (h *house) must(v lab.Node, err error) lab.Node {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
	return v
}

// done waits until the work a verb began is over.
func (h *house) done(v lab.Node, err error) lab.Node {
	h.Helper()
	h.must(v, err)
	return h.must(h.s.Wait(h.Context(), v.ID))
}

// made makes a node on tiny whose guest has written text.
func (h *house) made(name, text string) lab.Node {
	h.Helper()
	v := h.must(h.s.Create(h.Context(), CreateInput{Name: name, Image: "tiny"}))
	h.Pool.Write(v.OverlayVolume(v.Generation), text)
	return v
}

// running makes such a node and starts it.
func (h *house) running(name, text string) lab.Node {
	h.Helper()
	return h.done(h.s.Start(h.Context(), h.made(name, text).ID))
}

func (h *house) node(ref string) lab.Node {
	h.Helper()
	return h.must(h.s.Show(h.Context(), ref))
}

func (h *house) wantState(ref string, want lab.State) lab.Node {
	h.Helper()
	v := h.node(ref)
	if v.State != want {
		h.Errorf("%s is %s (%+v), want %s", ref, v.State, v.Problem, want)
	}
	return v
}

// wantText checks what the guest finds on the node's disk.
func (h *house) wantText(v lab.Node, want string) {
	h.Helper()
	got, ok := h.Pool.Read(v.OverlayVolume(v.Generation))
	if !ok || got != want {
		h.Errorf("%s finds %q (disk there: %t), want %q", v.Name, got, ok, want)
	}
}

// wantError checks an error's kind and that its sentence says what it should.
func (h *house) wantError(err error, kind lab.Kind, says string) {
	h.Helper()
	if lab.KindOf(err) != kind || !strings.Contains(lab.ProblemOf(err).Message, says) {
		h.Errorf("got %q: %v, want %q saying %q", lab.KindOf(err), err, kind, says)
	}
}

// wantSound checks what must be true whenever nothing is under way: every
// domain is whole, listed and saved as it is, and every overlay is somebody's,
// or holds data and is told by Health.
func (h *house) wantSound() {
	h.Helper()
	h.wantWhole()
	h.wantNoOrphans()
}

// wantWhole is wantSound but for the orphans, which are swept at the next start.
func (h *house) wantWhole() {
	h.Helper()
	synctest.Wait()
	nodes, err := h.s.List(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	for _, v := range nodes {
		if v.State.Changing() {
			h.Errorf("%s is %s", v.Name, v.State)
		}
	}
	h.wantDomains(nodes)
}

func (h *house) wantDomains(nodes []lab.Node) {
	h.Helper()
	domains, err := h.Hypervisor.Domains(context.Background())
	if err != nil {
		h.Fatal(err)
	}
	for _, d := range domains {
		id := d.Spec.ID
		if !h.Hypervisor.Whole(id) {
			h.Errorf("domain %s has not its whole disk; volumes %v", d.Spec.Name, h.Pool.Names())
		}
		if !slices.ContainsFunc(nodes, func(v lab.Node) bool { return v.ID == id && same(v.NodeSpec, told(d.Spec)) }) {
			h.Errorf("domain %s is not listed as it is", d.Spec.Name)
		}
		if stored, ok := h.Store.Spec(id); !ok || !same(stored, d.Spec) {
			h.Errorf("domain %s is not saved as it is: %+v, want %+v", d.Spec.Name, stored, d.Spec)
		}
	}
}

func (h *house) wantNoOrphans() {
	h.Helper()
	for _, volume := range h.Pool.Names() {
		id, generation, ok := lab.ParseNodeVolume(volume)
		if !ok {
			continue
		}
		stored, ok := h.Store.Spec(id)
		if ok && refersTo(stored, generation) {
			continue
		}
		text, _ := h.Pool.Read(volume)
		if told := h.check("orphans"); ok || text == "" || !strings.Contains(told.Remedy, volume) {
			h.Errorf("overlay %s belongs to no node, and Health says %+v", volume, told)
		}
	}
}

// check gives the first line of Health of that name.
func (h *house) check(name string) lab.Check {
	h.Helper()
	report, err := h.s.Health(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	for _, c := range report.Checks {
		if c.Name == name {
			return c
		}
	}
	h.Fatalf("Health has no line %q: %+v", name, report.Checks)
	return lab.Check{}
}

func ptr[T any](v T) *T { return &v }
