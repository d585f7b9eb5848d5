package service

import "testing"

func TestShowMeasuresWhatAnActiveNodeHasWritten(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "a")
		before := h.node("web").Overlay.Bytes
		h.Pool.Write(v.OverlayVolume(v.Generation), "much more than before")
		if after := h.node("web").Overlay.Bytes; after <= before {
			t.Errorf("got %d bytes after %d, want more", after, before)
		}
	})
}
