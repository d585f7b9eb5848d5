package service

import (
	"context"
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

// TestWebAppDies has the web application go, and its token, while nobody opens
// anything: the next comparison finds out, and the one after that it is back.
func TestWebAppDies(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		h.wantStatus(lab.GatewayReady)
		h.Gateway.SetWebApp(false)
		time.Sleep(reconcileEvery)
		h.wantStatus(lab.GatewayFailed)
		h.Gateway.SetWebApp(true)
		time.Sleep(time.Duration(longestPause))
		h.wantStatus(lab.GatewayReady)
		if got := h.Gateway.Logins(); got != 2 {
			t.Errorf("got %d logins, want the first and one for the token that was lost", got)
		}
	})
}

// TestFlappingDatabase lets us in and loses us again at once, for an hour.
func TestFlappingDatabase(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		opened := func() (times int) {
			for _, call := range h.Calls() {
				if strings.HasPrefix(call, "Gateway.Open") {
					times++
				}
			}
			return times
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			for ctx.Err() == nil {
				time.Sleep(100 * time.Millisecond)
				h.Gateway.Disconnect()
				h.Gateway.Connect()
			}
		}()
		time.Sleep(time.Hour)
		if got, most := opened(), int(time.Hour/time.Duration(longestPause))+10; got > most {
			t.Errorf("opened %d times in an hour, want at most %d", got, most)
		}
		stop()
		time.Sleep(time.Duration(longestPause))
		h.wantStatus(lab.GatewayReady)
	})
}
