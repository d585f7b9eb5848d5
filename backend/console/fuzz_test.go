package console

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"sandboxlabs/backend/lab"
)

// Whatever is asked for by whatever name, nothing opens, and the ticket that is
// out stays good.
func FuzzTicket(f *testing.F) {
	f.Add("vnc", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "127.0.0.1:3001", "http://127.0.0.1:3001")
	f.Add("serial", "", "localhost", "null")
	f.Add("visit", "../../x", "[::1]:1", "")
	f.Add("gateway", "%00", "127.0.0.1.evil.example", "wails://wails")
	d := new(displays)
	s := New(d, d, Options{Origins: []string{window}})
	token, err := s.tickets.issue(grant{node, lab.ConsoleVNC})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind, ticket, host, origin string) {
		r := &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: "/console/" + kind + "/" + ticket},
			Host: host, Header: http.Header{"Origin": {origin}},
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r.WithContext(t.Context()))
		if w.Code < 300 || w.Code >= 500 { // a path that is not clean is answered with the clean one
			t.Errorf("got %d of %+v", w.Code, r)
		}
		if _, ok := s.tickets.redeem(ticket, lab.ConsoleVNC); ok && ticket != token {
			t.Errorf("%q is a ticket", ticket)
		}
		if s.tickets.mu.Lock(); len(s.tickets.open) != 1 {
			t.Error("the ticket that is out is none any more")
		}
		s.tickets.mu.Unlock()
	})
}
