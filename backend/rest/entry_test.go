package rest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"unicode"

	"sandboxlabs/backend/lab"
)

// ring is the Keys of a test.
type ring struct {
	mu    sync.Mutex
	token string
	life  context.Context
	end   context.CancelFunc
}

func (k *ring) Admit(token string) (context.Context, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.life, token == k.token
}

// turn gives the ring another token.
func (k *ring) turn(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.end != nil {
		k.end()
	}
	k.token = token
	k.life, k.end = context.WithCancel(context.Background())
}

// mustKeys gives a site that programs enter by the token "right".
func mustKeys(t *testing.T) (*site, *ring) {
	t.Helper()
	s, keys := mustSite(t), new(ring)
	keys.turn("right")
	s.server.keys = keys
	return s, keys
}

func TestBearer(t *testing.T) {
	s, keys := mustKeys(t)
	for header, want := range map[string]int{
		"Bearer right":    http.StatusOK,
		"bearer right":    http.StatusOK,
		"Bearer wrong":    http.StatusUnauthorized,
		"Bearer ":         http.StatusUnauthorized,
		"Bearer right ":   http.StatusOK, // net/http trims it
		"Bearer  right":   http.StatusUnauthorized,
		"Basic cmlnaHQ6":  http.StatusUnauthorized,
		"right":           http.StatusUnauthorized,
		"Bearer right, x": http.StatusUnauthorized,
	} {
		s.server.failures = failures{}
		a := s.mustCall(t, "List", "[]", "Authorization", header)
		if a.StatusCode != want {
			t.Errorf("%q gives %d, want %d: %s", header, a.StatusCode, want, a.body)
		}
		if got := a.Header.Get("WWW-Authenticate"); (got != "") != (want == http.StatusUnauthorized) {
			t.Errorf("%q is asked for %q", header, got)
		}
	}
	keys.turn("new")
	if got, want := s.mustCall(t, "List", "[]", "Authorization", "Bearer right").StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("an old token gives %d, want %d", got, want)
	}
}

// A wrong token is not made good by the session of the browser that has it.
func TestWrongTokenBesideASession(t *testing.T) {
	s := mustEnter(t)
	if got, want := s.mustCall(t, "List", "[]", "Authorization", "Bearer wrong").StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("it gives %d, want %d", got, want)
	}
}

func TestRotationEndsStreams(t *testing.T) {
	s, keys := mustKeys(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/events", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer right")
	stream, err := s.browser.Do(r)
	must(t, err)
	defer stream.Body.Close()
	keys.turn("new")
	for b := make([]byte, 1<<10); err == nil; {
		_, err = stream.Body.Read(b)
	}
	if !strings.Contains(err.Error(), "EOF") {
		t.Errorf("the stream of an old token ends with %v, want its end", err)
	}
}

func TestWrongTokensAreSlow(t *testing.T) {
	s, _ := mustKeys(t)
	for range failureBurst {
		if got, want := s.mustCall(t, "List", "[]", "Authorization", "Bearer wrong").StatusCode, http.StatusUnauthorized; got != want {
			t.Fatalf("a wrong token gives %d, want %d", got, want)
		}
	}
	for _, token := range []string{"wrong", "right"} {
		a := s.mustCall(t, "List", "[]", "Authorization", "Bearer "+token)
		if a.StatusCode != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
			t.Errorf("after many wrong tokens the %s one gives %d: %s", token, a.StatusCode, a.body)
		}
	}
	if got, want := s.mustGet(t, "/?token=wrong").StatusCode, http.StatusTooManyRequests; got != want {
		t.Errorf("a wrong link gives %d, want %d", got, want)
	}
	other := httptest.NewRequest(http.MethodGet, "/absent", nil)
	other.Host, other.RemoteAddr = "127.0.0.1", "192.0.2.7:1"
	other.Header.Set("Authorization", "Bearer right")
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, other)
	if got, want := w.Code, http.StatusNotFound; got != want {
		t.Errorf("the right token from elsewhere gives %d, want %d", got, want)
	}
}

// Who tries from ever new addresses fills no memory.
func TestSourcesAreForgotten(t *testing.T) {
	var f failures
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := range 3 * maxSources {
		r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1", i/256, i%256)
		f.count(r)
	}
	if got := len(f.from); got > maxSources {
		t.Errorf("%d addresses are remembered, want at most %d", got, maxSources)
	}
}

func TestAnyone(t *testing.T) {
	s := mustSite(t)
	s.server.open = true
	if got, want := s.mustCall(t, "List", "[]").StatusCode, http.StatusOK; got != want {
		t.Errorf("a call gives %d, want %d", got, want)
	}
	for name, headers := range map[string][]string{
		"another host":   {"Host", "evil.example"},
		"another origin": {"Origin", "http://evil.example"},
	} {
		if got, want := s.mustCall(t, "List", "[]", headers...).StatusCode, http.StatusForbidden; got != want {
			t.Errorf("%s gives %d, want %d", name, got, want)
		}
	}
	if got, want := s.mustCall(t, "List", "[]", "Authorization", "Bearer wrong").StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("a wrong token gives %d, want %d", got, want)
	}
}

// Whoever comes with the token may be far away, and names no file of this computer.
func TestFilesAreNamedHereAlone(t *testing.T) {
	s, _ := mustKeys(t)
	for verb, args := range map[string]string{
		"AddImage":       `[{"name":"x","path":"/etc/passwd"}]`,
		"ProbeImage":     `["/etc/passwd"]`,
		"ChangeSettings": `[{"set":{"pool.path":"/etc"}}]`,
		"Create":         `[{"name":"x","image":"tiny","firstBoot":{"sshKeys":["auto","~/.ssh/id.pub"]}}]`,
	} {
		a := s.mustCall(t, verb, args, "Authorization", "Bearer right")
		if got, want := a.StatusCode, http.StatusForbidden; got != want || a.problem(t).Kind != lab.KindDenied {
			t.Errorf("%s gives %d, want %d: %s", verb, got, want, a.body)
		}
	}
	enter := s.mustGet(t, "/?token="+s.server.session.token)
	if a := s.mustCall(t, "ProbeImage", `["/absent"]`); enter.StatusCode != http.StatusOK || a.StatusCode == http.StatusForbidden {
		t.Errorf("from a page of this computer it gives %d: %s", a.StatusCode, a.body)
	}
	s.server.hosts = []string{"lab.example"}
	s.server.open = true
	for _, proxy := range [][]string{{"Host", "lab.example"}, {"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"}} {
		if got, want := s.mustCall(t, "ProbeImage", `["/absent"]`, proxy...).StatusCode, http.StatusForbidden; got != want {
			t.Errorf("through a proxy, %v, it gives %d, want %d", proxy, got, want)
		}
	}
}

func FuzzBearer(f *testing.F) {
	for _, header := range []string{"Bearer sbl_A", "bearer x", "Bearer", "Bearer a b", "Basic YTpi", "Bearer \x00", "Bearer é"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, ok := bearer([]string{header})
		if !ok {
			if token != "" {
				t.Errorf("%q gives %q without being one", header, token)
			}
			return
		}
		if token == "" || !strings.HasSuffix(header, token) || strings.ContainsFunc(token, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			t.Errorf("%q gives %q", header, token)
		}
	})
}
