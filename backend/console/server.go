// Package console carries the display and the serial port of a node to the page
// over WebSockets, for which it hands out tickets. A display comes straight from
// the hypervisor (RFB), or through the gateway (the Guacamole protocol): the page
// then speaks to us as it would to the gateway's web application, and needs no
// token of that.
//
// A ticket is 256 random bits, good once, for 30 seconds, for one console of
// one node. Beside it, every request must name a loopback host and come from an
// allowed origin: neither another site nor another user's page can open a
// console, even with a ticket.
//
// Binary frames both ways, without compression and of any size, whose borders
// mean nothing; text frames of whole instructions for a tunnel. The first frame of
// a serial port is empty and tells that the port is open: it may be silent. The end
// is a close frame whose code says to a program why, and whose reason says it to a person.
package console

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

// The codes of close frames.
const (
	CodeGoingAway   = websocket.StatusGoingAway     // we are ending
	CodeInternal    = websocket.StatusInternalError // 1011, a fault of ours
	CodeStopped     = websocket.StatusCode(4001)    // the node is not running, or another took its serial port
	CodeTunnel      = websocket.StatusCode(4002)    // the gateway ended it; the reason begins with its status code
	CodeDenied      = websocket.StatusCode(4403)    // libvirt refuses
	CodeNotFound    = websocket.StatusCode(4404)    // no such node, or the ticket is used or old
	CodeUnavailable = websocket.StatusCode(4503)    // no connection to libvirt
)

const openTimeout = 10 * time.Second

// Options of a Server.
type Options struct {
	// Origins may open consoles, besides a page the same server served: the
	// window's wails://wails and wails://wails.localhost, say.
	Origins []string
	// Tunnels opens consoles through the gateway; nil: there is none.
	Tunnels lab.TunnelOpener
	// Log gets what no page can be told; nil drops it.
	Log *slog.Logger
}

// Server is a lab.Consoles, and the http.Handler of /console/{kind}/{ticket}.
// A session ends with its request's context, so give the http.Server a
// BaseContext that ends with the program.
type Server struct {
	graphics lab.GraphicsOpener
	serial   lab.SerialOpener
	tunnels  lab.TunnelOpener
	pacer    pacer
	origins  []string
	log      *slog.Logger
	mux      *http.ServeMux
	tickets  tickets
	base     string // of the tickets' URLs; empty: relative
}

var (
	_ lab.Consoles = (*Server)(nil)
	_ http.Handler = (*Server)(nil)
)

// New gives a server of the consoles that can be opened with these. Closing a
// stream they gave MUST end a Read and a Write under way on it.
func New(graphics lab.GraphicsOpener, serial lab.SerialOpener, o Options) *Server {
	s := &Server{graphics: graphics, serial: serial, tunnels: o.Tunnels, origins: o.Origins, log: o.Log, mux: http.NewServeMux()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.mux.HandleFunc("GET /console/{kind}/{ticket}", s.serve)
	s.mux.HandleFunc("GET "+visitPath+"{ticket}", s.visit)
	return s
}

// Listen serves on a loopback port of its own until ctx ends; tickets then have
// absolute URLs. Call it before anybody asks for a ticket. It is for the
// window, whose own asset server knows no WebSockets.
func (s *Server) Listen(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return lab.Errorf(lab.KindUnavailable, "can not listen on 127.0.0.1 for the consoles").WithCause(err)
	}
	s.base = "ws://" + listener.Addr().String()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: openTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing but the listener to fail on
	go func() {
		if err := server.Serve(listener); ctx.Err() == nil {
			s.log.Error("the consoles' listener ended", "error", err)
		}
	}()
	return nil
}

// Ticket implements lab.Consoles. KindBusy if too many are outstanding.
func (s *Server) Ticket(_ context.Context, id string, kind lab.ConsoleKind) (lab.Ticket, error) {
	if err := lab.CheckID(id); err != nil {
		return lab.Ticket{}, err
	}
	if !slices.Contains(lab.ConsoleKinds, kind) {
		return lab.Ticket{}, lab.Errorf(lab.KindInvalid, "%q is not a kind of console", kind).WithHint("Use one of %v.", lab.ConsoleKinds)
	}
	token, err := s.tickets.issue(grant{id, kind})
	if err != nil {
		return lab.Ticket{}, err
	}
	base := s.base
	if kind == lab.ConsoleVisit {
		base = strings.Replace(base, "ws:", "http:", 1)
	}
	return lab.Ticket{URL: fmt.Sprintf("%s/console/%s/%s", base, kind, token)}, nil
}

// Guarded is the same behind what has checked the Host and the Origin of each
// request by rules of its own, such as that a program has no Origin.
func (s *Server) Guarded() http.Handler { return s.mux }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.admit(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// admit refuses what no page of ours sends.
func (s *Server) admit(r *http.Request) error {
	if !isLoopback(r.Host) {
		return lab.Errorf(lab.KindDenied, "the host %q is not this machine", r.Host)
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 && strings.HasPrefix(r.URL.Path, visitPath) { // a browser that was sent there
		return nil
	}
	if len(origins) == 1 && s.isOurs(origins[0], r.Host) {
		return nil
	}
	return lab.Errorf(lab.KindDenied, "a page of the origin %q may not open a console", origins)
}

func (s *Server) isOurs(origin, host string) bool {
	return origin == "http://"+host || origin == "https://"+host || slices.Contains(s.origins, origin)
}

// isLoopback tells whether a Host header names this machine by an address no
// foreign name server can give out.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
