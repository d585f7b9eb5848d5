package rest

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"

	"sandboxlabs/backend/lab"
)

//go:embed unauthorized.html
var unauthorizedPage []byte

// session is the one session of a server: a token to begin it, good once, and
// the secret its cookie carries from then on.
type session struct {
	secret string
	mu     sync.Mutex
	token  string // empty: used
}

func newSession() *session { return &session{secret: rand.Text(), token: rand.Text()} }

// take reports whether token is the one, and makes it worthless if it was.
func (s *session) take(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == "" || !equal(token, s.token) {
		return false
	}
	s.token = ""
	return true
}

// required lets nothing through without the session's cookie, but for the
// request that brings the token and is given the cookie.
func (s *Server) required(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("token")
		switch {
		case s.session.open(r) && token == "":
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet && r.URL.Path == "/" && (s.session.open(r) || s.session.take(token)):
			s.session.begin(w, r)
		default:
			s.forbid(w, r)
		}
	})
}

func (s *session) open(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName(r))
	return err == nil && equal(cookie.Value, s.secret)
}

// begin sets the cookie and loads the page anew, so that the token leaves the
// address bar and the history.
func (s *session) begin(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: s.secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// cookieName has the port in it: cookies are not kept apart by port, and two
// servers must not take each other's away.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(withPort(r.Host)) // what is no address has been refused
	return "sandboxlabs-" + port
}

// forbid says how to get in: as a page to a person, as a failure to a program.
func (s *Server) forbid(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.refuse(w, r, http.StatusUnauthorized, lab.Errorf(lab.KindDenied, "this browser has no session here").
			WithHint("Run sandboxlabs serve again and open the address it prints."))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusUnauthorized)
	if _, err := w.Write(unauthorizedPage); err != nil {
		slog.Debug("send page", "error", err)
	}
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
