// Package api is the HTTP API of SandBoxLabs, /api/v1, for programs: what the
// page can do, as resources. Its document (OpenAPI 3.1) is made of the code, by
// huma, and served beside it: Prefix + /openapi.json, /openapi.yaml, and /docs to
// be read.
//
// Who may enter is decided before it, by whoever mounts it. It names no path of
// this machine to be read or written: files come by uploads, and are told by id.
package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/service"
)

// Prefix is where the handler must be mounted, as it is: nothing is stripped.
const Prefix = "/api/v1"

// Options wires the API.
type Options struct {
	Service *service.Service
	Uploads *upload.Store // of what is sent in pieces
	Version string        // of the program

	// Picture gives a PNG of a node's display, width pixels wide at most (0: as it is).
	Picture func(ctx context.Context, node string, width int) ([]byte, error)
}

// API is the handler of everything below Prefix.
type API struct {
	Options
	huma    huma.API
	mux     *http.ServeMux
	board   *board
	replies *replies
	verbs   []string // of the service, that have an operation
	ids     []string // of the operations, in the order in which they are to be read
	handler http.Handler
}

// New makes the API. It follows the service's events until ctx ends.
func New(ctx context.Context, o Options) (*API, error) {
	a := &API{Options: o, mux: http.NewServeMux(), board: newBoard(), replies: newReplies()}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, configuration(o.Version))
	for _, add := range []func(){a.addNodes, a.addActions, a.addDeleted, a.addImages, a.addUploads, a.addGateway, a.addSettings, a.addHost, a.addEvents} {
		add()
	}
	polish(a.huma.OpenAPI())
	if err := a.addDocument(); err != nil {
		return nil, err
	}
	a.handler = named(a.plain(a.read(a.replies.once(a.mux))))
	if o.Service != nil {
		go a.board.follow(o.Service.Subscribe(ctx))
	}
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Verbs gives the verbs of the service that the API has an operation for, sorted.
func Verbs() []string {
	a, err := New(context.Background(), Options{})
	if err != nil {
		panic(err) // it is the same for every one
	}
	return a.verbs
}

// What huma has for all its users alike is set before anybody can ask: nobody else
// in this program uses it.
func init() {
	huma.NewError = newError
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// configuration says how huma works: strictly, and with nothing of its own.
func configuration(version string) huma.Config {
	c := huma.DefaultConfig("SandBoxLabs", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil // no links to schemas in every answer
	c.RejectUnknownQueryParameters = true
	c.Info.Description = strings.TrimSpace(introduction)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {
			Type: "http", Scheme: "bearer",
			Description: "The token that `sandboxlabs token show` prints. Over the unix socket none is needed: who may open it may do everything.",
		},
		"session": {
			Type: "apiKey", In: "cookie", Name: "sandboxlabs",
			Description: "The cookie of a browser that came by the link which `sandboxlabs serve` prints. The port follows its name where that is not told by the address.",
		},
	}
	c.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return c
}
