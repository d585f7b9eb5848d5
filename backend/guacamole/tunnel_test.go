package guacamole

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/build/stand"
)

// patience is how long a message may take.
const patience = 5 * time.Second

// stage is an open gateway with one node.
func newStage(t *testing.T) (*site, openRegistry, lab.Connection) {
	t.Helper()
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	return s, r, c
}

func mustTunnel(t *testing.T, r openRegistry, id string) lab.Tunnel {
	t.Helper()
	tunnel, err := r.Tunnel(t.Context(), id, lab.TunnelRequest{Width: 800, Height: 600, DPI: 96, Images: []string{"image/png", "image/webp"}})
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() { _ = tunnel.Close() }) // it can not fail
	if first := mustReceive(t, tunnel); !strings.HasPrefix(first, "0.,36.") {
		t.Errorf("got %q, want the number of the tunnel", first)
	}
	return tunnel
}

func mustReceive(t *testing.T, tunnel lab.Tunnel) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	message, err := tunnel.Receive(ctx)
	if err != nil {
		t.Fatalf("receiving: %v", err)
	}
	return string(message)
}

// wantEnd receives until the tunnel ends.
func wantEnd(t *testing.T, tunnel lab.Tunnel, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	for err == nil {
		_, err = tunnel.Receive(ctx)
	}
	var end *lab.TunnelEnd
	if !errors.As(tell(err), &end) || end.Status != status || end.Reason == "" {
		t.Errorf("got %v, want the end with status %d", err, status)
	}
}

func TestTunnelCarriesBothWays(t *testing.T) {
	_, r, c := newStage(t)
	tunnel := mustTunnel(t, r, c.ID)
	for _, i := range []stand.Instruction{
		{Opcode: "key", Args: []string{"65", "1"}},
		{Opcode: "", Args: []string{"ping", "1700000000000"}}, // answered by the web application itself
		{Opcode: "sync", Args: []string{strings.Repeat("ö", 3000)}},
	} {
		if err := tunnel.Send(t.Context(), []byte(i.Encode())); err != nil {
			t.Fatal(err)
		}
		if got := mustReceive(t, tunnel); got != i.Encode() {
			t.Errorf("got %q, want %q", got, i.Encode())
		}
	}
}

func TestTunnelRenewsAStaleToken(t *testing.T) {
	s, r, c := newStage(t)
	r.mustLogin(t)
	s.web.ExpireTokens() // and the token was good a moment ago
	mustTunnel(t, r, c.ID)
	wantLogins(t, s, 2)
}

func TestTunnelEnds(t *testing.T) {
	t.Parallel()
	s, r, c := newStage(t)
	t.Run("the token expires", func(t *testing.T) {
		tunnel := mustTunnel(t, r, c.ID)
		s.web.ExpireTokens()
		wantEndOfSome(t, tunnel)
	})
	t.Run("the web application goes", func(t *testing.T) {
		r.age()
		tunnel := mustTunnel(t, r, c.ID)
		if err := s.web.Down(); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, tunnel, statusUnavailable)
		if err := s.web.Up(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("we close it", func(t *testing.T) {
		tunnel := mustTunnel(t, r, c.ID)
		start := time.Now()
		if err := tunnel.Close(); err != nil || time.Since(start) > 2*closeLimit {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		wantEndOfSome(t, tunnel)
	})
	t.Run("a reader gives up", func(t *testing.T) {
		tunnel := mustTunnel(t, r, c.ID)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := tunnel.Receive(ctx)
		var end *lab.TunnelEnd
		if !errors.As(err, &end) || end.Status != statusSuccess {
			t.Errorf("got %v, want it ended by us", err)
		}
	})
}

func wantEndOfSome(t *testing.T, tunnel lab.Tunnel) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var err error
	for err == nil {
		_, err = tunnel.Receive(ctx)
	}
	var end *lab.TunnelEnd
	if !errors.As(tell(err), &end) {
		t.Errorf("got %v, want an end", err)
	}
}

func TestTunnelToNowhere(t *testing.T) {
	s, r, c := newStage(t)
	s.do(t, "DELETE FROM guacamole_connection_permission")
	_, err := r.Tunnel(t.Context(), c.ID, lab.TunnelRequest{})
	wantKind(t, "without the permission", err, lab.KindNotFound, "no connection of the node")
	web, err := stand.NewWebApp(s.WebApp, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close() //nolint:errcheck // nothing can be lost
	access := s.access
	access.URL = web.URL()
	r = mustOpen(t, access)
	r.must(t, c)
	_, err = r.Tunnel(t.Context(), c.ID, lab.TunnelRequest{})
	wantKind(t, "without guacd", err, lab.KindUnavailable, "did not open the console: status 512")
}

// TestWhatIsNoTunnel has web applications that let us in and carry no consoles.
func TestWhatIsNoTunnel(t *testing.T) {
	t.Parallel()
	s, _, c := newStage(t)
	for _, tt := range []struct {
		name   string
		tunnel http.HandlerFunc
		kind   lab.Kind
		says   string
	}{
		{"no such path", http.NotFound, lab.KindUnavailable, "does not carry consoles: Not Found"},
		{"a proxy without WebSockets", say(200, "<html>"), lab.KindUnavailable, "does not carry consoles: OK"},
		{"refused again and again", say(403, ""), lab.KindUnavailable, "does not know us any more"},
		{"another protocol", socket(websocket.MessageText, "RFB"), lab.KindInvalid, "does not carry consoles as Guacamole"},
		{"bytes", socket(websocket.MessageBinary, "RFB"), lab.KindUnavailable, "not the Guacamole protocol"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("/websocket-tunnel", tt.tunnel)
			mux.HandleFunc("/api/tokens", say(200, `{"authToken":"0123456789ABCDEF0123456789ABCDEF","dataSource":"postgresql"}`))
			mux.HandleFunc("/", say(200, "{}"))
			web := httptest.NewServer(mux)
			defer web.Close()
			access := s.access
			access.URL = web.URL
			r := mustOpen(t, access)
			_, err := r.Tunnel(t.Context(), c.ID, lab.TunnelRequest{})
			wantKind(t, tt.name, err, tt.kind, tt.says)
		})
	}
}

// socket accepts WebSockets and says one thing.
func socket(kind websocket.MessageType, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		_ = conn.Write(r.Context(), kind, []byte(message)) // the other side may be gone
		_, _, _ = conn.Read(r.Context())                   // until it is
	}
}

func TestTunnelThatTakesTooLong(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(saysNothing))
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	const token = "SECRETTOKENSECRETTOKENSECRETTOKEN"
	secrets.add(token)
	_, err := newWeb(silent.URL).tunnel(ctx, token, "1", lab.TunnelRequest{})
	if lab.KindOf(tell(err)) != lab.KindUnavailable {
		t.Errorf("got %v, want it unavailable", err)
	}
	_, err = newWeb("http://127.0.0.1:1").tunnel(t.Context(), token, "1", lab.TunnelRequest{})
	wantKind(t, "nobody there", tell(err), lab.KindUnavailable, "does not answer: dial tcp")
}
