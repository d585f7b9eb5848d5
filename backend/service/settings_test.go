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

// TestChangesOfTheSettingsAreTold: whoever made them, and also that they can not be read.
func TestChangesOfTheSettingsAreTold(t *testing.T) {
	inSetHouse(t, func(t *testing.T, h *house) {
		if _, err := h.s.Settings(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what   string
			change func() error
			want   string
		}{
			{"by hand", func() error { h.Keeper.Tune(lab.Tuning{BulkLimit: 9}); return nil }, "9"},
			{"by a page", func() error {
				_, err := h.s.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{"bulk.limit": "7"}})
				return err
			}, "7"},
			{"to nonsense", func() error { h.Keeper.Spoil(lab.Errorf(lab.KindInvalid, "line 3 is nonsense")); return nil }, ""},
			{"back", func() error { h.Keeper.Tune(lab.Tuning{BulkLimit: 7}); return nil }, "7"},
		} {
			events := h.s.Subscribe(t.Context())
			<-events
			if err := c.change(); err != nil {
				t.Fatal(err)
			}
			if e := <-events; e.Kind != lab.EventSettings {
				t.Errorf("%s: got %+v, want to hear of it", c.what, e)
			}
			all, err := h.s.Settings(t.Context())
			if got := len(all.Items) > 0 && all.Items[0].Value == c.want; got != (c.want != "") || (err == nil) != got {
				t.Errorf("%s: got %+v, %v, want %q", c.what, all, err, c.want)
			}
			synctest.Wait()
			select {
			case e := <-events:
				t.Errorf("%s: got %+v once more", c.what, e)
			default:
			}
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
