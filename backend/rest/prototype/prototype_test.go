package prototype

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/rest"
	"sandboxlabs/backend/service"
)

var update = flag.Bool("update", false, "write the golden answers anew")

// site is the face over a host in memory.
type site struct {
	*labtest.World
	face    rest.Face
	service *service.Service
}

func mustSite(t *testing.T, images ...string) *site {
	t.Helper()
	world := labtest.NewWorld()
	for _, name := range images {
		world.Library.MustAddImage(t, name)
	}
	s := service.New(service.Options{
		Hypervisor: world.Hypervisor, Pool: world.Pool, Library: world.Library, Store: world.Store, Journal: world.Journal,
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	must(t, s.Ready(ctx))
	return &site{world, New(s, "v1.2.3"), s}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer is one as a client has it.
type answer struct {
	status int
	body   string
}

// do asks as curl would: with a body, as JSON.
func (s *site) do(t *testing.T, method, path, body string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := recorder{httptest.NewRecorder()}
	s.face.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String()}
}

// recorder takes the deadlines that a connection would.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) SetReadDeadline(time.Time) error  { return nil }
func (recorder) SetWriteDeadline(time.Time) error { return nil }

// mustMake makes a node and gives its ID.
func (s *site) mustMake(t *testing.T, body string) string {
	t.Helper()
	a := s.do(t, http.MethodPost, "/api/nodes", body)
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &made); err != nil || a.status != http.StatusCreated {
		t.Fatalf("got %d %s, want a node", a.status, a.body)
	}
	return made.ID
}

var (
	ids   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	names = regexp.MustCompile(`node-[0-9a-f]{8}"`)
	times = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)
)

// golden compares an answer with the one in testdata, whatever its ID and times.
func (a answer) golden(t *testing.T, name string) {
	t.Helper()
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, []byte(a.body), "", "  "))
	got := fmt.Sprintf("%d\n%s\n", a.status, pretty.String())
	got = ids.ReplaceAllString(got, "ID")
	got = names.ReplaceAllString(got, `node-NUMBER"`)
	got = times.ReplaceAllString(got, `"TIME"`)
	file := filepath.Join("testdata", "answers", name)
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s: got %s, want %s", name, got, want)
	}
}

// TestSession is what a script for the prototype does, from beginning to end.
func TestSession(t *testing.T) {
	s := mustSite(t, "tiny", "alpine-3.19", "alpine-3.24")
	s.do(t, http.MethodGet, "/api/health", "").golden(t, "health")
	s.do(t, http.MethodGet, "/api/nodes", "").golden(t, "list-empty")
	created := s.do(t, http.MethodPost, "/api/nodes", `{"name":"web","osType":"alpine","resources":{"ram":64,"cpus":1},"imageType":"base"}`)
	created.golden(t, "create")
	var made struct{ ID string }
	must(t, json.Unmarshal([]byte(created.body), &made))
	node := "/api/nodes/" + made.ID
	for _, step := range []struct{ method, path, golden string }{
		{http.MethodGet, node, "show"},
		{http.MethodPost, node + "/stop", "stop-stopped"},
		{http.MethodPost, node + "/run", "run"},
		{http.MethodPost, node + "/run", "run-running"},
		{http.MethodGet, "/api/nodes", "list"},
		{http.MethodPost, node + "/wipe", "wipe"},
		{http.MethodPost, node + "/run/", "run-again"}, // a slash at the end
		{http.MethodPost, node + "/stop", "stop"},
		{http.MethodDelete, node, "delete"},
		{http.MethodGet, node, "not-found"},
		{http.MethodDelete, node, "not-found"},
		{http.MethodPost, node + "/run", "not-found"},
		{http.MethodPost, node + "/stop", "not-found"},
		{http.MethodPost, node + "/wipe", "not-found"},
	} {
		s.do(t, step.method, step.path, "").golden(t, step.golden)
	}
}

func TestWrongRequests(t *testing.T) {
	s := mustSite(t, "tiny", "ubuntu-24.04")
	s.mustMake(t, `{"name":"web","osType":"tiny"}`)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
	}{
		{"no endpoint", http.MethodGet, "/api/labs?x=1", "", http.StatusNotFound},
		{"no method", http.MethodPut, "/api/nodes", "", http.StatusNotFound},
		{"no verb", http.MethodPost, "/api/nodes/x/reboot", "", http.StatusNotFound},
		{"the root", http.MethodGet, "/api/", "", http.StatusNotFound},
		{"a name for an ID", http.MethodGet, "/api/nodes/web", "", http.StatusNotFound},
		{"a path for an ID", http.MethodGet, "/api/nodes/..%2f..%2fetc", "", http.StatusNotFound},
		{"no ID", http.MethodPost, "/api/nodes/%00%ff/run", "", http.StatusNotFound},
		{"an upper case ID", http.MethodGet, "/api/nodes/6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "", http.StatusNotFound},
		{"no JSON", http.MethodPost, "/api/nodes", "name=web", http.StatusBadRequest},
		{"no object", http.MethodPost, "/api/nodes", `["web"]`, http.StatusBadRequest},
		{"null", http.MethodPost, "/api/nodes", `null`, http.StatusBadRequest},
		{"two documents", http.MethodPost, "/api/nodes", `{} {}`, http.StatusBadRequest},
		{"a cut end", http.MethodPost, "/api/nodes", `{"name":"we`, http.StatusBadRequest},
		{"a number for a name", http.MethodPost, "/api/nodes", `{"name":5}`, http.StatusBadRequest},
		{"no UTF-8", http.MethodPost, "/api/nodes", "{\"x\":\"\xff\"}", http.StatusBadRequest},
		{"deep JSON", http.MethodPost, "/api/nodes", `{"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", http.StatusBadRequest},
		{"too large", http.MethodPost, "/api/nodes", `{"x":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
		{"a bad name", http.MethodPost, "/api/nodes", `{"name":"../web","osType":"tiny"}`, http.StatusBadRequest},
		{"a taken name", http.MethodPost, "/api/nodes", `{"name":"web","osType":"tiny"}`, http.StatusConflict},
		{"no such image", http.MethodPost, "/api/nodes", `{"name":"x","osType":"../etc/passwd"}`, http.StatusBadRequest},
		{"no such alias", http.MethodPost, "/api/nodes", `{"name":"x","osType":"debian"}`, http.StatusBadRequest},
		{"too much memory", http.MethodPost, "/api/nodes", `{"name":"x","osType":"tiny","resources":{"ram":1e300}}`, http.StatusBadRequest},
		{"less than nothing", http.MethodPost, "/api/nodes", `{"name":"x","osType":"tiny","resources":{"cpus":-1}}`, http.StatusBadRequest},
	} {
		a := s.do(t, c.method, c.path, c.body)
		var told failure
		if err := json.Unmarshal([]byte(a.body), &told); err != nil || a.status != c.status || told.Success || told.Error == "" {
			t.Errorf("%s: got %d %.300s, want %d and an error", c.name, a.status, a.body, c.status)
		}
		if c.status == http.StatusNotFound && told.Path != "" && told.Path != c.path {
			t.Errorf("%s: got the path %q, want %q", c.name, told.Path, c.path)
		}
	}
	nodes, err := s.service.List(t.Context())
	must(t, err)
	if len(nodes) != 1 {
		t.Errorf("got %d nodes after wrong requests, want 1", len(nodes))
	}
	s.do(t, http.MethodGet, "/api/labs?x=1", "").golden(t, "no-endpoint")
}

// What is not said is what is usual.
func TestCreateWithLittle(t *testing.T) {
	s := mustSite(t, "ubuntu-24.04")
	s.do(t, http.MethodPost, "/api/nodes", "").golden(t, "create-nothing")
	s.do(t, http.MethodPost, "/api/nodes", `{"resources":{"ram":"64MB","cpus":"1"}}`).golden(t, "create-texts")
}

// A verb that can not be done is told as it was, with its reason.
func TestFailures(t *testing.T) {
	s := mustSite(t, "tiny")
	id := s.mustMake(t, `{"name":"web","osType":"tiny"}`)
	s.Fail("Hypervisor.Power "+id+" "+string(lab.PowerStart), labtest.FailBefore, lab.Errorf(lab.KindUnavailable, "no room for it").WithHint("Make some."))
	s.do(t, http.MethodPost, "/api/nodes/"+id+"/run", "").golden(t, "run-failed")
}

// Verbs at once: each is answered for what it did, or found.
func TestRunAtOnce(t *testing.T) {
	s := mustSite(t, "tiny")
	id := s.mustMake(t, `{"name":"web","osType":"tiny"}`)
	answers := make(chan answer, 8)
	for range cap(answers) {
		go func() { answers <- s.do(t, http.MethodPost, "/api/nodes/"+id+"/run", "") }()
	}
	ran := 0
	for range cap(answers) {
		switch a := <-answers; a.status {
		case http.StatusOK:
			ran++
		case http.StatusBadRequest, http.StatusConflict:
		default:
			t.Errorf("got %d %s", a.status, a.body)
		}
	}
	if ran != 1 {
		t.Errorf("%d of them ran it, want 1", ran)
	}
}

func TestRefusalInItsWords(t *testing.T) {
	w := httptest.NewRecorder()
	mustSite(t).face.Refuse(w, http.StatusUnauthorized, lab.Errorf(lab.KindDenied, "no entry").WithHint("Knock."))
	answer{w.Code, w.Body.String()}.golden(t, "refused")
}

func TestNoLibvirt(t *testing.T) {
	s := mustSite(t)
	s.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirt does not answer").WithHint("Start it."))
	s.do(t, http.MethodGet, "/api/health", "").golden(t, "health-without-libvirt")
	s.do(t, http.MethodGet, "/api/nodes", "").golden(t, "list-without-libvirt")
}

func TestChoose(t *testing.T) {
	ready := func(name, id string) lab.Image {
		i := lab.Image{Name: name, State: lab.ImageReady}
		if id != "" {
			i.Origin = lab.Origin{Kind: lab.OriginCatalogue, Of: id}
		}
		return i
	}
	images := []lab.Image{
		ready("debian-9", ""), ready("debian-13", "debian-13"), ready("debian-lab", ""), ready("mine", "alpine-3.24"),
		ready("alpine-3.19", "alpine-3.19"), ready("ubuntu", ""), ready("ubuntu-24.04", "ubuntu-24.04"),
		{Name: "ubuntu-26.04", State: lab.ImageAdding},
	}
	for osType, want := range map[string]string{
		"debian": "debian-13", "debian-9": "debian-9", "debian-lab": "debian-lab", "alpine": "mine", "alpine-3.24": "mine",
		"alpine-3.19": "alpine-3.19", "ubuntu": "ubuntu", "ubuntu-26.04": "", "fedora": "", "deb": "", "debian-": "",
	} {
		if got := choose(images, osType); got != want {
			t.Errorf("%s is %q, want %q", osType, got, want)
		}
	}
}

func TestConnectionOf(t *testing.T) {
	for link, want := range map[string]int{
		"http://127.0.0.1:8080/guacamole/#/client/MTcAYwBwb3N0Z3Jlc3Fs?token=X": 17,
		"http://127.0.0.1:8080/guacamole/":                                      0,
		"http://127.0.0.1/#/client/%%%":                                         0,
		"":                                                                      0,
	} {
		got := connectionOf(link)
		if (got == nil) != (want == 0) || got != nil && *got != want {
			t.Errorf("%s has %v, want %d", link, got, want)
		}
	}
}

func FuzzCreate(f *testing.F) {
	for _, body := range []string{
		`{"name":"web","osType":"alpine","resources":{"ram":512,"cpus":1}}`, `{"resources":{"ram":"512MB"}}`, `{"resources":[]}`,
		`null`, `[]`, `{"name":{}}`, `{} {}`, "\xff", `{"resources":{"ram":1e999}}`, `{"resources":{"ram":-1e300}}`, `{"NAME":"x"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := parse("application/json", body)
		if err != nil {
			if lab.KindOf(err) != lab.KindInvalid || in != (wish{}) {
				t.Errorf("got %+v, %v, want nothing and KindInvalid", in, err)
			}
			return
		}
		if input := in.input("x"); input.Name == "" || input.Start || input.FirstBoot != nil {
			t.Errorf("got %+v", input)
		}
	})
}
