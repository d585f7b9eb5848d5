package guacamole

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/build/stand"
)

// age makes the last check of the token old enough to be done again.
func (r openRegistry) age() {
	r.session.mu.Lock()
	defer r.session.mu.Unlock()
	r.session.checked = time.Now().Add(-freshFor)
}

func (r openRegistry) mustLogin(t *testing.T) {
	t.Helper()
	if err := r.Login(t.Context()); err != nil {
		t.Fatalf("logging in: %v", err)
	}
}

func wantLogins(t *testing.T, s *site, want int) {
	t.Helper()
	if got := s.web.Logins(); got != want {
		t.Errorf("got %d logins, want %d", got, want)
	}
}

func TestTokenIsRenewedOnce(t *testing.T) {
	for _, version := range []string{"1.5", "1.6"} {
		t.Run(version, func(t *testing.T) {
			s := newSite(t, version)
			r := mustOpen(t, s.access)
			wantLogins(t, s, 0)
			for range 3 {
				r.mustLogin(t)
				r.age()
			}
			wantLogins(t, s, 1)
			s.web.ExpireTokens()
			r.age()
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if err := r.Login(t.Context()); err != nil {
						t.Errorf("logging in: %v", err)
					}
				})
			}
			all.Wait()
			wantLogins(t, s, 2)
			if err := r.Close(t.Context()); err != nil || s.web.Tokens() != 0 {
				t.Errorf("closed: %v, %d tokens are left, want none", err, s.web.Tokens())
			}
		})
	}
}

// TestFirstCallerDoesNotEndItForAll cancels the one who began the login.
func TestFirstCallerDoesNotEndItForAll(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	s.web.SetDelay(200 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { first <- r.Login(ctx) }()
	eventually(t, time.Second, "a login is under way", func() bool {
		r.session.mu.Lock()
		defer r.session.mu.Unlock()
		return r.session.flight != nil
	})
	cancel()
	if err := <-first; lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("the first: got %v, want it cancelled", err)
	}
	r.mustLogin(t)
	wantLogins(t, s, 1)
}

func TestTwoProgramsLogInAtOnce(t *testing.T) {
	s := newSite(t, "1.6")
	one, two := mustOpen(t, s.access), mustOpen(t, s.access)
	s.web.SetDelay(10 * time.Millisecond) // between a password and its use
	for range 20 {
		s.web.ExpireTokens()
		var both sync.WaitGroup
		for _, r := range []openRegistry{one, two} {
			r.age()
			both.Go(func() {
				if err := r.Login(t.Context()); err != nil {
					t.Errorf("logging in: %v", err)
				}
			})
		}
		both.Wait()
		if got := s.web.Tokens(); got != 2 {
			t.Fatalf("got %d tokens, want one each", got)
		}
	}
	wantLogins(t, s, 40)
}

func TestPasswordIsNeverTheSame(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	const query = "SELECT encode(password_hash, 'hex') || encode(password_salt, 'hex') FROM guacamole_user WHERE password_date > now() - interval '1 minute'"
	before := ask[string](t, s, query)
	r.mustLogin(t)
	if after := ask[string](t, s, query); after == before || len(after) != 128 {
		t.Errorf("got %q and then %q", before, after)
	}
	entity := ask[int](t, s, "SELECT entity_id FROM guacamole_user")
	mustOpen(t, s.access).mustLogin(t)
	if got := ask[int](t, s, "SELECT entity_id FROM guacamole_user"); got != entity {
		t.Errorf("the user was number %d and is %d, want it kept", entity, got)
	}
}

func TestWebAppDownLeavesTheDatabase(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	r.mustLogin(t)
	if err := s.web.Down(); err != nil {
		t.Fatal(err)
	}
	r.age()
	wantKind(t, "login", r.Login(t.Context()), lab.KindUnavailable, "does not answer: dial tcp")
	_, err := r.Link(t.Context(), c.ID)
	wantKind(t, "link", err, lab.KindUnavailable, "does not answer")
	_, err = r.Tunnel(t.Context(), c.ID, lab.TunnelRequest{})
	wantKind(t, "tunnel", err, lab.KindUnavailable, "does not answer")
	c.Name = "renamed"
	r.must(t, c)
	wantOnly(t, r, c)
	if err := s.web.Up(); err != nil {
		t.Fatal(err)
	}
	r.mustLogin(t)
	wantLogins(t, s, 1) // its token was good all the time
	if err := s.web.Down(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "close", r.Close(t.Context()), lab.KindUnavailable, "does not answer")
}

func TestDeletedUserGetsATokenOfItsOwn(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	r.mustLogin(t)
	s.do(t, "DELETE FROM guacamole_entity")
	r.must(t, c)
	r.mustLogin(t)
	wantLogins(t, s, 2)
	if shown, err := r.web.shows(t.Context(), r.session.token, connectionName(c)); !shown || err != nil {
		t.Errorf("the new user sees its connection: %v, %v", shown, err)
	}
}

func TestWrongWebApps(t *testing.T) {
	t.Parallel()
	s, other := newSite(t, "1.6"), newSite(t, "1.6")
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc // nil: that of url
		url    string
		kind   lab.Kind
		says   string
	}{
		{"another database", nil, other.web.URL(), lab.KindDenied, "does not know our user"},
		{"a wrong path", nil, s.web.URL() + "/x", lab.KindInvalid, "has no Guacamole"},
		{"a path too short", nil, strings.TrimSuffix(s.web.URL(), "/guacamole"), lab.KindInvalid, "has no Guacamole"},
		{"TLS without any", nil, strings.Replace(s.web.URL(), "http:", "https:", 1), lab.KindInvalid, "speaks no TLS"},
		{"no host", nil, "http://nosuch.invalid/guacamole", lab.KindUnavailable, "does not answer"},
		{"a page", say(200, "<html>"), "", lab.KindInvalid, "is that of something else"},
		{"other JSON", say(200, "{}"), "", lab.KindInvalid, "is that of something else"},
		{"MySQL", say(200, `{"authToken":"A","dataSource":"mysql","availableDataSources":["mysql"]}`), "", lab.KindInvalid, "not to a PostgreSQL database"},
		{"a proxy without it", say(502, "<html>"), "", lab.KindUnavailable, "does not work: Bad Gateway"},
		{"a fault", say(500, `{"message":"oops","type":"INTERNAL_ERROR"}`), "", lab.KindUnavailable, "failed: INTERNAL_ERROR"},
		{"a ban", say(429, `{"message":"Too many","type":"BAD_REQUEST"}`), "", lab.KindUnavailable, "lets nobody from here in"},
		{"a second factor", say(403, `{"message":"TOTP","type":"INSUFFICIENT_CREDENTIALS"}`), "", lab.KindDenied, "more than a password"},
		{"a wall", say(403, "<html>"), "", lab.KindInvalid, "is that of something else"},
		{"plain on TLS", say(400, "<html>"), "", lab.KindInvalid, "may want TLS"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://other.example.org/g"+r.URL.Path, http.StatusFound)
		}, "", lab.KindInvalid, "leads to https://other.example.org/g"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
		}, "", lab.KindUnavailable, "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			access := s.access
			access.URL = tt.url
			if tt.answer != nil {
				web := httptest.NewServer(tt.answer)
				defer web.Close()
				access.URL = web.URL + "/" // the slash is cut
			}
			r := mustOpen(t, access)
			wantKind(t, tt.name, r.Login(t.Context()), tt.kind, tt.says)
		})
	}
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // whoever asked may be gone
	}
}

func TestUnknownCertificateIsRefused(t *testing.T) {
	s := newSite(t, "1.6")
	web, _, err := stand.NewTLSWebApp(s.WebApp, newGuacd(t))
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close() //nolint:errcheck // nothing can be lost
	access := s.access
	access.URL = web.URL()
	r := mustOpen(t, access)
	wantKind(t, "login", r.Login(t.Context()), lab.KindInvalid, "can not be trusted: x509: certificate signed by unknown authority")
	if web.Logins() != 0 {
		t.Error("the password was sent")
	}
	err = r.web.alive(t.Context())
	wantKind(t, "without a password", tell(err), lab.KindInvalid, "can not be trusted")
}

// saysNothing waits until whoever asked is gone, which shows once the request is read.
func saysNothing(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // it may be gone already
	<-r.Context().Done()
}

func TestSlowWebApp(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	s.web.SetDelay(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := r.Login(ctx); lab.KindOf(err) != lab.KindUnavailable || time.Since(start) > time.Second {
		t.Errorf("got %v after %v, want the caller's own limit to hold", err, time.Since(start))
	}
	closed := make(chan error)
	go func() { closed <- r.Close(t.Context()) }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(logoutLimit + time.Second):
		t.Error("closing hangs")
	}
}

func TestWebAppThatDoesNotAnswerInTime(t *testing.T) {
	hang := httptest.NewServer(http.HandlerFunc(saysNothing))
	defer hang.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := newWeb(hang.URL).login(ctx, "u", "p")
	wantKind(t, "login", tell(err), lab.KindUnavailable, "does not answer in time")
}
