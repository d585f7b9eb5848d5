package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/service"
	"sandboxlabs/backend/upkeep"
)

// patience is how long a test waits for an answer before it fails.
const patience = 20 * time.Second

// site is the API of a host in memory, on loopback.
type site struct {
	testing.TB
	*labtest.World
	*httptest.Server
	service *service.Service
	uploads string
}

// tickets hands out consoles.
type tickets struct{}

func (tickets) Ticket(_ context.Context, id string, kind lab.ConsoleKind) (lab.Ticket, error) {
	return lab.Ticket{URL: "/console/" + id + "/" + string(kind)}, nil
}

// mustSite gives a site with the image tiny.
func mustSite(t testing.TB) *site {
	t.Helper()
	w := labtest.NewWorld()
	w.Library.MustAddImage(t, "tiny")
	state := t.TempDir()
	keeper := upkeep.New(upkeep.Options{
		Folders: map[lab.FolderName]string{lab.FolderState: state, lab.FolderLog: state, lab.FolderCrashes: state},
		Log:     filepath.Join(state, "log"), Crashes: state,
	})
	s := service.New(service.Options{
		Hypervisor: w.Hypervisor, Pool: w.Pool, Library: w.Library, Store: w.Store, Journal: w.Journal, Preferences: w.Page,
		Seeder: &labtest.Seeder{}, Consoles: tickets{}, Gateway: w.Gateway, Stack: w.Stack, Settings: w.Keeper, URI: "fake:///session",
		Upkeep: keeper, Autostart: &labtest.Autostart{}, Catalogue: &labtest.Catalogue{Has: lab.Offers{Entries: []lab.CatalogueEntry{}}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	must(t, s.Ready(ctx))
	uploads := t.TempDir()
	handler, err := New(ctx, Options{
		Service: s, Uploads: upload.Open(uploads), Version: "v0.0.0",
		Picture: func(context.Context, string, int) ([]byte, error) { return []byte("\x89PNG\r\n\x1a\n"), nil },
	})
	must(t, err)
	l := httptest.NewServer(handler)
	t.Cleanup(l.Close)
	return &site{TB: t, World: w, Server: l, service: s, uploads: uploads}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reading is an answer that was read.
type reading struct {
	*http.Response
	body []byte
}

// headers are set on a request: name, value, name, value.
func (s *site) ask(method, path, body string, headers ...string) reading {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+Prefix+path, strings.NewReader(body))
	must(s.TB, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	must(s.TB, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	must(s.TB, err)
	return reading{answer, text}
}

// want asks, and ends the test unless the status is the one.
func (s *site) want(status int, method, path, body string, headers ...string) reading {
	s.Helper()
	a := s.ask(method, path, body, headers...)
	if a.StatusCode != status {
		s.Fatalf("%s %s %.200s gives %d, want %d: %s", method, path, body, a.StatusCode, status, a.body)
	}
	return a
}

// into decodes an answer.
func into[T any](t testing.TB, a reading) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// made makes a node.
func (s *site) made(name string) lab.Node {
	s.Helper()
	return into[lab.Node](s.TB, s.want(http.StatusCreated, "POST", "/nodes", `{"name":"`+name+`","image":"tiny"}`))
}

func TestNodesLife(t *testing.T) {
	s := mustSite(t)
	a := s.want(http.StatusCreated, "POST", "/nodes", `{"name":"web","image":"tiny","start":true}`)
	v := into[lab.Node](t, a)
	if got, want := a.Header.Get("Location"), Prefix+"/nodes/"+v.ID; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
	node := "/nodes/" + v.ID
	if got, want := into[lab.Node](t, s.want(http.StatusOK, "GET", node+"?wait=20", "")).State, lab.Running; got != want {
		t.Errorf("the node is %s, want %s", got, want)
	}
	for _, action := range []string{"pause", "resume", "wipe", "undo-wipe", "force-off"} {
		s.want(http.StatusOK, "POST", node+"/"+action, "")
		s.want(http.StatusOK, "GET", node+"?wait=20", "")
	}
	if got := into[lab.Node](t, s.want(http.StatusOK, "POST", node+"/rename", `{"name":"api"}`)).Name; got != "api" {
		t.Errorf("the node is named %q", got)
	}
	s.want(http.StatusCreated, "POST", node+"/clones", `{"name":"twin","copyDisk":true}`)
	if got := into[lab.Node](t, s.want(http.StatusOK, "PATCH", node, `{"notes":"mine","vcpus":2}`)); got.Notes != "mine" || got.VCPUs != 2 {
		t.Errorf("changed: %+v", got)
	}
	s.want(http.StatusOK, "DELETE", node, "")
	if got := into[page[lab.Node]](t, s.want(http.StatusOK, "GET", "/deleted-nodes", "")).Items; len(got) != 1 || got[0].ID != v.ID {
		t.Errorf("deleted: %+v", got)
	}
	s.want(http.StatusOK, "POST", node+"/restore", "")
	s.want(http.StatusOK, "DELETE", node, "")
	s.want(http.StatusNoContent, "DELETE", "/deleted-nodes/"+v.ID, "")
	s.want(http.StatusNotFound, "DELETE", "/deleted-nodes/"+v.ID, "")
	s.want(http.StatusNotFound, "GET", node, "")
}
