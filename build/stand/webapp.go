package stand

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// anyPort is where it listens before it has a port of its own.
const anyPort = "127.0.0.1:0"

// WebApp is a double of Guacamole's web application, with the PostgreSQL
// extension and nothing else. It knows: tokens, the session, the permissions of
// oneself, the tree of connections and a single one of them, and the WebSocket
// tunnel. It does not know: groups of users, limits of how many may connect at
// once, hours in which a user may not log in, auth-ban, and all that writes but
// the history of connections. Everything is read anew from the database.
//
// All methods may be called by many at once.
type WebApp struct {
	guacd    string
	address  string
	security *tls.Config // nil: plain HTTP
	records  records

	// The real one opens many at once. Of guacd 1.3, one in a hundred then waits for
	// a word that was lost between its own processes.
	opening sync.Mutex

	mu       sync.Mutex
	version  string
	delay    time.Duration
	logins   int
	sessions map[string]*session
	active   map[int32]int // open tunnels of each connection
	cut      func() error  // ends the server and all it carries; nil while it is down
}

// NewWebApp starts the double on a free port of 127.0.0.1. dsn is the database,
// such as Schema.WebApp, and guacd its address. Neither is asked before a request
// is. It plays version 1.6.
func NewWebApp(dsn, guacd string) (*WebApp, error) { return newWebApp(dsn, guacd, nil) }

// NewTLSWebApp is NewWebApp over HTTPS, with a certificate for 127.0.0.1 that it
// has signed itself; ca is that certificate in PEM, for those who trust it.
func NewTLSWebApp(dsn, guacd string) (w *WebApp, ca []byte, err error) {
	certificate, ca, err := newCertificate()
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	w, err = newWebApp(dsn, guacd, &tls.Config{Certificates: []tls.Certificate{certificate}})
	return w, ca, err
}

func newWebApp(dsn, guacd string, security *tls.Config) (*WebApp, error) {
	w := &WebApp{
		guacd: guacd, address: anyPort, security: security, records: records{dsn: dsn},
		version: "1.6", sessions: map[string]*session{}, active: map[int32]int{},
	}
	return w, w.Up()
}

// URL is the address of the web application, without a slash at its end.
func (w *WebApp) URL() string {
	if w.security != nil {
		return "https://" + w.address + "/guacamole"
	}
	return "http://" + w.address + "/guacamole"
}

// SetVersion makes it play "1.5" or "1.6". In 1.5 a session cannot be asked for
// by HEAD: a good token gives 405, and only a bad one 403, as in 1.6.
func (w *WebApp) SetVersion(version string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version = version
}

// SetDelay makes every request wait that long before anything is done for it.
func (w *WebApp) SetDelay(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delay = d
}

// Tokens is how many tokens are good now.
func (w *WebApp) Tokens() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sessions)
}

// Logins is how often somebody asked for a token with a name and a password,
// whether they were right or not.
func (w *WebApp) Logins() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logins
}

// ExpireTokens forgets every token, and ends the tunnels that were opened with them.
func (w *WebApp) ExpireTokens() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for token, s := range w.sessions {
		s.end()
		delete(w.sessions, token)
	}
}

// Down makes the port refuse everybody and cuts what is open, without a word.
// Tokens stay good: for one that was started anew, call ExpireTokens too.
func (w *WebApp) Down() error {
	w.mu.Lock()
	cut := w.cut
	w.cut = nil
	w.mu.Unlock()
	if cut == nil {
		return nil
	}
	return cut()
}

// Up makes it answer again, on the same port.
func (w *WebApp) Up() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut != nil {
		return nil
	}
	l, err := net.Listen("tcp", w.address)
	if err != nil {
		return fmt.Errorf("start web application: %w", err)
	}
	if w.address == anyPort {
		w.address = l.Addr().String()
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{
		Handler: w.routes(), TLSConfig: w.security,
		BaseContext:  func(net.Listener) context.Context { return ctx },
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // like Tomcat, no HTTP/2
		ErrorLog:     quiet,
	}
	w.cut = func() error {
		cancel()
		return server.Close()
	}
	go w.serve(server, l)
	return nil
}

// serve returns when the server is closed, which is no error.
func (w *WebApp) serve(server *http.Server, l net.Listener) {
	if w.security != nil {
		_ = server.ServeTLS(l, "", "")
		return
	}
	_ = server.Serve(l)
}

// Close ends it, and forgets all tokens.
func (w *WebApp) Close() error {
	err := w.Down()
	w.ExpireTokens()
	return errors.Join(err, w.records.close())
}

// routes is all that the double answers.
func (w *WebApp) routes() http.Handler {
	const data = "GET /guacamole/api/session/data/{source}/"
	mux := http.NewServeMux()
	mux.HandleFunc("POST /guacamole/api/tokens", w.answer(w.login))
	mux.HandleFunc("DELETE /guacamole/api/tokens/{token}", w.answer(w.revoke))
	mux.HandleFunc("/guacamole/api/session", w.answer(w.session))
	mux.HandleFunc(data+"self/permissions", w.answer(w.inSession(w.permissions)))
	mux.HandleFunc(data+"connectionGroups/ROOT/tree", w.answer(w.inSession(w.tree)))
	mux.HandleFunc(data+"connections/{id}", w.answer(w.inSession(w.connection)))
	mux.HandleFunc("GET /guacamole/websocket-tunnel", w.tunnel)
	mux.HandleFunc("GET /guacamole/{$}", home)
	return w.delayed(mux)
}

// home is the page of the web application, or all of it that a test needs to see.
func home(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "text/html;charset=UTF-8")
	fmt.Fprint(rw, `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Apache Guacamole (test double)</title></head>
<body><h1>Apache Guacamole (test double)</h1><p id="hash"></p>
<script>document.getElementById('hash').textContent = location.hash.replace(/\?.*/, '')</script></body></html>
`)
}

func (w *WebApp) delayed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		delay := w.delay
		w.mu.Unlock()
		select {
		case <-time.After(delay):
			next.ServeHTTP(rw, r)
		case <-r.Context().Done():
		}
	})
}
