package rest

import (
	"context"
	"net/http"
	"strings"

	"sandboxlabs/backend/lab"
)

// Keys knows the token by which programs enter.
type Keys interface {
	// Admit reports whether a token is the one of now. Its life ends when another
	// takes its place, and with it every request that was let in by it.
	Admit(token string) (life context.Context, ok bool)
}

// errNoEntry says how to get in.
var errNoEntry = lab.Errorf(lab.KindDenied, "there is neither a session nor a token here").
	WithHint("In a browser, open the address that sandboxlabs serve printed, or the one of sandboxlabs token link. " +
		"A program sends what sandboxlabs token show tells, as Authorization: Bearer TOKEN; " +
		"curl --unix-socket needs no token, nor does anybody while it is sandboxlabs serve --no-auth.")

// required lets nothing through but what comes by the unix socket, with the token
// or with the session's cookie. The request that brings the token of a link is
// given the cookie.
func (s *Server) required(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		link := r.URL.Query().Get("token")
		switch {
		case r.Header.Get("Authorization") != "":
			s.byToken(w, r, next)
		case fromSocket(r):
			next.ServeHTTP(w, r)
		case s.session.open(r) && link == "":
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet && r.URL.Path == "/" && link != "":
			s.byLink(w, r, link)
		case s.open && link == "":
			next.ServeHTTP(w, r)
		default:
			s.forbid(w, r, errNoEntry)
		}
	})
}

// byToken lets a request in that has the token, until that is replaced.
func (s *Server) byToken(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if !s.failures.allow(r) {
		s.slow(w, r)
		return
	}
	token, ok := bearer(r.Header.Values("Authorization"))
	if !ok || s.keys == nil {
		s.failures.count(r)
		s.forbid(w, r, errNoEntry)
		return
	}
	life, ok := s.keys.Admit(token)
	if !ok {
		s.failures.count(r)
		s.forbid(w, r, lab.Errorf(lab.KindDenied, "this is not the token, or not any more").WithHint("See it: sandboxlabs token show."))
		return
	}
	ctx, end := context.WithCancel(r.Context())
	defer end()
	defer context.AfterFunc(life, end)()
	next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, tokenKey{}, true)))
}

// bearer reads the token of a request (RFC 6750, section 2.1).
func bearer(headers []string) (token string, ok bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsFunc(token, notInToken) {
		return "", false
	}
	return token, true
}

// notInToken tells what is not in RFC 6750's b64token.
func notInToken(r rune) bool {
	return r >= 0x7f || r <= ' ' || strings.ContainsRune(`"(),:;<>?@[\]{}`, r)
}

// byLink begins a session for the token of a link, which is good once; who has the
// session already is let in by an old one too.
func (s *Server) byLink(w http.ResponseWriter, r *http.Request, token string) {
	switch {
	case !s.failures.allow(r):
		s.slow(w, r)
	case s.session.open(r) || s.session.take(token):
		s.session.begin(w, r)
	default:
		s.failures.count(r)
		s.forbid(w, r, errNoEntry)
	}
}

// slow answers who has tried too many tokens.
func (s *Server) slow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	s.refuse(w, r, http.StatusTooManyRequests, lab.Errorf(lab.KindBusy, "too many wrong tokens came from your address").
		WithHint("Wait a few seconds. The right one is told by sandboxlabs token show."))
}

type tokenKey struct{}
