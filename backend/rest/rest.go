// Package rest serves SandBoxLabs over HTTP: the page with a script
// that stands in for the window, the service's verbs as POST /rpc/VERB with a
// JSON array of arguments, its events as server-sent events at /events, pictures
// of displays, the consoles, and what is dropped on the page at /upload.
//
// Nothing answers to just anybody. A browser begins a session by an address that
// is printed at the start (or made anew by Link), whose token is good once: the first
// request with it is given the session's cookie. A program sends a token that does not
// change by itself, or comes by the unix socket, whose mode keeps others out. Beside
// that each request must call us by a name of ours, and come from no other's page. A
// failure has the HTTP status of its kind and a lab.Problem as body.
package rest

import (
	"crypto/x509"
	"maps"
	"net/http"
	"strings"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/page"
	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/service"
)

// Options wires a server.
type Options struct {
	Service  *service.Service
	Page     *page.Page
	Consoles http.Handler    // answers below /console/; may be nil
	Uploads  *upload.Store   // of files that are dropped on the page
	Faces    map[string]Face // by the path below which each answers, such as "/api/v1/"
	Keys     Keys            // by which programs enter; nil: there are none
	Hosts    []string        // names we are called by beside those of loopback and of the certificate
	Anyone   bool            // nobody is asked who they are
}

// Face is another web face below a path of its own: an API. Its package lies below
// this one, and may use Status, Reply and Body; main makes it and mounts it. What
// comes to it has passed the guard (Host, Origin, and a token, a session or the
// socket), has the headers of every answer, and a panic in it is answered. A request's
// context ends when its client goes, its token is replaced, or the server stops:
// what must not be cut off goes on without it, and has half a minute at the end.
type Face struct {
	http.Handler // is asked with the whole path, and limits the bodies it takes
	// Refuse tells, as the face tells a failure, why the guard let a request not
	// through; nil: by a lab.Problem.
	Refuse func(w http.ResponseWriter, status int, err error)
}

// Server is one program's web face.
type Server struct {
	service *service.Service
	session *session
	uploads *upload.Store
	verbs   map[string]verb
	faces   map[string]Face
	handler http.Handler

	keys     Keys
	failures failures
	open     bool

	hosts       []string
	certificate *x509.Certificate // nil: no TLS
	address     string            // by which a browser comes; empty: by none
}

// New makes a server; it listens to nothing until Serve.
func New(o Options) *Server {
	s := &Server{
		service: o.Service, session: newSession(), uploads: o.Uploads,
		verbs: maps.Clone(verbs), faces: o.Faces,
		keys: o.Keys, hosts: o.Hosts, open: o.Anyone,
	}
	maps.Copy(s.verbs, s.ownVerbs())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rpc/{verb}", s.call)
	mux.HandleFunc("POST /link", s.link)
	mux.HandleFunc("POST /upload", s.upload)
	mux.HandleFunc("DELETE /upload", s.discard)
	mux.HandleFunc("GET /events", s.events)
	mux.Handle("GET /screenshot/{node}", Screenshots(o.Service))
	if o.Consoles != nil {
		mux.Handle("GET /console/", o.Consoles)
	}
	mux.Handle("GET /", s.page(o.Page))
	s.mount(mux)
	return s
}

// mount sets the guard before the faces and before next, which has the rest.
func (s *Server) mount(next http.Handler) {
	s.handler = s.recovered(s.guarded(s.required(s.routed(next))))
}

// routed gives each face what is below its path, and the rest to next.
func (s *Server) routed(next http.Handler) http.Handler {
	mux := http.NewServeMux() // of its own: patterns with methods and without do not mix
	mux.Handle("/", next)
	for path, face := range s.faces {
		mux.Handle(path, face)
	}
	return mux
}

// refuse tells why a request is let not through: in a face's own way below its path.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	var below string
	for path := range s.faces {
		if strings.HasPrefix(r.URL.Path, path) && len(path) > len(below) {
			below = path
		}
	}
	if face := s.faces[below]; face.Refuse != nil {
		face.Refuse(w, status, err)
		return
	}
	Reply(w, status, lab.ProblemOf(err))
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
