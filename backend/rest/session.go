package rest

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"net"
	"net/http"
	"strings"
	"sync"
)

//go:embed unauthorized.html
var unauthorizedPage []byte

// session is the one session of a server: the token of a link that begins it, good
// once, and the secret its cookie carries from then on.
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

// renew gives the token of a new link; the one before is worth nothing.
func (s *session) renew() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = rand.Text()
	return s.token
}

func (s *session) open(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName(r))
	return err == nil && equal(cookie.Value, s.secret)
}

// begin sets the cookie and loads the page anew, so that the token leaves the
// address bar and the history.
func (s *session) begin(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: s.secret, Path: "/", HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// cookieName has the port in it: cookies are not kept apart by port, and two
// servers must not take each other's away.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(withPort(r.Host)) // what is no address is no name of ours
	return "sandboxlabs-" + port
}

// forbid says how to get in: as a page to a person, as a failure to a program.
func (s *Server) forbid(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="SandBoxLabs"`)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.refuse(w, r, http.StatusUnauthorized, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusUnauthorized)
	write(w, unauthorizedPage)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
