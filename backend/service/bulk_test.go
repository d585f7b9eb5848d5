package service

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// sleepers makes n running nodes whose guests take a second to power off.
func (h *house) sleepers(n int) (names []string) {
	h.Helper()
	for i := range n {
		v := h.running(fmt.Sprintf("node-%d", i), "")
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: time.Second})
		names = append(names, v.Name)
	}
	return names
}

func TestBulkWorksOnAFewAtOnce(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		names := h.sleepers(10)
		begun := time.Now()
		results, err := h.s.Bulk(h.Context(), BulkInput{Verb: BulkStop, Nodes: names})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %s, want 3 s: ten nodes, four at once", took)
		}
		for i, r := range results {
			if r.Node != names[i] || r.Problem != nil || r.Value == nil || r.Value.State != lab.Stopped {
				t.Errorf("got %+v, want %s stopped", r, names[i])
			}
		}
	})
}

// That a node had crashed before is no failure of what is done to it now.
func TestBulkWipesWhatCrashed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.GuestCrash(v.ID)
		synctest.Wait()
		results, err := h.s.Bulk(h.Context(), BulkInput{Verb: BulkWipe, Nodes: []string{"web"}})
		if err != nil || results[0].Problem != nil || results[0].Value.Generation != 2 {
			t.Errorf("got %+v, error %v, want it wiped", results, err)
		}
	})
}

func TestBulkTellsEachOutcome(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		on, off := h.running("on", ""), h.made("off", "")
		results, err := h.s.Bulk(h.Context(), BulkInput{Verb: BulkStart, Nodes: []string{"on", "none", "off", off.ID, on.ID}})
		if err != nil || len(results) != 3 {
			t.Fatalf("got %+v, %v, want three results", results, err)
		}
		if p := results[0].Problem; p == nil || p.Kind != lab.KindBusy {
			t.Errorf("got %+v, want on to run already", results[0])
		}
		if p := results[1].Problem; p == nil || p.Kind != lab.KindNotFound {
			t.Errorf("got %+v, want none to be unknown", results[1])
		}
		if v := results[2].Value; v == nil || v.State != lab.Running {
			t.Errorf("got %+v, want off to run", results[2])
		}
		_, err = h.s.Bulk(h.Context(), BulkInput{Verb: "explode"})
		h.wantError(err, lab.KindInvalid, "explode")
	})
}

func TestBulkWipesAndDeletes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.running("on", "file")
		h.made("off", "file")
		for _, verb := range []BulkVerb{BulkWipe, BulkDelete} {
			results, err := h.s.Bulk(h.Context(), BulkInput{Verb: verb, Nodes: []string{"on", "off"}})
			if err != nil || len(results) != 2 || results[0].Problem != nil || results[1].Problem != nil {
				t.Fatalf("%s: got %+v, %v, want success", verb, results, err)
			}
			if verb == BulkWipe {
				h.wantText(h.wantState("on", lab.Running), "")
				h.wantText(h.wantState("off", lab.Stopped), "")
			}
		}
		if nodes, err := h.s.List(h.Context()); err != nil || len(nodes) != 0 {
			t.Errorf("got %+v, %v, want no nodes", nodes, err)
		}
	})
}

func TestBulkIsCancelled(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		names := h.sleepers(6)
		ctx, cancel := contextOf(h.T)
		time.AfterFunc(time.Second/2, cancel)
		results, err := h.s.Bulk(ctx, BulkInput{Verb: BulkStop, Nodes: names})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Problem == nil {
				t.Errorf("got %+v, want a problem: nothing was done in time", r)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		h.wantState("node-3", lab.Stopped)
		h.wantState("node-4", lab.Running)
	})
}
