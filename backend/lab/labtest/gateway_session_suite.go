package labtest

import (
	"context"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// patience is how long a message may take through a tunnel.
const patience = 5 * time.Second

func gatewayLink(t *testing.T, s *gatewayStage) {
	c, other := Connection("web"), Connection("db")
	s.mustRegister(t, c)
	s.mustRegister(t, other)
	page, token := s.mustLink(t, c.ID)
	client, ok := strings.CutPrefix(page, s.access.URL+"/#/client/")
	named, err := base64.RawURLEncoding.DecodeString(client)
	if !ok || err != nil || !regexp.MustCompile("^[1-9][0-9]*\x00c\x00postgresql$").Match(named) {
		t.Errorf("got the page %s (%q), want the number of a connection of postgresql", page, named)
	}
	if len(token) < 32 || strings.Contains(page, token) {
		t.Errorf("got the token %q, want it long and in one place", token)
	}
	page2, token2 := s.mustLink(t, other.ID)
	if page2 == page || token2 != token {
		t.Error("another node: got the same page or another token, want another page with the same token")
	}
}

func gatewayNoLink(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	_, err := s.Link(t.Context(), c.ID)
	wantKind(t, "never registered", err, lab.KindNotFound)
	s.mustRegister(t, c)
	s.mustLink(t, c.ID)
	if err := s.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Link(t.Context(), c.ID)
	wantKind(t, "removed", err, lab.KindNotFound)
	_, err = s.Link(t.Context(), "web")
	wantKind(t, "an id that is none", err, lab.KindInvalid)
}

func gatewayLogin(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	tokens := make([]string, 20)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() {
			if err := s.Login(t.Context()); err != nil {
				t.Errorf("logging in: %v", err)
				return
			}
			link, err := s.Link(t.Context(), c.ID)
			if err != nil {
				t.Errorf("linking: %v", err)
			}
			_, tokens[i], _ = strings.Cut(link, "?token=")
		})
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] || token == "" {
			t.Fatalf("got tokens %q and %q, want one", tokens[0], token)
		}
	}
}

var firstMessage = regexp.MustCompile(`^0\.,36\.[0-9a-f-]{36};$`)

func gatewayTunnel(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	tunnel, err := s.Tunnel(t.Context(), c.ID, lab.TunnelRequest{Width: 1024, Height: 768, DPI: 96, Images: []string{"image/png"}})
	if err != nil {
		t.Fatalf("opening a tunnel: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	message, err := tunnel.Receive(ctx)
	if err != nil || !firstMessage.Match(message) {
		t.Errorf("got %q, %v, want the number of the tunnel", message, err)
	}
	if err := tunnel.Send(ctx, []byte("3.nop;")); err != nil {
		t.Errorf("sending: %v", err)
	}
	for range 2 {
		if err := tunnel.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	wantEnd(t, "sending", tunnel.Send(ctx, []byte("3.nop;")))
	for err = nil; err == nil; {
		_, err = tunnel.Receive(ctx)
	}
	wantEnd(t, "receiving", err)
}

func wantEnd(t *testing.T, what string, err error) {
	t.Helper()
	var end *lab.TunnelEnd
	if !errors.As(err, &end) {
		t.Errorf("%s: got %v, want the end of the tunnel", what, err)
	}
}

func gatewayNoTunnel(t *testing.T, s *gatewayStage) {
	_, err := s.Tunnel(t.Context(), Connection("web").ID, lab.TunnelRequest{})
	wantKind(t, "never registered", err, lab.KindNotFound)
	_, err = s.Tunnel(t.Context(), "web", lab.TunnelRequest{})
	wantKind(t, "an id that is none", err, lab.KindInvalid)
}

func gatewayTest(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	checks := s.gateway.Test(t.Context(), s.access)
	for i, check := range checks {
		if i < len(lab.GatewaySteps) && check.Name != lab.GatewaySteps[i] || check.Status != lab.CheckOK || check.Message == "" || check.Remedy != "" {
			t.Errorf("got %+v, want every step well", check)
		}
	}
	if len(checks) != len(lab.GatewaySteps) {
		t.Errorf("got %d steps, want %d", len(checks), len(lab.GatewaySteps))
	}
	wantConnections(t, s, c)
	if got := s.gateway.Test(cancelled(t), s.access); len(got) != 1 || got[0].Name != lab.StepTCP || got[0].Status != lab.CheckFailed {
		t.Errorf("cancelled: got %+v, want the first step failed", got)
	}
}
