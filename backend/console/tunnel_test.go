package console

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

// hall is a lab.TunnelOpener whose tunnels are channels.
type hall struct {
	err   error
	asked chan lab.TunnelRequest
	line  *line
}

// line is a lab.Tunnel; what the page says goes to said.
type line struct {
	says   chan string
	said   chan string
	end    error
	closed chan struct{}
}

func (h *hall) OpenTunnel(_ context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	if h.err != nil {
		return nil, h.err
	}
	h.asked <- ask
	return h.line, nil
}

func (h *hall) ConsoleLink(context.Context, string) (string, error) {
	return "http://guac.test/#/client/MQ?token=T0K3N", h.err
}

func (l *line) Receive(ctx context.Context) ([]byte, error) {
	select {
	case text, ok := <-l.says:
		if !ok {
			return nil, l.end
		}
		return []byte(text), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *line) Send(_ context.Context, message []byte) error {
	l.said <- string(message)
	return nil
}

func (l *line) Close() error {
	close(l.closed)
	return nil
}

func newHall() *hall {
	return &hall{asked: make(chan lab.TunnelRequest, 1), line: &line{
		says: make(chan string, 1), said: make(chan string, 1), closed: make(chan struct{}),
	}}
}

// mustTunnel opens a tunnel as guacamole-common-js does.
func mustTunnel(t *testing.T, ctx context.Context, h *hall, query string) *websocket.Conn {
	t.Helper()
	s := New(nil, nil, Options{Origins: []string{window}, Tunnels: h})
	web := httptest.NewUnstartedServer(s)
	web.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	web.Start()
	t.Cleanup(web.Close)
	ticket, err := s.Ticket(t.Context(), node, lab.ConsoleTunnel)
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := websocket.Dial(t.Context(), web.URL+ticket.URL+query, &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {window}}, Subprotocols: []string{"guacamole"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = page.CloseNow() }) // it may be closed already
	return page
}

func TestTunnelCarriesMessages(t *testing.T) {
	h := newHall()
	page := mustTunnel(t, t.Context(), h, "?GUAC_WIDTH=800&GUAC_HEIGHT=x&GUAC_DPI=99999&GUAC_IMAGE=image/png&GUAC_IMAGE=text/html&token=mine")
	if got := <-h.asked; got.Width != 800 || got.Height != 0 || got.DPI != 0 || !slices.Equal(got.Images, []string{"image/png"}) {
		t.Errorf("got the request %+v, want what is sound of it", got)
	}
	if page.Subprotocol() != "guacamole" {
		t.Errorf("got the subprotocol %q, want guacamole", page.Subprotocol())
	}
	h.line.says <- "4.sync,1.1;"
	if kind, got, err := page.Read(t.Context()); err != nil || kind != websocket.MessageText || string(got) != "4.sync,1.1;" {
		t.Errorf("got %v %q %v, want the message", kind, got, err)
	}
	if err := page.Write(t.Context(), websocket.MessageText, []byte("3.nop;")); err != nil {
		t.Fatal(err)
	}
	if got := <-h.line.said; got != "3.nop;" {
		t.Errorf("got %q, want what the page said", got)
	}
	if err := page.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	<-h.line.closed
}

func TestTunnelTellsItsEnd(t *testing.T) {
	h := newHall()
	h.line.end = &lab.TunnelEnd{Status: 519, Reason: "The display could not be reached."}
	page := mustTunnel(t, t.Context(), h, "")
	<-h.asked
	close(h.line.says)
	mustEnd(t, page, CodeTunnel, "519 The display could not be reached.")
	<-h.line.closed
}

func TestTunnelNotOpened(t *testing.T) {
	for _, tt := range []struct {
		err    error
		code   websocket.StatusCode
		reason string
	}{
		{&lab.TunnelEnd{Status: 769, Reason: "Who are you?"}, CodeTunnel, "769 Who are you?"},
		{lab.Errorf(lab.KindUnavailable, "no gateway").WithHint("Wait."), CodeUnavailable, "520 no gateway. Wait."},
		{lab.Errorf(lab.KindNotFound, "no connection"), CodeNotFound, "516 no connection."},
		{lab.Errorf(lab.KindDenied, "not you"), CodeDenied, "771 not you."},
		{lab.Errorf(lab.KindInternal, "oh"), CodeInternal, "512 oh."},
		{lab.Errorf(lab.KindUnavailable, "not opened").WithHint("Look.").WithCause(&lab.TunnelEnd{Status: 515, Reason: "x"}), CodeTunnel, "515 not opened. Look."},
	} {
		h := newHall()
		h.err = tt.err
		mustEnd(t, mustTunnel(t, t.Context(), h, ""), tt.code, tt.reason)
	}
}

func TestTunnelEndsWithTheProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHall()
	page := mustTunnel(t, ctx, h, "")
	<-h.asked
	cancel()
	mustEnd(t, page, CodeGoingAway, "ending")
	<-h.line.closed
}

// A spent ticket is told in the form that the page's client of tunnels reads.
func TestTunnelTicketIsGoodOnce(t *testing.T) {
	d := newDesk(t, t.Context())
	mustEnd(t, d.mustDial(t, "/console/tunnel/"+strings.Repeat("A", 43)), CodeNotFound, "516 This console's ticket")
}

func TestAsk(t *testing.T) {
	got := askOf(url.Values{paramWidth: {"-1"}, paramHeight: {"16384"}, paramDPI: {"96"}, paramImage: {"image/png", "image/png", "image/webp"}})
	if got.Width != 0 || got.Height != 16384 || got.DPI != 96 || !slices.Equal(got.Images, []string{"image/png", "image/webp"}) {
		t.Errorf("got %+v", got)
	}
}

// TestOpensAreSpaced opens three at once, and one that loses patience.
func TestOpensAreSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pacer
		begun := time.Now()
		at := make(chan time.Duration, 3)
		for range 3 {
			go func() {
				if err := p.wait(t.Context()); err != nil {
					t.Error(err)
				}
				at <- time.Since(begun)
			}()
		}
		got := []time.Duration{<-at, <-at, <-at}
		if !slices.Equal(got, []time.Duration{0, pacing, 2 * pacing}) {
			t.Errorf("got turns at %v, want one each %s", got, pacing)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.wait(ctx); lab.KindOf(err) != lab.KindUnavailable {
			t.Errorf("got %v, want it cancelled", err)
		}
		time.Sleep(time.Hour)
		begun = time.Now()
		if err := p.wait(t.Context()); err != nil || time.Since(begun) > 0 {
			t.Errorf("waited %s and got %v after an hour, want to go on at once", time.Since(begun), err)
		}
	})
}

// TestVisit sends a browser on, once, and only one that was sent here.
func TestVisit(t *testing.T) {
	h := newHall()
	s := New(nil, nil, Options{Origins: []string{window}, Tunnels: h})
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask := func(address, origin string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() }) // it was not read
		return answer
	}
	ticket, err := s.Ticket(t.Context(), node, lab.ConsoleVisit)
	if err != nil || !strings.HasPrefix(ticket.URL, "http://127.0.0.1:") {
		t.Fatalf("got %q and %v, want an address for a browser", ticket.URL, err)
	}
	if got := ask(ticket.URL, "http://evil.test"); got.StatusCode != http.StatusForbidden {
		t.Errorf("got status %d for another page, want 403", got.StatusCode)
	}
	got := ask(ticket.URL, "")
	if to := got.Header.Get("Location"); got.StatusCode != http.StatusSeeOther || to != "http://guac.test/#/client/MQ?token=T0K3N" {
		t.Errorf("got status %d and %q, want to be sent on", got.StatusCode, to)
	}
	if got := ask(ticket.URL, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("got status %d the second time, want 404", got.StatusCode)
	}
	h.err = lab.Errorf(lab.KindUnavailable, "no gateway")
	if ticket, err = s.Ticket(t.Context(), node, lab.ConsoleVisit); err != nil {
		t.Fatal(err)
	}
	if got := ask(ticket.URL, ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d without a gateway, want 503", got.StatusCode)
	}
	if ticket, err = s.Ticket(t.Context(), node, lab.ConsoleTunnel); err != nil {
		t.Fatal(err)
	}
	wrong := strings.NewReplacer("ws:", "http:", "/tunnel/", "/visit/").Replace(ticket.URL)
	if got := ask(wrong, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("got status %d with the ticket of a tunnel, want 404", got.StatusCode)
	}
}
