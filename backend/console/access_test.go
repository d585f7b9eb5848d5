package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

func TestTicketIsGoodOnce(t *testing.T) {
	d := newDesk(t, t.Context())
	path := d.mustTicket(t, lab.ConsoleVNC)
	d.mustDial(t, path)
	defer (<-d.displays.nodes).Close()
	mustEnd(t, d.mustDial(t, path), CodeNotFound, "ticket")
}

func TestTicketIsForOneKind(t *testing.T) {
	d := newDesk(t, t.Context())
	path := strings.Replace(d.mustTicket(t, lab.ConsoleVNC), "/vnc/", "/serial/", 1)
	mustEnd(t, d.mustDial(t, path), CodeNotFound, "ticket")
	mustEnd(t, d.mustDial(t, "/console/vnc/"+strings.Repeat("A", 43)), CodeNotFound, "ticket")
}

func TestTicketIsForANodeAndAConsole(t *testing.T) {
	d := newDesk(t, t.Context())
	for _, ask := range []struct{ id, kind string }{{"web-1", "vnc"}, {node, "spice"}, {node, ""}} {
		if _, err := d.Ticket(t.Context(), ask.id, lab.ConsoleKind(ask.kind)); lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%+v: got %v, want KindInvalid", ask, err)
		}
	}
}

func TestTicketsEndAndAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all tickets
		issue := func() (string, error) { return all.issue(grant{node, lab.ConsoleVNC}) }
		first, err := issue()
		if err != nil || len(first) != 43 {
			t.Fatalf("got %q, %v, want 256 bits in base64", first, err)
		}
		for range maxTickets - 1 {
			if _, err := issue(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := issue(); lab.KindOf(err) != lab.KindBusy {
			t.Errorf("got %v, want KindBusy", err)
		}
		time.Sleep(ticketLife)
		if id, ok := all.redeem(first, lab.ConsoleVNC); ok {
			t.Errorf("got %s for an old ticket, want nothing", id)
		}
		if _, err := issue(); err != nil || len(all.open) != 1 {
			t.Errorf("got %d tickets, %v, want the old ones gone", len(all.open), err)
		}
	})
}

// TestTicketsFollowNoClock: one that is set, or jumps when a computer resumes, makes a
// ticket good for neither longer nor shorter.
func TestTicketsFollowNoClock(t *testing.T) {
	var all tickets
	if _, err := all.issue(grant{"id", lab.ConsoleVNC}); err != nil {
		t.Fatal(err)
	}
	for _, k := range all.open {
		if !strings.Contains(k.until.String(), " m=") {
			t.Errorf("a ticket ends at %s of the clock, want it counted from when it was made", k.until)
		}
	}
}

func TestWhoMayOpen(t *testing.T) {
	d := newDesk(t, t.Context())
	own := d.web.URL
	tests := []struct {
		name, host string
		origins    []string
		want       int
	}{
		{"the window", "", []string{window}, http.StatusSwitchingProtocols},
		{"the server's own page", "", []string{own}, http.StatusSwitchingProtocols},
		{"no origin", "", nil, http.StatusForbidden},
		{"an empty origin", "", []string{""}, http.StatusForbidden},
		{"a sandboxed page", "", []string{"null"}, http.StatusForbidden},
		{"another site", "", []string{"https://example.org"}, http.StatusForbidden},
		{"another port", "", []string{"http://127.0.0.1:1"}, http.StatusForbidden},
		{"two origins", "", []string{window, window}, http.StatusForbidden},
		{"another scheme", "", []string{"evil" + own[len("http"):]}, http.StatusForbidden},
		{"a name that was rebound", "rebound.example.org", []string{"http://rebound.example.org"}, http.StatusForbidden},
		{"this machine by name", "localhost:80", []string{"http://localhost:80"}, http.StatusSwitchingProtocols},
		{"this machine by its other address", "[::1]", []string{"http://[::1]"}, http.StatusSwitchingProtocols},
		{"no host", " ", []string{window}, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := d.mustTicket(t, lab.ConsoleVNC)
			header := http.Header{"Origin": tt.origins}
			page, resp, err := websocket.Dial(t.Context(), own+path, &websocket.DialOptions{HTTPHeader: header, Host: tt.host})
			if resp == nil || resp.StatusCode != tt.want {
				t.Fatalf("got %v, %v, want status %d", resp, err, tt.want)
			}
			if err == nil {
				defer page.CloseNow()
				defer (<-d.displays.nodes).Close()
			}
			refused := len(d.tickets.open) == 1
			if refused != (tt.want == http.StatusForbidden) {
				t.Errorf("got %d tickets left, want one kept only by a refusal", len(d.tickets.open))
			}
			clear(d.tickets.open)
		})
	}
}

// Behind a guard the ticket alone decides: a program has no Origin.
func TestGuarded(t *testing.T) {
	d := newDesk(t, t.Context())
	web := httptest.NewServer(d.Guarded())
	defer web.Close()
	page, _, err := websocket.Dial(t.Context(), web.URL+d.mustTicket(t, lab.ConsoleVNC), &websocket.DialOptions{Host: "lab.example"})
	if err != nil {
		t.Fatal(err)
	}
	(<-d.displays.nodes).Close()
	page.CloseNow()
}

func TestPlainRequestKeepsTheTicket(t *testing.T) {
	d := newDesk(t, t.Context())
	path := d.mustTicket(t, lab.ConsoleVNC)
	for _, tt := range []struct {
		path string
		want int
	}{{path, http.StatusUpgradeRequired}, {"/", http.StatusNotFound}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.web.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", window)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("got %s, want %d", resp.Status, tt.want)
		}
	}
	d.mustDial(t, path)
	(<-d.displays.nodes).Close()
}
