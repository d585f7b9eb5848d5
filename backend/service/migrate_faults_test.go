package service

import (
	"os"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// TestMigrationFails lets each call of a migration fail, and TestMigrationDies ends
// the process there, before and after. Nothing is half there, and the next one
// brings over what is left, also what is to be moved.
func TestMigrationFails(t *testing.T) {
	eachCallOfAMigration(t, []labtest.Fault{labtest.FailBefore, labtest.FailAfter})
}

func TestMigrationDies(t *testing.T) {
	eachCallOfAMigration(t, []labtest.Fault{labtest.DieBefore, labtest.DieAfter})
}

func eachCallOfAMigration(t *testing.T, faults []labtest.Fault) {
	for _, fault := range faults {
		for n, ended := 0, false; !ended; n++ {
			synctest.Test(t, func(t *testing.T) { ended = migrationWith(t, fault, n) })
		}
	}
}

// migrationWith has the nth call go wrong, and reports whether there was none.
func migrationWith(t *testing.T, fault labtest.Fault, n int) (ended bool) {
	p, w := newPrototype(t), labtest.NewWorld()
	w.Prototype.Lay(p.PrototypeFolder)
	h := mustEnter(t, w, Options{})
	calls := len(w.Calls())
	w.FailAt(n, fault)
	go func() { // which a death takes along
		if _, err := h.s.Migrate(t.Context(), MigrateInput{Dir: p.Dir, Move: true}); err != nil {
			return // the fault is told at once, or
		}
		_, _ = h.s.WaitMigration(t.Context()) // in what came of it
	}()
	synctest.Wait()
	ended = len(w.Calls())-calls <= n
	h.leave()
	w.Reboot()
	next := mustEnter(t, w, Options{})
	next.wantWhole()
	again := next.migrated(p, true)
	if again.Status != lab.MigrationDone {
		t.Errorf("%s at call %d: got %+v, want it done", fault, n, again)
	}
	next.wantBoth()
	for _, d := range p.Overlays {
		if _, err := os.Stat(d.Path); !os.IsNotExist(err) {
			t.Errorf("%s at call %d: %s: %v, want it gone", fault, n, d.Name, err)
		}
	}
	next.leave()
	return ended
}
