package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
)

func TestWipedDisksArePurgedInTime(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "file")
		v := h.must(h.s.Wipe(h.Context(), "web"))
		time.Sleep(24*time.Hour - time.Second)
		if _, ok := h.Pool.Read(v.OverlayVolume(1)); !ok {
			t.Error("the wiped disk is gone before its time")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if _, ok := h.Pool.Read(v.OverlayVolume(1)); ok {
			t.Error("the wiped disk is there after its time")
		}
		if got := h.node("web"); got.Undo != nil || len(got.Kept) != 0 {
			t.Errorf("got %+v, want nothing to undo", got)
		}
		h.wantSound()
	})
}

func TestDeletedNodesArePurgedInTime(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "file")
		h.must(h.s.Delete(h.Context(), "web", false))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		_, err := h.s.Restore(h.Context(), "web")
		h.wantError(err, lab.KindNotFound, "web")
		if left := h.Pool.Names(); len(left) != 1 {
			t.Errorf("left %v, want the base alone", left)
		}
	})
}

// Beyond the limit the oldest goes first, wiped or deleted alike.
func TestTheOldestIsPurgedBeyondTheLimit(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.leave()
		h = mustEnter(t, h.World, Options{Tuning: lab.Tuning{UndoBytes: 20 << 20}})
		web, db := h.made("web", "12345678"), h.made("db", "12345678")
		h.must(h.s.Delete(h.Context(), "db", false))
		time.Sleep(time.Minute)
		h.must(h.s.Wipe(h.Context(), "web"))
		synctest.Wait()
		if _, ok := h.Pool.Read(db.OverlayVolume(1)); !ok {
			t.Error("the deleted node is gone though both fit")
		}
		time.Sleep(time.Minute)
		h.made("app", "12345678")
		h.must(h.s.Wipe(h.Context(), "app"))
		synctest.Wait()
		if _, ok := h.Pool.Read(db.OverlayVolume(1)); ok {
			t.Error("the deleted node, which was first, is still there")
		}
		if _, ok := h.Pool.Read(web.OverlayVolume(1)); !ok {
			t.Error("the wiped disk is gone, though without the deleted node there was room")
		}
		h.wantSound()
	})
}

// However small they are, a node does not keep disks without end: its spec
// would become one that nobody can read any more.
func TestTheOldestOfTooManyIsPurged(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "first")
		h.made("db", "other")
		h.must(h.s.Wipe(h.Context(), "db"))
		for range maxKept + 1 {
			h.must(h.s.Wipe(h.Context(), "web"))
			synctest.Wait()
		}
		if _, ok := h.Pool.Read(v.OverlayVolume(1)); ok {
			t.Error("the oldest disk is still there")
		}
		if got := h.node("web"); len(got.Kept) != maxKept || got.Kept[0].Generation != 2 {
			t.Errorf("kept %d disks from generation %d, want %d from 2", len(got.Kept), got.Kept[0].Generation, maxKept)
		}
		if got := h.node("db"); len(got.Kept) != 1 {
			t.Errorf("another node keeps %d disks, want its own", len(got.Kept))
		}
		h.wantSound()
	})
}

// Many wipes and undos go back and forth between whole disks.
func TestWipesAndUndos(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "one")
		h.must(h.s.Wipe(h.Context(), "web"))
		h.Pool.Write(v.OverlayVolume(2), "two")
		h.wantText(h.must(h.s.UndoWipe(h.Context(), "web")), "one")
		v = h.must(h.s.Wipe(h.Context(), "web"))
		if v.Generation != 3 {
			t.Errorf("got generation %d, want one never used: 3", v.Generation)
		}
		h.wantText(h.must(h.s.UndoWipe(h.Context(), "web")), "one")
		_, err := h.s.UndoWipe(h.Context(), "web")
		h.wantError(err, lab.KindNotFound, "no wipe to undo")
		h.wantSound()
	})
}

// Overlays of nobody are told if anyone wrote to them, and swept otherwise.
func TestOrphans(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		empty, written := lab.NodeSpec{ID: "11111111-1111-4111-8111-111111111111"}, lab.NodeSpec{ID: "22222222-2222-4222-8222-222222222222"}
		base := h.made("web", "").Base
		for _, spec := range []lab.NodeSpec{empty, written} {
			if _, err := h.Pool.CreateOverlay(h.Context(), spec.OverlayVolume(1), base, 0); err != nil {
				t.Fatal(err)
			}
		}
		h.Pool.Write(written.OverlayVolume(1), "file")
		h.leave()
		next := mustEnter(t, h.World, Options{})
		if _, ok := h.Pool.Read(empty.OverlayVolume(1)); ok {
			t.Error("the empty orphan is still there")
		}
		next.wantSound()
	})
}
