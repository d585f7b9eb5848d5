package rest

import (
	"net/http"
	"testing"
)

// A face is asked for what is below its path, whatever the method, and tells the
// guard's refusals in its own way.
func TestFaces(t *testing.T) {
	s := mustEnter(t)
	s.server.faces = map[string]Face{
		"/api/":    {Handler: saying("old"), Refuse: refusing("old")},
		"/api/v1/": {Handler: saying("new")},
	}
	s.server.mount(http.NotFoundHandler())
	for path, want := range map[string]string{"/api/nodes": "old", "/api/v1/nodes": "new"} {
		for _, method := range []string{http.MethodGet, http.MethodPatch} {
			if got := s.mustDo(t, method, path, "").body; got != want {
				t.Errorf("%s %s gives %s, want %s", method, path, got, want)
			}
		}
	}
	foreign := []string{"Origin", "http://evil.example"}
	if got, want := s.mustGet(t, "/api/nodes", foreign...).body, "old: another page asked for this"; got != want {
		t.Errorf("a refusal in the words of a face is %q, want %q", got, want)
	}
	if got, want := s.mustGet(t, "/api/v1/nodes", foreign...).problem(t).Message, "another page asked for this"; got != want {
		t.Errorf("a refusal of a face without words is %q, want %q", got, want)
	}
}

func saying(word string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { mustSay(w, word) })
}

func refusing(word string) func(http.ResponseWriter, int, error) {
	return func(w http.ResponseWriter, status int, err error) {
		w.WriteHeader(status)
		mustSay(w, word+": "+err.Error())
	}
}

func mustSay(w http.ResponseWriter, text string) {
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
}
