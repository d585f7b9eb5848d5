package service

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// external are settings of a gateway as the world has one.
func external(w *labtest.World) lab.GatewaySettings {
	a := w.Gateway.Access()
	return lab.GatewaySettings{Mode: lab.GatewayExternal, URL: a.URL, DSN: a.DSN}
}

func gatewayOptions(w *labtest.World) Options {
	return Options{Gateway: w.Gateway, Stack: w.Stack, Settings: w.Keeper, Owner: "ann@lab (session)", Resident: true}
}

// atGateway runs a test in a house whose gateway is the world's.
func atGateway(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		if err := w.Keeper.SaveGateway(t.Context(), external(w)); err != nil {
			t.Fatal(err)
		}
		test(t, mustEnter(t, w, gatewayOptions(w)))
	})
}

// wantRow checks that the gateway holds just what the node is, and says so.
func (h *house) wantRow(id string) lab.Connection {
	h.Helper()
	synctest.Wait()
	n := h.must(h.s.Show(h.Context(), id))
	row, ok := h.Gateway.Row(n.ID)
	want := lab.Connection{ID: n.ID, Name: n.Name, Parameters: n.Guacamole}
	if n.State.Active() {
		var err error
		if want.VNC, want.Password, err = h.Hypervisor.Display(h.Context(), n.ID); err != nil {
			h.Fatal(err)
		}
	}
	if !ok || !lab.SameConnection(row, want) {
		h.Errorf("got the connection %+v (%v), want %+v", row, ok, want)
	}
	if n.Gateway.State != lab.Registered {
		h.Errorf("got the registration %+v, want it registered", n.Gateway)
	}
	return row
}

func (h *house) wantStatus(want lab.GatewayState) lab.GatewayStatus {
	h.Helper()
	synctest.Wait()
	report, err := h.s.Gateway(h.Context())
	if err != nil || report.Status.State != want {
		h.Errorf("got the status %+v and %v, want it %s", report.Status, err, want)
	}
	return report.Status
}

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

// TestGatewayHeals changes what the gateway holds by hand; the slow comparison
// puts it right.
func TestGatewayHeals(t *testing.T) {
	for what, harm := range map[string]func(h *house, id string){
		"a connection deleted": func(h *house, id string) { h.Gateway.DeleteRow(id) },
		"a connection renamed": func(h *house, id string) { h.Gateway.RenameRow(id, "mine") },
		"a port changed": func(h *house, id string) {
			h.Gateway.EditRow(id, func(c *lab.Connection) { c.VNC = &lab.VNC{Host: "127.0.0.1", Port: 1} })
		},
		"a parameter added": func(h *house, id string) {
			h.Gateway.EditRow(id, func(c *lab.Connection) { c.Parameters = map[string]string{"enable-sftp": "true"} })
		},
	} {
		t.Run(what, func(t *testing.T) {
			atGateway(t, func(t *testing.T, h *house) {
				n := h.made("web", "")
				h.done(h.s.Start(t.Context(), n.ID))
				h.wantRow(n.ID)
				harm(h, n.ID)
				time.Sleep(reconcileEvery)
				h.wantRow(n.ID)
				if rows := h.Gateway.Rows(); len(rows) != 1 {
					t.Errorf("got %+v, want one connection", rows)
				}
			})
		})
	}
}

// TestGatewayRestored brings back an old database under our feet: the
// connection of a node made since is made anew, that of one deleted since goes.
func TestGatewayRestored(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		old := h.made("old", "")
		synctest.Wait()
		restore := h.Gateway.Backup()
		h.must(h.s.Delete(t.Context(), old.ID, true))
		young := h.made("young", "")
		h.wantRow(young.ID)
		restore()
		time.Sleep(reconcileEvery)
		h.wantRow(young.ID)
		if rows := h.Gateway.Rows(); len(rows) != 1 {
			t.Errorf("got %+v, want the young node's connection alone", rows)
		}
	})
}

// TestWithoutDatabase has no database at the start, loses it, and has it back:
// the nodes go on as if there were no gateway, and are registered afterwards.
func TestWithoutDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		if err := w.Keeper.SaveGateway(t.Context(), external(w)); err != nil {
			t.Fatal(err)
		}
		w.Gateway.Disconnect()
		h := mustEnter(t, w, gatewayOptions(w))
		if p := h.wantStatus(lab.GatewayFailed).Problem; p == nil || p.Hint == "" {
			t.Errorf("got the problem %+v, want one with a remedy", p)
		}
		n := h.made("web", "")
		h.done(h.s.Start(t.Context(), n.ID))
		if got := h.must(h.s.Show(t.Context(), n.ID)); got.State != lab.Running || got.Problem != nil || got.Gateway.State != lab.Registering || got.Gateway.Problem == nil {
			t.Errorf("got %+v without a database, want it running, and registering with the reason", got)
		}
		h.Gateway.Connect()
		time.Sleep(time.Duration(longestPause))
		h.wantStatus(lab.GatewayReady)
		h.wantRow(n.ID)

		h.Gateway.Disconnect()
		h.wantStatus(lab.GatewayFailed)
		h.done(h.s.ForceOff(t.Context(), n.ID))
		other := h.made("other", "")
		h.must(h.s.Delete(t.Context(), n.ID, true))
		h.Gateway.Connect()
		time.Sleep(time.Duration(longestPause))
		h.wantRow(other.ID)
		if rows := h.Gateway.Rows(); len(rows) != 1 {
			t.Errorf("got %+v, want nothing left of the node deleted meanwhile", rows)
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

// TestWithoutWebApp takes the web application down under a sound database.
func TestWithoutWebApp(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.done(h.s.Start(t.Context(), n.ID))
		h.wantStatus(lab.GatewayReady)
		h.Gateway.SetWebApp(false)
		if _, err := h.s.ConsoleLink(t.Context(), n.ID); lab.KindOf(err) != lab.KindUnavailable {
			t.Errorf("got %v of a link, want it unavailable", err)
		}
		h.wantStatus(lab.GatewayFailed)
		h.wantRow(n.ID) // the database is sound
		h.Gateway.SetWebApp(true)
		time.Sleep(time.Duration(longestPause))
		h.wantStatus(lab.GatewayReady)
		if _, err := h.s.OpenTunnel(t.Context(), n.ID, lab.TunnelRequest{}); err != nil {
			t.Errorf("got %v of a tunnel, want one", err)
		}
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

// TestSetGateway switches it on, to what is wrong, and off, while it runs.
func TestSetGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		h := mustEnter(t, w, gatewayOptions(w))
		n := h.made("web", "")
		if got := h.must(h.s.Show(t.Context(), n.ID)).Gateway.State; got != lab.Direct {
			t.Errorf("got the registration %s without a gateway, want it direct", got)
		}
		for what, in := range map[string]lab.GatewaySettings{
			"no mode":          {},
			"no address":       {Mode: lab.GatewayExternal, DSN: external(w).DSN},
			"another's scheme": {Mode: lab.GatewayExternal, URL: "file:///etc", DSN: external(w).DSN},
			"no database":      {Mode: lab.GatewayExternal, URL: external(w).URL},
			"a port too high":  {Mode: lab.GatewayStack, WebPort: 65536},
		} {
			if _, err := h.s.SetGateway(t.Context(), in); lab.KindOf(err) != lab.KindInvalid || lab.ProblemOf(err).Hint == "" {
				t.Errorf("%s: got %v, want it refused with a remedy", what, err)
			}
		}
		if _, err := h.s.SetGateway(t.Context(), external(w)); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayReady)
		h.wantRow(n.ID)
		report, err := h.s.Gateway(t.Context())
		if err != nil || strings.Contains(report.Settings.DSN, "secret") || !strings.Contains(report.Settings.DSN, "ours") {
			t.Errorf("got the DSN %q and %v, want it without its password", report.Settings.DSN, err)
		}
		report.Settings.Recordings = "/recordings"
		if _, err := h.s.SetGateway(t.Context(), report.Settings); err != nil || !strings.Contains(h.Keeper.Gateway().DSN, "secret") {
			t.Errorf("got %v and %+v kept, want the password to stay", err, h.Keeper.Gateway().Recordings)
		}
		h.wantStatus(lab.GatewayReady)
		if _, err := h.s.SetGateway(t.Context(), lab.GatewaySettings{Mode: lab.GatewayOff}); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayIsOff)
		if got := h.must(h.s.Show(t.Context(), n.ID)).Gateway.State; got != lab.Direct {
			t.Errorf("got the registration %s when it was off, want it direct", got)
		}
		if got := h.Gateway.Opened(); got != 0 {
			t.Errorf("got the gateway open %d times when it is off, want 0", got)
		}
	})
}

// TestStack brings the containers up, and down while they are coming up.
func TestStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		h := mustEnter(t, w, gatewayOptions(w))
		n := h.made("web", "")
		release := h.Stack.HoldUp()
		status, err := h.s.GatewayUp(t.Context())
		if err != nil || status.State != lab.GatewayStarting {
			t.Errorf("got %+v and %v, want it starting", status, err)
		}
		if got := h.wantStatus(lab.GatewayStarting).Progress; got == "" {
			t.Error("got no progress while the containers come up")
		}
		if _, err := h.s.GatewayUp(t.Context()); lab.KindOf(err) != lab.KindBusy {
			t.Errorf("got %v of a second start, want it busy", err)
		}
		if _, err := h.s.GatewayDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayIsOff)
		release()
		if _, err := h.s.GatewayUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayReady)
		h.wantRow(n.ID)
		if got := h.Keeper.Gateway().Mode; got != lab.GatewayStack {
			t.Errorf("got the mode %s kept, want stack", got)
		}
		if _, err := h.s.GatewayDown(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayIsOff)

		h.Script.Fail("Stack.Up", labtest.FailBefore, lab.Errorf(lab.KindDenied, "no permission").WithHint("Join the group."))
		if _, err := h.s.GatewayUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := h.wantStatus(lab.GatewayFailed).Problem; p.Hint != "Join the group." {
			t.Errorf("got %+v, want the engine's problem", p)
		}
		if got := h.Keeper.Gateway().Mode; got != lab.GatewayOff {
			t.Errorf("got the mode %s kept after a start that failed, want it off", got)
		}
	})
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

// TestGatewayEvents checks that a subscriber is told how the gateway is.
func TestGatewayEvents(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		events := h.s.Subscribe(t.Context())
		if e := <-events; e.Gateway == nil || e.Gateway.State != lab.GatewayReady {
			t.Errorf("got the snapshot %+v, want the gateway ready in it", e.Gateway)
		}
		h.Gateway.Disconnect()
		synctest.Wait()
		var kinds []lab.EventKind
		for !slices.Contains(kinds, lab.EventGateway) {
			kinds = append(kinds, (<-events).Kind)
		}
	})
}

// TestHealthOfTheGateway asks the doctor about it in each of its states.
func TestHealthOfTheGateway(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		if got := h.check("gateway"); got.Status != lab.CheckOK || !strings.Contains(got.Message, labtest.GatewayAddress) {
			t.Errorf("got %+v, want it fine, with its address", got)
		}
		h.Gateway.Disconnect()
		synctest.Wait()
		if got := h.check("gateway"); got.Status != lab.CheckWarning || got.Remedy != "sandboxlabs gateway test" || !strings.Contains(got.Message, "straight over VNC") {
			t.Errorf("got %+v, want a warning with the way to find out", got)
		}
		if _, err := h.s.SetGateway(t.Context(), lab.GatewaySettings{Mode: lab.GatewayOff}); err != nil {
			t.Fatal(err)
		}
		if got := h.check("gateway"); got.Status != lab.CheckOK {
			t.Errorf("got %+v of none, want it fine", got)
		}
	})
}

// TestConnectionsThatCanNotBeRead has a database that answers, and refuses one thing.
func TestConnectionsThatCanNotBeRead(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		h.Script.Fail("Registry.Connections", labtest.FailBefore, lab.Errorf(lab.KindDenied, "no right to read"))
		time.Sleep(reconcileEvery)
		if p := h.wantStatus(lab.GatewayFailed).Problem; p.Message != "no right to read" {
			t.Errorf("got %+v, want the reason", p)
		}
		time.Sleep(time.Second)
		h.wantStatus(lab.GatewayReady)
	})
}

// TestSettingsOfAnotherProcess has a command set the gateway while we run.
func TestSettingsOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		h := mustEnter(t, w, gatewayOptions(w))
		n := h.made("web", "")
		if err := w.Keeper.SaveGateway(t.Context(), external(w)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(reconcileEvery)
		h.wantStatus(lab.GatewayReady)
		h.wantRow(n.ID)
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
