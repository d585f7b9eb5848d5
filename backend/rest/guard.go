package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// guarded refuses what does not come from our own page, and sets the headers
// that keep the page what it is.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What was written last on this connection may have set one.
		if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
			slog.Debug("limit answer", "error", err)
		}
		ours := s.answersTo(r)
		setHeaders(w.Header(), r, ours)
		switch {
		case !ours:
			// a name that was made to point at us: DNS rebinding
			s.refuse(w, r, http.StatusForbidden, lab.Errorf(lab.KindDenied, "%q is not this computer", r.Host).
				WithHint("Open the address that sandboxlabs serve printed; sandboxlabs serve --host NAME lets it have another name."))
		case !sameOrigin(r):
			s.refuse(w, r, http.StatusForbidden, lab.Errorf(lab.KindDenied, "another page asked for this"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// answersTo reports whether a request calls us by a name of ours: one of loopback,
// one that was given to us or is in our certificate, or the very address that it
// came to. No foreign name server can have a browser say one of these. What
// comes by the socket is from no browser.
func (s *Server) answersTo(r *http.Request) bool {
	name, _, err := net.SplitHostPort(withPort(r.Host))
	if err != nil {
		return false
	}
	return fromSocket(r) || loopback(withPort(r.Host)) || s.named(name) || name == cameTo(r)
}

func (s *Server) named(name string) bool {
	for _, host := range s.hosts {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return s.certificate != nil && s.certificate.VerifyHostname(name) == nil
}

// cameTo is the IP address of ours that a request came to.
func cameTo(r *http.Request) string {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return ""
	}
	return a.IP.String()
}

// policy lets the page load itself, and talk to the server it came from.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self' %s://%s; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func setHeaders(h http.Header, r *http.Request, ours bool) {
	host, scheme := r.Host, "ws"
	if !ours {
		host = "127.0.0.1"
	}
	if r.TLS != nil {
		scheme = "wss"
	}
	h.Set("Content-Security-Policy", fmt.Sprintf(policy, scheme, host))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// withPort gives a Host header a port where browsers leave it out, be it 80 for 443.
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
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		return len(origins) == 1 && origins[0] == scheme(r)+"://"+r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
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
