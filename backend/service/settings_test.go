package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
)

// inSetHouse is a house whose settings can be changed.
func inSetHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	inHouse(t, func(t *testing.T, h *house) {
		h.leave()
		test(t, mustEnter(t, h.World, Options{Settings: h.Keeper}))
	})
}

func TestChangeSettingsTakesEffect(t *testing.T) {
	inSetHouse(t, func(t *testing.T, h *house) {
		all, err := h.s.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{"bulk.limit": "7"}})
		if err != nil || all.Items[0].Value != "7" || h.s.tuned().BulkLimit != 7 {
			t.Errorf("got %+v, %v, and %d at once", all, err, h.s.tuned().BulkLimit)
		}
		if p, err := h.s.Preferences(t.Context()); err != nil || p["bulk.limit"] != "7" {
			t.Errorf("pages are told %v, %v", p, err)
		}
		_, err = h.s.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{"colour": "red"}})
		h.wantError(err, lab.KindInvalid, "colour")
	})
}

func TestDesktopIsToldOfChanges(t *testing.T) {
	inSetHouse(t, func(t *testing.T, h *house) {
		events := h.s.Subscribe(t.Context())
		<-events
		want := lab.Desktop{Close: lab.CloseAsk, Tray: true}
		h.Keeper.Tune(lab.Tuning{Desktop: want}) // by hand
		time.Sleep(reconcileEvery)
		synctest.Wait()
		if e := <-events; e.Kind != lab.EventDesktop || !same(*e.Desktop, want) || !same(h.s.Desktop(), want) {
			t.Errorf("got %+v, want what the person wrote", e)
		}
		if _, err := h.s.Settings(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.made("web", "file")
		if e := <-events; e.Kind == lab.EventDesktop {
			t.Error("what did not change is told again")
		}
	})
}

func TestNewNodesFollowTheSettings(t *testing.T) {
	inSetHouse(t, func(t *testing.T, h *house) {
		h.Keeper.Tune(lab.Tuning{VCPUs: 3, MemoryMiB: 96, StopLimit: 90 * time.Second})
		if _, err := h.s.Settings(t.Context()); err != nil {
			t.Fatal(err)
		}
		v := h.must(h.s.Create(t.Context(), CreateInput{Name: "web", Image: "tiny", Start: true}))
		if v = h.done(v, nil); v.VCPUs != 3 || v.MemoryMiB != 96 {
			t.Errorf("got %d vCPUs and %d MiB, want those of the settings", v.VCPUs, v.MemoryMiB)
		}
		if got := v.StopLimit(h.s.tuned().StopLimit); got != 90*time.Second {
			t.Errorf("it may take %v to stop, want the settings' 90 s", got)
		}
	})
}

// Who sets too little by mistake has a minute to see it.
func TestLessIsKeptOnlyAfterAWhile(t *testing.T) {
	inSetHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		h.must(h.s.Wipe(t.Context(), "web"))
		time.Sleep(2 * time.Hour)
		tune := func(undo time.Duration) {
			h.Keeper.Tune(lab.Tuning{UndoTime: undo})
			if _, err := h.s.Settings(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		kept := func() bool { _, ok := h.Pool.Read(v.OverlayVolume(1)); return ok }
		tune(time.Hour)
		time.Sleep(mercyTime / 2)
		tune(24 * time.Hour) // back
		time.Sleep(2 * mercyTime)
		synctest.Wait()
		if !kept() {
			t.Error("the disk is gone though the change was taken back")
		}
		tune(time.Hour)
		if at := h.node("web").Undo.Until; !at.Before(time.Now()) {
			t.Errorf("undo is offered until %v", at)
		}
		time.Sleep(mercyTime + time.Second)
		synctest.Wait()
		if kept() {
			t.Error("the disk is still kept after a minute")
		}
	})
}
