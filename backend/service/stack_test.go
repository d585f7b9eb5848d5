package service

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

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
		h.Gateway.Disconnect()
		if p := h.wantStatus(lab.GatewayFailed).Problem; !strings.Contains(p.Hint, "sandboxlabs gateway up") {
			t.Errorf("got %+v of containers that do not answer, want the way to start them", p)
		}
		h.Gateway.Connect()
		time.Sleep(time.Duration(longestPause))
		h.wantStatus(lab.GatewayReady)
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

// TestStackFailsForItsPorts keeps what was set, tells why it failed for as long
// as that is so, and not what follows from it.
func TestStackFailsForItsPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		w.Library.MustAddImage(t, "tiny")
		h := mustEnter(t, w, gatewayOptions(w))
		if _, err := h.s.GatewayUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayReady)
		h.Gateway.Disconnect()
		taken := lab.Errorf(lab.KindBusy, "port 8099 is in use").WithHint("Choose another.")
		h.Script.Fail("Stack.Up", labtest.FailBefore, taken)
		if _, err := h.s.SetGateway(t.Context(), lab.GatewaySettings{Mode: lab.GatewayStack, WebPort: 8099}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if p := h.wantStatus(lab.GatewayFailed).Problem; p.Message != taken.Message {
				t.Errorf("got %+v, want the reason why the containers are not up", p)
			}
			time.Sleep(time.Minute)
		}
		report, err := h.s.Gateway(t.Context())
		if err != nil || report.Settings.WebPort != 8099 || h.Keeper.Gateway().WebPort != 8099 {
			t.Errorf("got the settings %+v and %v, want the port that was typed", report.Settings, err)
		}
		h.Gateway.Connect()
		if _, err := h.s.GatewayUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayReady)
	})
}

// TestStackWhileAnotherServes brings the containers up: until they are, nothing
// is registered anywhere, and the settings are told as they will be.
func TestStackWhileAnotherServes(t *testing.T) {
	atGateway(t, func(t *testing.T, h *house) {
		n := h.made("web", "")
		h.wantRow(n.ID)
		release := h.Stack.HoldUp()
		if _, err := h.s.GatewayUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantStatus(lab.GatewayStarting)
		if got := h.must(h.s.Show(t.Context(), n.ID)).Gateway.State; got != lab.Registering {
			t.Errorf("got the registration %s, want it registering", got)
		}
		report, err := h.s.Gateway(t.Context())
		if err != nil || report.Settings.Mode != lab.GatewayStack {
			t.Errorf("got the mode %s and %v, want the one that is coming", report.Settings.Mode, err)
		}
		if got := h.check("gateway"); got.Status != lab.CheckWarning || !strings.Contains(got.Message, "starting") {
			t.Errorf("got %+v, want it starting", got)
		}
		release()
		h.wantStatus(lab.GatewayReady)
		h.wantRow(n.ID)
	})
}

// TestNothingIsOpenedUnderTheStack has the containers begin to go in the moment
// in which the keeper decided to open the gateway.
func TestNothingIsOpenedUnderTheStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := labtest.NewWorld()
		o := gatewayOptions(w)
		o.Hypervisor, o.Pool, o.Library, o.Store = w.Hypervisor, w.Pool, w.Library, w.Store
		s := New(o) // nothing of it runs
		s.gate.settings, s.gate.stack = external(w), &stackJob{}
		if err := s.useGateway(t.Context()); !errors.Is(err, errResettled) || w.Gateway.Opened() > 0 {
			t.Errorf("got %v, and it is open %d times, want nothing opened", err, w.Gateway.Opened())
		}
	})
}
