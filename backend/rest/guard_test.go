package rest

import (
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestNoSession(t *testing.T) {
	s := mustSite(t)
	for _, path := range []string{"/", "/index.html", "/shim.js", "/events", "/screenshot/web", "/console/vnc/x", "/?token=wrong", "/?token="} {
		a := s.mustGet(t, path)
		if got, want := a.StatusCode, http.StatusUnauthorized; got != want {
			t.Errorf("%s without a session gives %d, want %d", path, got, want)
		}
		if p := a.problem(t); p.Kind != lab.KindDenied || !strings.Contains(p.Hint, "sandboxlabs serve") {
			t.Errorf("%s without a session tells %+v", path, p)
		}
	}
	if got, want := s.mustCall(t, "List", "[]").StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("a call without a session gives %d, want %d", got, want)
	}
	a := s.mustGet(t, "/", "Accept", "text/html,*/*")
	if !strings.Contains(a.body, "<h1>This browser has no session here</h1>") {
		t.Errorf("a person is shown %s", a.body)
	}
}

func TestTokenWorksOnce(t *testing.T) {
	s := mustSite(t)
	link := "/?token=" + s.server.session.token
	a := s.mustGet(t, link)
	if got, want := a.Request.URL.String(), s.URL+"/"; got != want {
		t.Errorf("the link ends at %s, want %s", got, want)
	}
	cookie := a.Request.Response.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("the cookie is %+v, want it HttpOnly and SameSite=Strict", cookie)
	}
	if got, want := s.mustGet(t, link).StatusCode, http.StatusOK; got != want {
		t.Errorf("the link in the same browser again gives %d, want %d", got, want)
	}
	other, err := cookiejar.New(nil)
	must(t, err)
	s.browser.Jar = other
	if got, want := s.mustGet(t, link).StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("the link in another browser gives %d, want %d", got, want)
	}
}

// Browsers leave out the port that is http's own.
func TestPort80(t *testing.T) {
	s := mustSite(t)
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]"} {
		token := rand.Text()
		s.server.session.token = token
		r := httptest.NewRequest(http.MethodGet, "/?token="+token, nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		if got, want := w.Code, http.StatusSeeOther; got != want {
			t.Fatalf("the link at %s gives %d, want %d: %s", host, got, want, w.Body)
		}
		if got, want := w.Result().Cookies()[0].Name, "sandboxlabs-80"; got != want {
			t.Errorf("the cookie at %s is %s, want %s", host, got, want)
		}
	}
}

func TestOtherPages(t *testing.T) {
	s := mustEnter(t)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for name, headers := range map[string][]string{
		"another host":         {"Host", "evil.example" + port},
		"rebound host":         {"Host", "127.0.0.1.evil.example" + port},
		"host without port":    {"Host", "evil.example"},
		"another origin":       {"Origin", "http://evil.example"},
		"another port":         {"Origin", "http://127.0.0.1:9"},
		"another scheme":       {"Origin", "https://127.0.0.1" + port},
		"a sandboxed frame":    {"Origin", "null"},
		"an empty origin":      {"Origin", ""},
		"a cross-site fetch":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors"},
		"another port's fetch": {"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"},
		"a navigation by POST": {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"},
		"a form":               {"Origin", "http://evil.example", "Content-Type", "text/plain"},
	} {
		a := s.mustCall(t, "List", "[]", headers...)
		if got, want := a.StatusCode, http.StatusForbidden; got != want {
			t.Errorf("%s: the call gives %d, want %d: %s", name, got, want, a.body)
		}
	}
	for name, headers := range map[string][]string{
		"our page":  {"Origin", s.URL, "Sec-Fetch-Site", "same-origin"},
		"a program": nil,
	} {
		if a := s.mustCall(t, "List", "[]", headers...); a.StatusCode != http.StatusOK {
			t.Errorf("%s: the call gives %d: %s", name, a.StatusCode, a.body)
		}
	}
	if a := s.mustGet(t, "/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"); a.StatusCode != http.StatusOK {
		t.Errorf("a link on another page gives %d: %s", a.StatusCode, a.body)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	w := httptest.NewRecorder()
	new(Server).recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got, want := w.Code, http.StatusInternalServerError; got != want {
		t.Errorf("a panic gives %d, want %d", got, want)
	}
	if got, want := w.Body.String(), "boom"; !strings.Contains(got, want) {
		t.Errorf("a panic tells %s, want %s in it", got, want)
	}
}
