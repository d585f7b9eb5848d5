package service

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// TestRegistration follows a node through its life, at the gateway.
func TestRegistration(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		if row := h.wantRow(n.ID); row.VNC != nil {
			t.Errorf("got the display %+v of a node that is off, want none", row.VNC)
		}
		h.done(h.s.Start(t.Context(), n.ID))
		first := h.wantRow(n.ID)
		h.done(h.s.Wipe(t.Context(), n.ID))
		if second := h.wantRow(n.ID); second.Password == first.Password {
			t.Error("got the password of the boot before, want that of now")
		}
		h.done(h.s.ForceOff(t.Context(), n.ID))
		h.wantRow(n.ID)
		h.must(h.s.Rename(t.Context(), n.ID, "db"))
		h.wantRow(n.ID)
		h.must(h.s.Delete(t.Context(), n.ID, false))
		synctest.Wait()
		if rows := h.Gateway.Rows(); len(rows) > 0 {
			t.Errorf("got %+v after the node was deleted, want nothing", rows)
		}
		h.must(h.s.Restore(t.Context(), n.ID))
		h.wantRow(n.ID)
		h.must(h.s.Delete(t.Context(), n.ID, true))
		synctest.Wait()
		if rows := h.Gateway.Rows(); len(rows) > 0 {
			t.Errorf("got %+v after the node was purged, want nothing", rows)
		}
	})
}

// TestRegistrationOfOthersDoings lets virsh and another SandBoxLabs change the node.
func TestRegistrationOfOthersDoings(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		if err := h.Hypervisor.Virsh(n.ID, lab.PowerStart); err != nil {
			t.Fatal(err)
		}
		h.wantRow(n.ID)
		h.Hypervisor.SetPassword(n.ID, "another1")
		h.wantRow(n.ID)
		// It changes once more, between our reading it and our telling it.
		h.After("Registry.Register "+n.ID, func() { h.Hypervisor.SetPassword(n.ID, "another3") })
		h.Hypervisor.SetPassword(n.ID, "another2")
		if row := h.wantRow(n.ID); row.Password != "another3" {
			t.Errorf("got the password %q, want the last", row.Password)
		}
		if err := h.Hypervisor.Virsh(n.ID, lab.PowerForceOff); err != nil {
			t.Fatal(err)
		}
		h.wantRow(n.ID)
	})
}

// TestRegistrationWritesOnce counts what the gateway is told.
func TestRegistrationWritesOnce(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		synctest.Wait()
		h.done(h.s.Start(t.Context(), n.ID))
		synctest.Wait()
		count := func() (told int) {
			for _, call := range h.Calls() {
				if strings.HasPrefix(call, "Registry.Register") {
					told++
				}
			}
			return told
		}
		if got := count(); got != 2 {
			t.Errorf("told the gateway %d times of a node that was made and started, want 2", got)
		}
		time.Sleep(10 * reconcileEvery)
		if got := count(); got != 2 {
			t.Errorf("told the gateway %d times while nothing happened, want no more than 2", got)
		}
	})
}

// TestRegistrationFails has single writes fail: the node is none the worse, says
// so, and is registered by and by.
func TestRegistrationFails(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		for range 3 {
			h.Script.Fail("Registry.Register", labtest.FailBefore, lab.Errorf(lab.KindBusy, "the table is locked"))
		}
		n := h.made("web", "")
		synctest.Wait()
		got := h.must(h.s.Show(t.Context(), n.ID))
		if got.State != lab.Stopped || got.Problem != nil || got.Gateway.State != lab.Registering || got.Gateway.Problem.Message != "the table is locked" {
			t.Errorf("got %+v, want a sound node that could not be registered yet", got)
		}
		time.Sleep(10 * time.Second)
		h.wantRow(n.ID)
	})
}

// TestConnectionsOfOthers has another process make a node just when the
// connections are compared: its connection is no orphan.
func TestConnectionsOfOthers(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		spec := h.made("web", "").NodeSpec
		spec.ID, spec.Name = "11111111-2222-4333-8444-555555555555", "theirs"
		synctest.Wait()
		h.Hypervisor.Unheard(func() {
			if err := h.Hypervisor.Define(t.Context(), spec, lab.Disk{Overlay: "x"}); err != nil {
				t.Fatal(err)
			}
		})
		r, err := h.Gateway.Open(t.Context(), gatewayAccess(h), func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Register(t.Context(), lab.Connection{ID: spec.ID, Name: spec.Name}); err != nil {
			t.Fatal(err)
		}
		(&attendance{s: h.s, registry: r}).compare(t.Context())
		synctest.Wait()
		for _, call := range h.Calls() {
			if call == "Registry.Remove "+spec.ID {
				t.Error("the connection of another's node was removed")
			}
		}
	})
}

func gatewayAccess(h *house) lab.GatewayAccess {
	a := h.Gateway.Access()
	a.Owner = "ann@lab (session)"
	return a
}

// TestPassingProcess is a command: it tells the gateway of what it does, and
// leaves everything else alone.
func TestPassingProcess(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		old := h.made("old", "")
		synctest.Wait()
		h.leave()
		h.Gateway.DeleteRow(old.ID)
		o := gatewayOptions(h.World)
		o.Resident = false
		passing := mustEnter(t, h.World, o)
		if got := h.Gateway.Opened(); got != 0 {
			t.Error("a command that does nothing opened the gateway")
		}
		young := passing.made("young", "")
		passing.done(passing.s.Start(t.Context(), young.ID))
		if err := passing.s.SettleGateway(t.Context()); err != nil {
			t.Fatal(err)
		}
		passing.wantRow(young.ID)
		if _, ok := h.Gateway.Row(old.ID); ok {
			t.Error("a command told the gateway of a node that it did not change")
		}
	})
}

// TestPassingProcessWithoutDatabase must not be held up.
func TestPassingProcessWithoutDatabase(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		h.leave()
		h.Gateway.Disconnect()
		o := gatewayOptions(h.World)
		o.Resident = false
		passing := mustEnter(t, h.World, o)
		passing.made("web", "")
		begun := time.Now()
		if err := passing.s.SettleGateway(t.Context()); err != nil || time.Since(begun) > 0 {
			t.Errorf("got %v after %s, want to go on at once", err, time.Since(begun))
		}
	})
}

// TestHundredAtOnce registers as many nodes as a classroom has.
func TestHundredAtOnce(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		ids := make(map[string]bool)
		for i := range 100 {
			ids[h.made("n"+string(rune('a'+i/26))+string(rune('a'+i%26)), "").ID] = true
		}
		h.Gateway.Disconnect()
		h.Gateway.Connect()
		time.Sleep(time.Duration(longestPause))
		for id := range ids {
			h.wantRow(id)
		}
		if got := len(h.Gateway.Rows()); got != 100 {
			t.Errorf("got %d connections, want 100", got)
		}
	})
}

// TestParameters sets parameters of the connection.
func TestParameters(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		set := map[string]string{"read-only": "true", "color-depth": "16"}
		h.must(h.s.Set(t.Context(), n.ID, SetInput{Guacamole: set}))
		if row := h.wantRow(n.ID); !maps.Equal(row.Parameters, set) {
			t.Errorf("got the parameters %v, want %v", row.Parameters, set)
		}
		_, err := h.s.Set(t.Context(), n.ID, SetInput{Guacamole: map[string]string{"disable-server-input": "true"}})
		if lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("got %v, want it refused", err)
		}
		h.must(h.s.Set(t.Context(), n.ID, SetInput{Guacamole: map[string]string{}}))
		if row := h.wantRow(n.ID); len(row.Parameters) > 0 {
			t.Errorf("got the parameters %v after they were taken away", row.Parameters)
		}
	})
}

// TestSlowGateway has the database hold everything up for longer than anybody
// waits: no verb takes a moment longer.
func TestSlowGateway(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.wantRow(n.ID)
		h.After("Registry.Register "+n.ID, func() { time.Sleep(time.Minute) })
		begun := time.Now()
		h.done(h.s.Start(t.Context(), n.ID))
		h.done(h.s.ForceOff(t.Context(), n.ID))
		h.must(h.s.Rename(t.Context(), n.ID, "db"))
		h.must(h.s.Delete(t.Context(), n.ID, true))
		if took := time.Since(begun); took > 0 {
			t.Errorf("took %s, want no time at all", took)
		}
		time.Sleep(2 * time.Minute)
		if rows := h.Gateway.Rows(); len(rows) > 0 {
			t.Errorf("got %+v, want nothing of the node that was deleted meanwhile", rows)
		}
	})
}

// TestRegistrationThatNeverWorks touches a node again and again that the gateway
// refuses: it is asked ever less often, not ever more.
func TestRegistrationThatNeverWorks(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.must(h.s.Set(t.Context(), n.ID, SetInput{Guacamole: map[string]string{"recording-name": "web"}})) // there is no folder for it
		tried := func() (times int) {
			for _, call := range h.Calls() {
				if strings.HasPrefix(call, "Registry.Register") {
					times++
				}
			}
			return times
		}
		for range 20 {
			time.Sleep(8 * time.Second)
			h.must(h.s.Set(t.Context(), n.ID, SetInput{Notes: new(string)}))
		}
		before := tried()
		time.Sleep(10 * time.Minute)
		if got, most := tried()-before, int(10*time.Minute/time.Duration(longestPause))+int(10*time.Minute/reconcileEvery)+2; got > most {
			t.Errorf("asked %d times in ten minutes, want at most %d", got, most)
		}
		h.must(h.s.Set(t.Context(), n.ID, SetInput{Guacamole: map[string]string{}}))
		h.wantRow(n.ID)
	})
}

// TestRegistrationIsUnknownAfterALoss has the database go: at once no node is
// said to be registered.
func TestRegistrationIsUnknownAfterALoss(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.wantRow(n.ID)
		h.Gateway.Disconnect()
		synctest.Wait()
		if got := h.must(h.s.Show(t.Context(), n.ID)).Gateway; got.State != lab.Registering || got.Problem == nil {
			t.Errorf("got %+v, want it registering, with the reason", got)
		}
	})
}

// TestTunnelWaitsForTheRegistration opens a console in the moment in which its
// node is being registered, and when that takes too long.
func TestTunnelWaitsForTheRegistration(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.wantRow(n.ID)
		for takes, kind := range map[time.Duration]lab.Kind{time.Second: "", time.Minute: lab.KindUnavailable} {
			h.After("Registry.Register "+n.ID, func() { time.Sleep(takes) })
			h.done(h.s.Start(t.Context(), n.ID))
			begun := time.Now()
			_, err := h.s.OpenTunnel(t.Context(), n.ID, lab.TunnelRequest{})
			if waited := time.Since(begun); lab.KindOf(err) != kind || waited > registeredLimit {
				t.Errorf("got %v after %s for a registration that takes %s, want kind %q", err, waited, takes, kind)
			}
			time.Sleep(2 * time.Minute)
			h.done(h.s.ForceOff(t.Context(), n.ID))
			h.wantRow(n.ID)
		}
	})
}
