package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func (h *house) virsh(id string, action lab.PowerAction) {
	h.Helper()
	if err := h.Hypervisor.Virsh(id, action); err != nil {
		h.Fatal(err)
	}
	synctest.Wait()
}

// What virsh does to a node shows, and is written down.
func TestVirshPower(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		time.Sleep(time.Minute)
		h.virsh(v.ID, lab.PowerStart)
		v = h.wantState("web", lab.Running)
		if v.StartedAt == nil || time.Since(*v.StartedAt) != 0 {
			t.Errorf("started at %v, want now", v.StartedAt)
		}
		h.wantSound()
		h.virsh(v.ID, lab.PowerPause)
		h.wantState("web", lab.Paused)
		h.virsh(v.ID, lab.PowerResume)
		h.wantState("web", lab.Running)
		h.Pool.Write(v.OverlayVolume(1), "four")
		h.virsh(v.ID, lab.PowerForceOff)
		if v := h.wantState("web", lab.Stopped); v.Overlay.Bytes < 4<<20 {
			t.Errorf("got %d bytes, want them measured after the stop", v.Overlay.Bytes)
		}
	})
}

func TestVirshEdit(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		h.Hypervisor.VirshEdit(v.ID, func(s *lab.NodeSpec) { s.Name, s.VCPUs, s.MemoryMiB = "www", 4, 1024 })
		synctest.Wait()
		if got := h.node("www"); got.ID != v.ID || got.VCPUs != 4 || got.MemoryMiB != 1024 {
			t.Errorf("got %+v, want what virsh made of it", got)
		}
		h.wantSound()
	})
}

// A snapshot puts the node on a file of which only libvirt knows. What needs no
// other disk leaves it there, and what would lose it is refused.
func TestVirshSnapshot(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		if _, err := h.s.Wipe(t.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		h.Hypervisor.VirshSnapshot(v.ID)
		synctest.Wait()
		file := h.node("web").Overlay.Path
		notes := "changed"
		if _, err := h.s.Set(t.Context(), "web", SetInput{Notes: &notes}); err != nil {
			t.Error(err)
		}
		if _, err := h.s.Start(t.Context(), "web"); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		h.wantState("web", lab.Running)
		h.virsh(v.ID, lab.PowerForceOff)
		if got := h.wantState("web", lab.Stopped); got.Overlay.Path != file || got.Notes != notes {
			t.Errorf("got %+v, want it changed on %s", got, file)
		}
		_, wipe := h.s.Wipe(t.Context(), "web")
		_, undo := h.s.UndoWipe(t.Context(), "web")
		_, clone := h.s.Clone(t.Context(), "web", CloneInput{Name: "two", CopyDisk: true})
		for verb, err := range map[string]error{"wipe": wipe, "undo": undo, "clone": clone} {
			if lab.KindOf(err) != lab.KindBusy {
				t.Errorf("%s: got %v, want KindBusy", verb, err)
			}
		}
	})
}

// A start that no hint told of is written down by whichever reading finds it.
func TestVirshStartFoundByAReading(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		h.leave()
		h.virsh(v.ID, lab.PowerStart)
		h = mustEnter(t, h.World, Options{})
		if v := h.wantState("web", lab.Running); v.StartedAt == nil {
			t.Error("it runs and was never started")
		}
		h.wantSound()
	})
}

// What virsh changed just before it undefined the node is not lost with the domain.
func TestVirshEditThenUndefine(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		unlock, err := h.Store.Lock(t.Context(), v.ID) // so that it can not be saved at once
		if err != nil {
			t.Fatal(err)
		}
		h.Hypervisor.VirshEdit(v.ID, func(s *lab.NodeSpec) { s.Name = "www" })
		synctest.Wait()
		unlock()
		h.Hypervisor.VirshUndefine(v.ID)
		synctest.Wait()
		h.wantState("www", lab.Missing)
	})
}

// virsh may give a node a name that we would not; it shows, and can be mended.
func TestVirshBreaksTheRules(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		h.Hypervisor.VirshEdit(v.ID, func(s *lab.NodeSpec) { s.Name, s.VCPUs = "a b", 2 })
		synctest.Wait()
		if got := h.node("a b"); got.VCPUs != 2 || got.Image != "tiny" {
			t.Errorf("got %+v, want what virsh made of it", got)
		}
		_, err := h.s.Start(h.Context(), "a b")
		h.wantError(err, lab.KindInvalid, "not a valid name")
		h.must(h.s.Rename(h.Context(), "a b", "web"))
		h.wantText(h.done(h.s.Start(h.Context(), "web")), "file")
		h.wantSound()
	})
}

func TestVirshUndefine(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "file")
		h.Hypervisor.VirshUndefine(v.ID)
		synctest.Wait()
		h.wantState("web", lab.Running)
		h.virsh(v.ID, lab.PowerForceOff)
		if got := h.wantState("web", lab.Missing); got.Problem == nil || got.Problem.Hint == "" {
			t.Errorf("got %+v, want a problem with the way out", got.Problem)
		}
		_, err := h.s.Start(t.Context(), "web")
		h.wantError(err, lab.KindBusy, "gone from libvirt")
		h.must(h.s.Restore(t.Context(), "web"))
		h.wantText(h.done(h.s.Start(t.Context(), "web")), "file")
		h.wantSound()
	})
}

// A node that is missing can be forgotten, and that can be undone too.
func TestForgetAMissingNode(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		h.Hypervisor.VirshUndefine(v.ID)
		synctest.Wait()
		h.must(h.s.Delete(t.Context(), "web", false))
		_, err := h.s.Show(t.Context(), "web")
		h.wantError(err, lab.KindNotFound, "web")
		h.wantText(h.must(h.s.Restore(t.Context(), "web")), "file")
	})
}

func TestGuestCrash(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.GuestCrash(v.ID)
		synctest.Wait()
		if got := h.wantState("web", lab.Failed); got.Problem == nil {
			t.Error("got no problem, want the crash")
		}
		if got := h.done(h.s.Start(t.Context(), "web")); got.State != lab.Running || got.Problem != nil {
			t.Errorf("got %s, %+v, want it running again", got.State, got.Problem)
		}
	})
}

// A node whose record is gone, or can not be read, is served from its domain.
func TestAdoption(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		lost, corrupt := h.made("lost", "a"), h.made("corrupt", "b")
		h.leave()
		h.Store.Lose(lost.ID)
		h.Store.Corrupt(corrupt.ID)
		next := mustEnter(t, h.World, Options{})
		next.wantText(next.node("lost"), "a")
		next.wantText(next.node("corrupt"), "b")
		if got := next.check("specs"); got.Status != lab.CheckWarning {
			t.Errorf("got %+v, want the unreadable record told", got)
		}
		next.wantSound()
	})
}

// A domain that can not be read whole keeps what the store knows of it.
func TestDamagedDomain(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		h.done(h.s.Wipe(t.Context(), "web"))
		h.Hypervisor.VirshEdit(v.ID, func(s *lab.NodeSpec) { s.Image, s.Kept = "", nil })
		h.Hypervisor.Spoil(v.ID, &lab.Problem{Kind: lab.KindInternal, Message: "the metadata is damaged"})
		h.leave()
		next := mustEnter(t, h.World, Options{})
		got := next.node("web")
		if got.Image != "tiny" || got.Undo == nil || got.Problem == nil {
			t.Errorf("got %+v, want the stored spec and a problem", got)
		}
		next.wantText(next.done(next.s.UndoWipe(t.Context(), "web")), "file")
	})
}

func TestLostConnection(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		events := h.s.Subscribe(t.Context())
		drain(events)
		h.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirtd is gone").WithHint("start it"))
		got := drain(events)
		if len(got) != 1 || got[0].Link == nil || got[0].Link.Connected || got[0].Link.Problem == nil {
			t.Fatalf("got %+v, want the link with its problem alone", got)
		}
		h.wantState("web", lab.Running)
		_, err := h.s.Wipe(t.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "libvirtd is gone")
		h.wantError(h.s.Ready(t.Context()), lab.KindUnavailable, "libvirtd is gone")
		if err := h.Hypervisor.Virsh(v.ID, lab.PowerForceOff); err != nil {
			t.Fatal(err)
		}
		h.Hypervisor.Connect()
		if err := h.s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantState("web", lab.Stopped)
		h.wantSound()
	})
}

// Without libvirt the nodes of the store show, and are not said to be missing.
func TestNoConnectionAtStart(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.leave()
		h.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirtd does not run"))
		next := enter(t, h.World, Options{})
		next.wantError(next.s.Ready(t.Context()), lab.KindUnavailable, "libvirtd does not run")
		next.wantState("web", lab.Stopped)
		h.Hypervisor.Connect()
		if err := next.s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		next.wantSound()
	})
}

// What no hint told is found by the slow reconciliation.
func TestReconciliationHeals(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		other := mustEnter(t, h.World, Options{})
		other.Store.Lose(other.node("web").ID)
		time.Sleep(reconcileEvery)
		other.wantSound()
	})
}

// Nothing is read for nobody, unless a node runs; who looks again sees what is.
func TestReconciliationRests(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		id := h.made("web", "").ID
		listed := func() bool {
			_, found := h.Store.Spec(id)
			return found
		}
		h.s.Unseen(true)
		h.Store.Lose(id)
		time.Sleep(3 * reconcileEvery)
		if listed() {
			t.Error("it was read while nobody looked")
		}
		h.s.Unseen(false)
		synctest.Wait()
		h.wantSound()
		h.s.Unseen(true)
		time.Sleep(2 * reconcileEvery) // it rests
		if err := h.Hypervisor.Power(t.Context(), id, lab.PowerStart); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		h.Store.Lose(id)
		time.Sleep(2 * reconcileEvery)
		h.wantSound()
	})
}

// Two processes at once see what the other does, and do not harm each other.
func TestTwoProcesses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		other := mustEnter(t, h.World, Options{})
		v := h.made("web", "file")
		synctest.Wait()
		other.wantState("web", lab.Stopped)
		other.done(other.s.Start(t.Context(), "web"))
		synctest.Wait()
		h.wantState("web", lab.Running)
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: 10 * time.Second})
		h.must(h.s.Stop(t.Context(), "web"))
		_, err := other.s.Wipe(t.Context(), "web")
		other.wantError(err, lab.KindBusy, "another SandBoxLabs")
		h.must(h.s.Wait(t.Context(), "web"))
		other.done(other.s.Wipe(t.Context(), "web"))
		synctest.Wait()
		h.wantText(h.done(h.s.UndoWipe(t.Context(), "web")), "file")
		other.must(other.s.Delete(t.Context(), "web", false))
		synctest.Wait()
		_, err = h.s.Show(t.Context(), "web")
		h.wantError(err, lab.KindNotFound, "web")
		h.must(h.s.Restore(t.Context(), "web"))
		synctest.Wait()
		other.wantState("web", lab.Stopped)
		other.must(other.s.Delete(t.Context(), "web", true))
		time.Sleep(reconcileEvery)
		for _, x := range []*house{h, other} {
			if nodes, err := x.s.List(t.Context()); err != nil || len(nodes) != 0 {
				t.Errorf("got %+v, %v, want no nodes", nodes, err)
			}
		}
		h.wantSound()
	})
}
