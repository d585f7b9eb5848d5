package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// TestTheClockIsSetBack: each bubble begins at the same time, so that the second start
// is days before what the first one did. A wiped disk is then kept longer, never shorter.
func TestTheClockIsSetBack(t *testing.T) {
	w := labtest.NewWorld()
	w.Library.MustAddImage(t, "tiny")
	var wiped lab.Node
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(72 * time.Hour)
		h := mustEnter(t, w, Options{})
		h.made("web", "file")
		wiped = h.must(h.s.Wipe(h.Context(), "web"))
		h.leave()
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		h := mustEnter(t, w, Options{})
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		h.wantText(h.must(h.s.UndoWipe(h.Context(), "web")), "file")
		again := h.must(h.s.Wipe(h.Context(), "web"))
		if again.Undo == nil || again.Undo.Generation != 1 || again.Generation <= wiped.Generation {
			t.Errorf("got %+v after another wipe, want it to be undone by the first disk", again)
		}
		h.wantSound()
	})
}

// TestTheClockJumps: what was to be kept for a day is gone once a computer comes back
// after two, whatever timer was set before.
func TestTheClockJumps(t *testing.T) {
	w := labtest.NewWorld()
	w.Library.MustAddImage(t, "tiny")
	synctest.Test(t, func(t *testing.T) {
		h := mustEnter(t, w, Options{})
		h.made("web", "file")
		h.must(h.s.Wipe(h.Context(), "web"))
		h.leave()
		synctest.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(48 * time.Hour)
		h := mustEnter(t, w, Options{})
		synctest.Wait()
		if got := h.node("web"); got.Undo != nil {
			t.Errorf("got %+v to undo two days later, want nothing", got.Undo)
		}
		h.wantSound()
	})
}
