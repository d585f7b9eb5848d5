package labtest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// Spec gives a valid spec with a fresh ID and the given name.
func Spec(name string) lab.NodeSpec {
	id := uuid.New()
	return lab.NodeSpec{
		ID: id.String(), Name: name, Image: "tiny", Base: lab.BaseVolume("tiny", "0123456789abcdef"),
		VCPUs: 1, MemoryMiB: 64, MAC: fmt.Sprintf("52:54:00:%02x:%02x:%02x", id[0], id[1], id[2]),
		Generation: 1, CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
	}
}

// StoreSuite holds a lab.Store to its contract. fresh gives an empty one.
func StoreSuite(t *testing.T, fresh func(t *testing.T) lab.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s lab.Store)
	}{
		{"an empty store has no specs", storeEmpty},
		{"a saved spec comes back whole", storeRoundTrip},
		{"saving replaces the spec with the same id", storeReplace},
		{"a spec that breaks its rules is refused", storeInvalid},
		{"deleting is final and can be repeated", storeDelete},
		{"a node is reserved once", storeLock},
		{"of many who reserve one wins", storeLockRace},
		{"an id that is none is refused", storeBadID},
		{"many savers do not disturb one another", storeConcurrent},
		{"a cancelled call changes nothing", storeCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, fresh(t)) })
	}
}

func storeEmpty(t *testing.T, s lab.Store) {
	if got := mustSpecs(t, s); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}

func storeRoundTrip(t *testing.T, s lab.Store) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 789_000_001, time.UTC)
	want := Spec("full")
	want.Keymap, want.StopSeconds, want.Notes, want.Generation = "de", 7, "two\nlines, \"quotes\" & <ümlaut>", 3
	want.Kept = []lab.KeptOverlay{{Generation: 2, At: now, Reason: lab.KeptByWipe}}
	want.StartedAt, want.WipedAt, want.DeletedAt = &now, &now, &now
	mustSave(t, s, want)
	got := mustSpecs(t, s)
	if len(got) != 1 || !reflect.DeepEqual(got[want.ID], want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func storeReplace(t *testing.T, s lab.Store) {
	one, other := Spec("one"), Spec("other")
	mustSave(t, s, one)
	mustSave(t, s, other)
	one.Name, one.Notes = "renamed", "shorter or longer than before"
	mustSave(t, s, one)
	got := mustSpecs(t, s)
	if len(got) != 2 || got[one.ID].Name != "renamed" || got[other.ID].Name != "other" {
		t.Errorf("got %+v, want the renamed and the other", got)
	}
}

func storeInvalid(t *testing.T, s lab.Store) {
	good := Spec("good")
	mustSave(t, s, good)
	bad := good
	bad.Name = "../escape"
	mustBeKind(t, s.Save(t.Context(), bad), lab.KindInvalid)
	if got := mustSpecs(t, s)[good.ID].Name; got != "good" {
		t.Errorf("got %q, want the spec from before the refused save", got)
	}
}

func storeDelete(t *testing.T, s lab.Store) {
	spec := Spec("doomed")
	mustSave(t, s, spec)
	for range 2 {
		if err := s.Delete(t.Context(), spec.ID); err != nil {
			t.Fatalf("delete: %v", err)
		}
	}
	if got := mustSpecs(t, s); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}

func storeLock(t *testing.T, s lab.Store) {
	one, other := Spec("one").ID, Spec("other").ID
	unlock := mustLock(t, s, one)
	if _, err := s.Lock(t.Context(), one); lab.KindOf(err) != lab.KindBusy {
		t.Errorf("got %v, want KindBusy while it is reserved", err)
	}
	mustLock(t, s, other)()
	unlock()
	mustLock(t, s, one)()
}

func storeLockRace(t *testing.T, s lab.Store) {
	id := Spec("wanted").ID
	var holders, most, wins atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 25 {
				unlock, err := s.Lock(t.Context(), id)
				if err != nil {
					mustBeKind(t, err, lab.KindBusy)
					continue
				}
				wins.Add(1)
				most.Store(max(most.Load(), holders.Add(1)))
				holders.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || wins.Load() == 0 {
		t.Errorf("got %d at once and %d in all, want 1 at once and some", most.Load(), wins.Load())
	}
}

func storeBadID(t *testing.T, s lab.Store) {
	for _, id := range []string{"", "../../etc/passwd", "00000000-0000-0000-0000-00000000000G"} {
		mustBeKind(t, s.Delete(t.Context(), id), lab.KindInvalid)
		_, err := s.Lock(t.Context(), id)
		mustBeKind(t, err, lab.KindInvalid)
	}
}

func storeConcurrent(t *testing.T, s lab.Store) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			spec := Spec(fmt.Sprintf("node-%d", i))
			for g := range 5 {
				spec.Generation = g + 1
				if err := s.Save(t.Context(), spec); err != nil {
					t.Errorf("save: %v", err)
				}
				if _, problems, err := s.Specs(t.Context()); err != nil || len(problems) > 0 {
					t.Errorf("got %v and %v while others save, want neither", problems, err)
				}
			}
		})
	}
	wg.Wait()
	if got := mustSpecs(t, s); len(got) != 8 {
		t.Errorf("got %d specs, want 8", len(got))
	}
}

func storeCancelled(t *testing.T, s lab.Store) {
	ctx := cancelled(t)
	spec := Spec("late")
	mustBeKind(t, s.Save(ctx, spec), lab.KindUnavailable)
	if _, err := s.Lock(ctx, spec.ID); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v, want KindUnavailable", err)
	}
	if got := mustSpecs(t, s); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
	mustLock(t, s, spec.ID)()
}

func mustSave(t *testing.T, s lab.Store, spec lab.NodeSpec) {
	t.Helper()
	if err := s.Save(t.Context(), spec); err != nil {
		t.Fatalf("save %s: %v", spec.Name, err)
	}
}

func mustSpecs(t *testing.T, s lab.Store) map[string]lab.NodeSpec {
	t.Helper()
	specs, problems, err := s.Specs(t.Context())
	if err != nil || len(problems) > 0 {
		t.Fatalf("specs: %v, problems %v", err, problems)
	}
	byID := map[string]lab.NodeSpec{}
	for _, spec := range specs {
		byID[spec.ID] = spec
	}
	if len(byID) != len(specs) {
		t.Fatalf("an id comes twice in %v", specs)
	}
	return byID
}

func mustLock(t *testing.T, s lab.Store, id string) (unlock func()) {
	t.Helper()
	unlock, err := s.Lock(t.Context(), id)
	if err != nil {
		t.Fatalf("lock: %v", err)
	}
	return unlock
}

// mustBeKind fails the test unless err is an *lab.Error of that kind; it may be
// called from any goroutine.
func mustBeKind(t *testing.T, err error, want lab.Kind) {
	t.Helper()
	var e *lab.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Errorf("got error %v (%s), want a *lab.Error of kind %s", err, lab.KindOf(err), want)
	}
}
