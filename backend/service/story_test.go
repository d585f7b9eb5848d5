package service

import (
	"testing"

	"sandboxlabs/backend/lab"
)

// The life of a node: made, booted, written to, wiped, wiped back, deleted.
func TestStory(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.done(h.s.Create(t.Context(), CreateInput{Name: "web", Image: "tiny", Start: true}))
		if v.State != lab.Running || v.VNC == nil || v.StartedAt == nil || v.VCPUs != 1 || v.MemoryMiB != 512 {
			t.Errorf("got %+v, want it running with the defaults", v)
		}
		h.Pool.Write(v.OverlayVolume(1), "file")
		wiped, err := h.s.Wipe(t.Context(), "web")
		if err != nil || wiped.State != lab.Stopping {
			t.Errorf("got %s, %v, want it stopping", wiped.State, err)
		}
		wiped = h.done(wiped, err)
		if wiped.State != lab.Running || wiped.ID != v.ID || wiped.MAC != v.MAC || wiped.Name != v.Name {
			t.Errorf("got %+v, want what it was, running", wiped)
		}
		h.wantText(wiped, "")
		if wiped.Undo == nil || wiped.Undo.Bytes <= 4<<20 {
			t.Errorf("got %+v, want the size of what was wiped", wiped.Undo)
		}
		undone := h.done(h.s.UndoWipe(t.Context(), "web"))
		h.wantText(undone, "file")
		if undone.State != lab.Running || undone.Undo != nil {
			t.Errorf("got %+v, want it running and nothing to undo", undone)
		}
		h.must(h.s.Delete(t.Context(), "web", true))
		if left := h.Pool.Names(); len(left) != 1 {
			t.Errorf("got %v, want the base alone", left)
		}
		h.wantSound()
	})
}
