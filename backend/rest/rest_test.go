package rest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/page"
	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/service"
)

// site is a server on a host in memory, and a browser that may enter it.
type site struct {
	*httptest.Server
	*labtest.World
	server  *Server
	browser *http.Client
}

// built gives a page.
func built() *page.Page {
	p, err := page.New(fstest.MapFS{
		"index.html":    {Data: []byte(`<!doctype html><html lang="en"><head><title>Labs</title></head></html>`)},
		"assets/app.js": {Data: []byte("app()")},
	})
	if err != nil {
		panic(err) // it has an index
	}
	return p
}

// patience is how long a test waits for an answer, or for an event, before it fails.
const patience = 20 * time.Second

// mustSite gives a site without a session.
func mustSite(t *testing.T) *site {
	t.Helper()
	world := labtest.NewWorld()
	world.Library.MustAddImage(t, "tiny")
	s := service.New(service.Options{
		Hypervisor: world.Hypervisor, Pool: world.Pool, Library: world.Library, Store: world.Store,
		Journal: world.Journal, Preferences: world.Page,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	must(t, s.Ready(ctx))
	server := New(Options{Service: s, Page: built(), Uploads: upload.Open(t.TempDir())})
	jar, err := cookiejar.New(nil)
	must(t, err)
	l := httptest.NewServer(server)
	t.Cleanup(l.Close)
	return &site{Server: l, World: world, server: server, browser: &http.Client{Jar: jar, Timeout: patience}}
}

// mustEnter gives a site whose browser has a session.
func mustEnter(t *testing.T) *site {
	t.Helper()
	s := mustSite(t)
	if got, want := s.mustGet(t, "/?token="+s.server.session.token).StatusCode, http.StatusOK; got != want {
		t.Fatalf("entering gives %d, want %d", got, want)
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	body string
}

func (s *site) mustGet(t *testing.T, path string, headers ...string) answer {
	t.Helper()
	return s.mustDo(t, http.MethodGet, path, "", headers...)
}

// mustCall calls a verb with a JSON array of arguments.
func (s *site) mustCall(t *testing.T, verb, args string, headers ...string) answer {
	t.Helper()
	return s.mustDo(t, http.MethodPost, "/rpc/"+verb, args, append([]string{"Content-Type", "application/json"}, headers...)...)
}

// mustDo makes a request; headers are names and values in turn.
func (s *site) mustDo(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	response, err := s.browser.Do(r)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return answer{response, string(text)}
}

// problem reads the answer's Problem.
func (a answer) problem(t *testing.T) lab.Problem {
	t.Helper()
	var p lab.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatalf("the answer is no Problem: %v: %s", err, a.body)
	}
	return p
}

func TestPageHasShim(t *testing.T) {
	s := mustEnter(t)
	got := s.mustGet(t, "/").body
	if want := `<head><script src="/shim.js"></script><title>Labs`; !strings.Contains(got, want) {
		t.Errorf("the page is %s, want %s in it", got, want)
	}
	for path, want := range map[string]string{"/assets/app.js": "app()", "/shim.js": string(shim)} {
		if got := s.mustGet(t, path).body; got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got, want := s.mustGet(t, "/absent.js").StatusCode, http.StatusNotFound; got != want {
		t.Errorf("an absent file gives %d, want %d", got, want)
	}
}

func TestHeaders(t *testing.T) {
	s := mustEnter(t)
	for _, path := range []string{"/", "/rpc/List", "/absent"} {
		h := s.mustGet(t, path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		want := "connect-src 'self' ws://" + strings.TrimPrefix(s.URL, "http://") + ";"
		if got := h.Get("Content-Security-Policy"); !strings.Contains(got, want) {
			t.Errorf("%s: the policy is %q, want %q in it", path, got, want)
		}
	}
}
