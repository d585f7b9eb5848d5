package api

import (
	"net/http"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// TestFailuresAreProblems: whatever goes wrong is told in one form, and is no 5xx
// where the client made the mistake.
func TestFailuresAreProblems(t *testing.T) {
	s := mustSite(t)
	node := "/nodes/" + s.made("web").ID
	const gone = "/nodes/00000000-0000-4000-8000-000000000000"
	deep := strings.Repeat("[", 500_000)
	for _, test := range []struct {
		what, method, path, body string
		status                   int
		kind                     lab.Kind
	}{
		{"no such path", "GET", "/nothing", "", 404, lab.KindNotFound},
		{"another method", "PUT", "/nodes", "{}", 405, lab.KindInvalid},
		{"no UUID", "GET", "/nodes/web", "", 422, lab.KindInvalid},
		{"no UUID to act on", "POST", "/nodes/..%2f..%2fetc/start", "", 422, lab.KindInvalid},
		{"no such node", "GET", gone, "", 404, lab.KindNotFound},
		{"no such node to act on", "POST", gone + "/wipe", "", 404, lab.KindNotFound},
		{"a wrong state", "POST", node + "/pause", "", 409, lab.KindBusy},
		{"a name that is taken", "POST", "/nodes", `{"name":"web","image":"tiny"}`, 409, lab.KindExists},
		{"no such image", "POST", "/nodes", `{"name":"x","image":"none"}`, 404, lab.KindNotFound},
		{"a name that can not be", "POST", "/nodes", `{"name":"../x","image":"tiny"}`, 422, lab.KindInvalid},
		{"no name", "POST", "/nodes", `{"image":"tiny"}`, 422, lab.KindInvalid},
		{"an unknown field", "POST", "/nodes", `{"name":"x","image":"tiny","disk":"/etc/passwd"}`, 422, lab.KindInvalid},
		{"a field in another case", "POST", "/nodes", `{"NAME":"x","name":"x","image":"tiny"}`, 422, lab.KindInvalid},
		{"an unknown field within", "POST", "/nodes", `{"name":"x","image":"tiny","firstBoot":{"sshKey":"x"}}`, 422, lab.KindInvalid},
		{"a file for a key", "POST", "/nodes", `{"name":"x","image":"tiny","firstBoot":{"sshKeys":["/home/me/.ssh/id.pub"]}}`, 422, lab.KindInvalid},
		{"a file of the home for a key", "POST", "/nodes", `{"name":"x","image":"tiny","firstBoot":{"sshKeys":["~/.ssh/id.pub"]}}`, 422, lab.KindInvalid},
		{"another type", "POST", "/nodes", `{"name":["x"],"image":"tiny"}`, 422, lab.KindInvalid},
		{"too much", "POST", "/nodes", `{"name":"x","image":"tiny","memoryMiB":1e300}`, 422, lab.KindInvalid},
		{"a fraction", "POST", "/nodes", `{"name":"x","image":"tiny","vcpus":1.5}`, 422, lab.KindInvalid},
		{"no JSON", "POST", "/nodes", `{"name":`, 400, lab.KindInvalid},
		{"two of them", "POST", "/nodes", `{"name":"x","image":"tiny"}{}`, 400, lab.KindInvalid},
		{"deep JSON", "POST", "/nodes", deep, 400, lab.KindInvalid},
		{"broken UTF-8", "POST", "/nodes", "{\"name\":\"x\xff\",\"image\":\"tiny\"}", 400, lab.KindInvalid},
		{"nothing", "POST", "/nodes", "", 400, lab.KindInvalid},
		{"a list", "PATCH", node, "[]", 422, lab.KindInvalid},
		{"null", "PATCH", node, "null", 422, lab.KindInvalid},
		{"an unknown parameter", "GET", "/nodes?sort=name", "", 422, lab.KindInvalid},
		{"a parameter out of range", "GET", "/nodes?limit=0", "", 422, lab.KindInvalid},
		{"no number", "GET", "/nodes?limit=x", "", 422, lab.KindInvalid},
		{"no cursor", "GET", "/nodes?cursor=x", "", 422, lab.KindInvalid},
		{"no state", "GET", "/nodes?state=running,flying", "", 422, lab.KindInvalid},
		{"a path for an image", "POST", "/images", `{"name":"x","path":"/etc/passwd"}`, 422, lab.KindInvalid},
		{"an address of a file", "POST", "/images", `{"name":"x","address":"file:///etc/passwd"}`, 422, lab.KindInvalid},
		{"two sources", "POST", "/images", `{"address":"https://a.example/x","entry":"x"}`, 422, lab.KindInvalid},
		{"no image", "GET", "/images/none", "", 404, lab.KindNotFound},
		{"an image's odd name", "DELETE", "/images/..%2f..%2fx", "", 422, lab.KindInvalid},
		{"no upload", "POST", "/images", `{"upload":"../../x"}`, 404, lab.KindNotFound},
		{"a setting of a path", "PATCH", "/settings", `{"set":{"pool.path":"/etc"}}`, 403, lab.KindDenied},
		{"files of a database", "PUT", "/gateway", `{"mode":"external","url":"https://g.example/","dsn":"postgres://u@h/d?sslkey=/etc/shadow"}`, 403, lab.KindDenied},
		{"a folder elsewhere", "GET", "/folders/etc", "", 422, lab.KindInvalid},
		{"no tags", "PATCH", node, `{"notes":"x"}`, 422, lab.KindInvalid},
	} {
		var headers []string
		if test.what == "no tags" {
			headers = []string{"If-Match", `W/"`}
		}
		a := s.ask(test.method, test.path, test.body, headers...)
		if a.StatusCode != test.status || a.Header.Get("Content-Type") != failureType {
			t.Errorf("%s: got %d %s, want %d: %.300s", test.what, a.StatusCode, a.Header.Get("Content-Type"), test.status, a.body)
			continue
		}
		f := into[Failure](t, a)
		if f.Status != test.status || f.Kind != test.kind || f.Detail == "" || f.Title == "" || !strings.HasPrefix(f.Type, Prefix+"/docs#kind-") {
			t.Errorf("%s: got %+v, want %s", test.what, f, test.kind)
		}
	}
}

func TestLargeBodyIsRefusedUnread(t *testing.T) {
	s := mustSite(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+Prefix+"/nodes", endless{})
	must(t, err)
	r.ContentLength = 100 << 20
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = a.Body.Close() }()
	if got, want := a.StatusCode, http.StatusRequestEntityTooLarge; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestOtherContentTypeIsRefused(t *testing.T) {
	s := mustSite(t)
	for _, kind := range []string{"text/plain", "application/xml", "multipart/form-data; boundary=x"} {
		s.want(http.StatusUnsupportedMediaType, "POST", "/nodes", `{"name":"x","image":"tiny"}`, "Content-Type", kind)
	}
}

func TestSecretIsNotRepeated(t *testing.T) {
	s := mustSite(t)
	for _, body := range []string{
		`{"name":"x","image":"tiny","firstBoot":{"password":12345678}}`,
		`{"name":"x","image":"tiny","firstBoot":{"password":"hunter2hunter2","nothing":1}}`,
		`{"name":"x","image":"tiny","firstBoot":{"password":"hunter2hunter2"`,
	} {
		if a := s.ask("POST", "/nodes", body); strings.Contains(string(a.body), "hunter2") || strings.Contains(string(a.body), "12345678") {
			t.Errorf("%s is answered with its password: %s", body, a.body)
		}
	}
}
