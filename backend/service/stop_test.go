package service

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// count tells how many calls begin so.
func (h *house) count(call string) int {
	n := 0
	for _, c := range h.Calls() {
		if strings.HasPrefix(c, call) {
			n++
		}
	}
	return n
}

func TestStopWaitsForTheGuest(t *testing.T) {
	const anyNumber = -1
	tests := []struct {
		name    string
		guest   labtest.Guest
		seconds int
		takes   time.Duration
		presses int
		forced  int
	}{
		{"a guest that obeys at once", labtest.Guest{}, 0, 0, 1, 0},
		{"a guest that takes its time", labtest.Guest{Takes: 2 * time.Second}, 0, 2 * time.Second, 1, 0},
		{"a guest that is still booting", labtest.Guest{Deaf: 2}, 0, 10 * time.Second, 3, 0},
		{"a guest that never obeys", labtest.Guest{Deaf: -1}, 0, 30 * time.Second, anyNumber, 1}, // the sixth press is at the limit itself
		{"a guest that never obeys, with a limit of its own", labtest.Guest{Deaf: -1}, 7, 7 * time.Second, 2, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				v := h.running("web", "")
				h.must(h.s.Set(t.Context(), "web", SetInput{StopSeconds: &tt.seconds}))
				h.Hypervisor.SetGuest(v.ID, tt.guest)
				begun := time.Now()
				stopping := h.must(h.s.Stop(t.Context(), "web"))
				if stopping.State != lab.Stopping {
					t.Errorf("got %s, want stopping", stopping.State)
				}
				if v := h.must(h.s.Wait(t.Context(), "web")); v.State != lab.Stopped {
					t.Errorf("got %s, want stopped", v.State)
				}
				if took := time.Since(begun); took != tt.takes {
					t.Errorf("took %s, want %s", took, tt.takes)
				}
				if got := h.count("Hypervisor.Power " + v.ID + " shutdown"); got != tt.presses && tt.presses != anyNumber {
					t.Errorf("pressed %d times, want %d", got, tt.presses)
				}
				if got := h.count("Hypervisor.Power " + v.ID + " force-off"); got != tt.forced {
					t.Errorf("forced %d times, want %d", got, tt.forced)
				}
			})
		})
	}
}

func TestForceOffOverridesAStop(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Deaf: -1})
		h.must(h.s.Stop(t.Context(), "web"))
		time.Sleep(time.Second)
		_, err := h.s.Stop(t.Context(), "web")
		h.wantError(err, lab.KindBusy, "web is being stopped")
		begun := time.Now()
		h.done(h.s.ForceOff(t.Context(), "web"))
		h.wantState("web", lab.Stopped)
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %s, want no time", took)
		}
	})
}

func TestStopOfAPausedNodeWakesIt(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.must(h.s.Pause(t.Context(), "web"))
		h.wantState("web", lab.Paused)
		h.done(h.s.Stop(t.Context(), "web"))
		h.wantState("web", lab.Stopped)
		if got := h.count("Hypervisor.Power " + v.ID + " force-off"); got != 0 {
			t.Errorf("forced %d times: the guest did not hear the button", got)
		}
	})
}

// The request may end; what it asked for goes on.
func TestStopOutlivesItsRequest(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: 3 * time.Second})
		ctx, cancel := contextOf(t)
		h.must(h.s.Stop(ctx, "web"))
		cancel()
		if err := h.s.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantState("web", lab.Stopped)
	})
}

// Closing gives up waiting for a guest, and leaves the node as it is.
func TestRunEndsDuringAStop(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: 20 * time.Second})
		h.must(h.s.Stop(t.Context(), "web"))
		begun := time.Now()
		h.leave()
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %s to close, want no time", took)
		}
		next := mustEnter(t, h.World, Options{})
		next.wantState("web", lab.Running)
		time.Sleep(20 * time.Second)
		next.wantSound()
		next.wantState("web", lab.Stopped)
	})
}

// libvirt goes and comes back while the guest powers off.
func TestStopSurvivesALostConnection(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "")
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: 4 * time.Second})
		h.must(h.s.Stop(t.Context(), "web"))
		time.Sleep(time.Second)
		h.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirtd is gone"))
		time.Sleep(6 * time.Second)
		h.wantState("web", lab.Stopping)
		h.Hypervisor.Connect()
		if v := h.must(h.s.Wait(t.Context(), "web")); v.State != lab.Stopped {
			t.Errorf("got %s, want stopped", v.State)
		}
	})
}

// No event that arrives meanwhile shows a node going backwards.
func TestStatesOnlyGoForward(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "file")
		events := h.s.Subscribe(t.Context())
		h.done(h.s.Wipe(t.Context(), "web"))
		h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: time.Second})
		h.done(h.s.Stop(t.Context(), "web"))
		time.Sleep(time.Second)
		want := []lab.State{lab.Running, lab.Stopping, lab.Starting, lab.Running, lab.Stopping, lab.Stopped}
		got := slices.Compact(drainStates(events, v.ID))
		for len(want) > 0 && len(got) > 0 {
			if got[0] == want[0] {
				got = got[1:]
			}
			want = want[1:]
		}
		if len(got) > 0 {
			t.Errorf("the states end with %v, which is not in order", got)
		}
	})
}
