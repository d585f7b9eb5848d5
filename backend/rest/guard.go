package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"sandboxlabs/backend/lab"
)

// guarded refuses what does not come from our own page, and sets the headers
// that keep the page what it is.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), r.Host)
		if !loopback(withPort(r.Host)) {
			// a name that was made to point at us: DNS rebinding
			s.refuse(w, r, http.StatusForbidden, lab.Errorf(lab.KindDenied, "%q is not this computer", r.Host).
				WithHint("Open the address that sandboxlabs serve printed."))
			return
		}
		if !sameOrigin(r) {
			s.refuse(w, r, http.StatusForbidden, lab.Errorf(lab.KindDenied, "another page asked for this"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policy lets the page load itself, and talk to the server it came from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws://%s; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func setHeaders(h http.Header, host string) {
	if !loopback(withPort(host)) {
		host = "127.0.0.1"
	}
	h.Set("Content-Security-Policy", fmt.Sprintf(policy, host))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// withPort gives a Host header the port that browsers leave out of it.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "80")
}

// loopback reports whether the host of an address with a port is a literal
// loopback address or localhost.
func loopback(address string) bool {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// sameOrigin reports whether our own page, a person or a program made the
// request. Browsers say where a request comes from in Origin or Sec-Fetch-Site;
// another port of this computer is another page, though cookies do not think so.
func sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		return origin == "http://"+r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

// recovered turns a panic into an answer; the other requests go on.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // it is how a handler cuts its answer off
			}
			slog.Error("panic in request", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			s.refuse(w, r, http.StatusInternalServerError, lab.Errorf(lab.KindInternal, "SandBoxLabs made a mistake: %v", p).WithHint("Please report it."))
		}()
		next.ServeHTTP(w, r)
	})
}
