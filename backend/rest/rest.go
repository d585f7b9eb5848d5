// Package rest serves SandBoxLabs over HTTP on loopback: the page with a script
// that stands in for the window, the service's verbs as POST /rpc/VERB with a
// JSON array of arguments, its events as server-sent events at /events, pictures
// of displays, the consoles, and what is dropped on the page at /upload.
//
// Nothing answers without a session. The address that is printed at the start
// carries a token; the first request with it is given the session's cookie, and
// the token is worth nothing from then on. A failure has the HTTP status of its
// kind and a lab.Problem as body.
package rest

import (
	"io/fs"
	"maps"
	"net/http"

	"sandboxlabs/backend/service"
)

// Options wires a server.
type Options struct {
	Service  *service.Service
	Page     fs.FS        // index.html and its assets
	Consoles http.Handler // answers below /console/; may be nil
	Uploads  string       // folder for files that are dropped on the page
}

// Server is one program's web face.
type Server struct {
	service *service.Service
	session *session
	uploads *uploads
	verbs   map[string]verb
	handler http.Handler
}

// New makes a server; it listens to nothing until Serve.
func New(o Options) (*Server, error) {
	page, err := newPage(o.Page)
	if err != nil {
		return nil, err
	}
	s := &Server{service: o.Service, session: newSession(), uploads: newUploads(o.Uploads), verbs: maps.Clone(verbs)}
	s.verbs["AddImage"] = one(s.addImage)
	s.uploads.sweep()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rpc/{verb}", s.call)
	mux.HandleFunc("POST /upload", s.upload)
	mux.HandleFunc("DELETE /upload", s.discard)
	mux.HandleFunc("GET /events", s.events)
	mux.Handle("GET /screenshot/{node}", Screenshots(o.Service))
	if o.Consoles != nil {
		mux.Handle("GET /console/", o.Consoles)
	}
	mux.Handle("GET /", page)
	s.handler = recovered(guarded(s.session.required(mux)))
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
