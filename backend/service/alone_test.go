package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// A guest that powers off is told from a node that somebody stopped, until it is started again.
func TestGuestPowersOff(t *testing.T) {
	for name, test := range map[string]struct {
		off  func(h *house, id string)
		want bool
	}{
		"by itself": {func(h *house, id string) { h.Hypervisor.GuestOff(id) }, true},
		"by us":     {func(h *house, id string) { h.done(h.s.Stop(h.Context(), id)) }, false},
		"by virsh":  {func(h *house, id string) { h.virsh(id, lab.PowerForceOff) }, false},
		"by another of us": {func(h *house, id string) {
			unlock, err := h.Store.Lock(h.Context(), id)
			if err != nil {
				h.Fatal(err)
			}
			h.virsh(id, lab.PowerShutdown)
			unlock()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(_ *testing.T, h *house) {
				v := h.running("web", "")
				test.off(h, v.ID)
				synctest.Wait()
				if got := h.wantState("web", lab.Stopped); got.PoweredOff != test.want {
					h.Errorf("powered off by itself: %t, want %t", got.PoweredOff, test.want)
				}
				if got := h.done(h.s.Start(h.Context(), "web")); got.PoweredOff {
					h.Error("it runs, and is told to have powered off")
				}
				h.virsh(v.ID, lab.PowerForceOff)
				if h.wantState("web", lab.Stopped).PoweredOff {
					h.Error("virsh ended it, and its guest is told to have")
				}
			})
		})
	}
}

// That the pool's disk is nearly full is told when something of ours has grown,
// or the next reconciliation finds it, and once.
func TestRoomIsTold(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		events := h.s.Subscribe(t.Context())
		if first := <-events; first.Room == nil || first.Room.Status != lab.CheckOK {
			t.Errorf("at first there is %+v, want room enough", first.Room)
		}
		room := func(want lab.CheckStatus) {
			t.Helper()
			for e := range events {
				if e.Kind != lab.EventRoom {
					continue
				}
				if e.Room.Status != want || e.Room.Bytes == 0 || e.Room.Path == "" {
					t.Errorf("told %+v, want it %s", e.Room, want)
				}
				return
			}
		}
		path := labtest.MustQCOW2(t, "disk.qcow2", 8<<20, labtest.NoFlaw)
		begun := time.Now()
		h.Pool.SetFree(4 << 30)
		if _, err := h.s.AddImage(t.Context(), AddImageInput{Path: path}); err != nil {
			t.Fatal(err)
		}
		room(lab.CheckWarning)
		if took := time.Since(begun); took >= reconcileEvery {
			t.Errorf("told after %s, want it told when the image was there", took)
		}
		h.Pool.SetFree(1 << 20)
		room(lab.CheckFailed) // time passes: nothing else is to be awaited
		h.Pool.SetFree(100 << 30)
		room(lab.CheckOK)
	})
}
