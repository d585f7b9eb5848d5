// Package prototype answers below /api as the web prototype of SandBoxLabs did, so
// that scripts which were written for it go on working: its endpoints, its fields and
// its statuses, success beside them, and its words for what can not be.
//
//	GET    /api/health            status, timestamp, version, services
//	GET    /api/nodes             nodes, the newest first, and their count
//	POST   /api/nodes             name, osType, resources.ram (MiB), resources.cpus: 201
//	GET    /api/nodes/{id}
//	POST   /api/nodes/{id}/run    answers when it runs
//	POST   /api/nodes/{id}/stop   answers when it is off
//	POST   /api/nodes/{id}/wipe   leaves it off, on a fresh disk
//	DELETE /api/nodes/{id}
//
// Unlike the prototype it asks who comes (see package rest), answers a client's
// mistake with a status below 500, lets no page of another origin in, and deletes a
// node so that it can be restored for a while.
package prototype

import (
	"net/http"
	"strings"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/rest"
	"sandboxlabs/backend/service"
)

// Prefix is the path below which this answers.
const Prefix = "/api/"

// New gives the face over a service, which tells a version of the program.
func New(s *service.Service, version string) rest.Face {
	h := &handler{service: s, version: version}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", h.health)
	mux.HandleFunc("GET /api/nodes", h.ready(h.list))
	mux.HandleFunc("POST /api/nodes", h.ready(h.create))
	mux.HandleFunc("GET /api/nodes/{id}", h.ready(h.show))
	mux.HandleFunc("POST /api/nodes/{id}/run", h.ready(h.run))
	mux.HandleFunc("POST /api/nodes/{id}/stop", h.ready(h.stop))
	mux.HandleFunc("POST /api/nodes/{id}/wipe", h.ready(h.wipe))
	mux.HandleFunc("DELETE /api/nodes/{id}", h.ready(h.remove))
	mux.HandleFunc("/", nowhere)
	return rest.Face{Handler: loose(mux), Refuse: refuse}
}

type handler struct {
	service *service.Service
	version string
}

// ready lets nothing be answered, such as that there are no nodes, before they have
// been read.
func (h *handler) ready(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h.service.Ready(r.Context()); err != nil {
			fail(w, err)
			return
		}
		next(w, r)
	}
}

// loose takes a path with a slash at its end for the one without, as the prototype did.
func loose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; strings.HasSuffix(path, "/") {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = strings.TrimRight(path, "/"), ""
		}
		next.ServeHTTP(w, r)
	})
}

// failure is how the prototype told one. The hint is ours.
type failure struct {
	Success bool   `json:"success"`
	Error   string `json:"error"`
	Path    string `json:"path,omitempty"` // of an unknown endpoint
	Hint    string `json:"hint,omitempty"`
}

func nowhere(w http.ResponseWriter, r *http.Request) {
	rest.Reply(w, http.StatusNotFound, failure{Error: "Endpoint not found", Path: r.RequestURI})
}

// say answers with one of the prototype's own sentences.
func say(w http.ResponseWriter, status int, sentence string) {
	rest.Reply(w, status, failure{Error: sentence})
}

func fail(w http.ResponseWriter, err error) { refuse(w, rest.Status(err), err) }

func refuse(w http.ResponseWriter, status int, err error) {
	p := lab.ProblemOf(err)
	rest.Reply(w, status, failure{Error: p.Message, Hint: p.Hint})
}
