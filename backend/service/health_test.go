package service

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
)

func TestHealthOfASoundHouse(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "file")
		report, err := h.s.Health(h.Context())
		if err != nil || report.Host == nil || report.Host.CPUs != 8 {
			t.Fatalf("got %+v, %v, want the host", report, err)
		}
		for _, c := range report.Checks {
			if c.Status != lab.CheckOK || c.Message == "" {
				t.Errorf("got %+v, want it fine", c)
			}
		}
	})
}

func TestHealthNamesTheRemedy(t *testing.T) {
	tests := []struct {
		name, check string
		why         *lab.Error
		remedy      string
	}{
		{"no libvirt", "libvirt", lab.Errorf(lab.KindUnavailable, "no socket"), "sudo apt install libvirt-daemon qemu-system-x86"},
		{"no environment for it", "libvirt", lab.Errorf(lab.KindInvalid, "too long"), ""},
		{"no permission", "libvirt", lab.Errorf(lab.KindDenied, "refused"), "sudo usermod -aG libvirt $USER"},
		{"no permission, told apart", "permissions", lab.Errorf(lab.KindDenied, "refused"), "sudo usermod -aG libvirt $USER"},
		{"no pool", "pool", lab.Errorf(lab.KindUnavailable, "no socket"), "virsh pool-list --all --details"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				h.Hypervisor.Disconnect(tt.why)
				if got := h.check(tt.check); got.Status != lab.CheckFailed || got.Remedy != tt.remedy {
					t.Errorf("got %+v, want the remedy %q", got, tt.remedy)
				}
			})
		})
	}
}

func TestHealthClaimsNothingOfNodesWithoutLibvirt(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "no socket"))
		report, err := h.s.Health(h.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Checks {
			if strings.HasPrefix(c.Name, "missing node") {
				t.Errorf("got %+v, while nobody knows", c)
			}
		}
	})
}

func TestHealthTellsOfMissingNodes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Hypervisor.VirshUndefine(h.made("web", "").ID)
		synctest.Wait()
		if got := h.check("missing node"); got.Status != lab.CheckWarning || got.Remedy != "sandboxlabs node restore web" {
			t.Errorf("got %+v, want the way to make it again", got)
		}
	})
}

type tickets struct{}

func (tickets) Ticket(_ context.Context, id string, kind lab.ConsoleKind) (lab.Ticket, error) {
	return lab.Ticket{URL: "ws://" + id + "/" + string(kind)}, nil
}

func TestConsole(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		_, err := h.s.Console(h.Context(), "web", lab.ConsoleVNC)
		h.wantError(err, lab.KindUnavailable, "consoles")
		h.leave()
		h = mustEnter(t, h.World, Options{Consoles: tickets{}})
		v := h.made("web", "")
		_, err = h.s.Console(h.Context(), "web", "cinema")
		h.wantError(err, lab.KindInvalid, "cinema")
		_, err = h.s.Console(h.Context(), "web", lab.ConsoleVNC)
		h.wantError(err, lab.KindBusy, "web is not running")
		_, _, err = h.s.Screenshot(h.Context(), "web")
		h.wantError(err, lab.KindBusy, "web is not running")
		h.done(h.s.Start(h.Context(), "web"))
		got, err := h.s.Console(h.Context(), "web", lab.ConsoleVNC)
		if err != nil || got.URL != "ws://"+v.ID+"/vnc" {
			t.Errorf("got %+v, %v, want a ticket for the node", got, err)
		}
		if mime, _, err := h.s.Screenshot(h.Context(), "web"); err != nil || mime != "image/png" {
			t.Errorf("got %s, %v, want a picture", mime, err)
		}
	})
}
