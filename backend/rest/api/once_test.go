package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
)

const web = `{"name":"web","image":"tiny"}`

func TestSameKeyMakesOneNode(t *testing.T) {
	s := mustSite(t)
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			a := s.ask("POST", "/nodes", web, keyHeader, "k1")
			ids[i] = fmt.Sprint(a.StatusCode, a.Header.Get("Location"), a.Header.Get("ETag"), string(a.body))
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || !strings.HasPrefix(id, "201") {
			t.Errorf("got %s and %s, want one 201", ids[0], id)
		}
	}
	if got := walk(s, "/nodes?", nil); len(got) != 1 {
		t.Errorf("got %v, want one node", got)
	}
}

func TestKeyIsOfOneRequest(t *testing.T) {
	s := mustSite(t)
	s.want(http.StatusCreated, "POST", "/nodes", web, keyHeader, "k1")
	for path, body := range map[string]string{"/nodes": `{"name":"db","image":"tiny"}`, "/uploads": `{"name":"x.iso","bytes":1}`} {
		s.want(http.StatusUnprocessableEntity, "POST", path, body, keyHeader, "k1")
	}
	s.want(http.StatusConflict, "POST", "/nodes", web, keyHeader, "k2")
	s.want(http.StatusConflict, "POST", "/nodes", web)
	if got := walk(s, "/nodes?", nil); len(got) != 1 {
		t.Errorf("got %v, want one node", got)
	}
}

// TestFailureIsForgotten: nothing was made of it, so that it can be tried again.
func TestFailureIsForgotten(t *testing.T) {
	s := mustSite(t)
	s.want(http.StatusNotFound, "POST", "/nodes", `{"name":"web","image":"later"}`, keyHeader, "k1")
	s.Library.MustAddImage(t, "later")
	s.want(http.StatusCreated, "POST", "/nodes", `{"name":"web","image":"later"}`, keyHeader, "k1")
}

func TestKeyIsParsed(t *testing.T) {
	for header, want := range map[string]string{
		`"8e03978e-40d5-43dd-bc93-6894a57f9324"`: "8e03978e-40d5-43dd-bc93-6894a57f9324", " k1 ": "k1",
		"": "", `"`: "", `""`: "", `"a`: "", "a,b": "", "ä": "", strings.Repeat("k", maxKey+1): "",
	} {
		got, err := parseKey(header)
		if got != want || (want == "") != (lab.KindOf(err) == lab.KindInvalid) {
			t.Errorf("%.40q: got %q, %v, want %q", header, got, err, want)
		}
	}
	s := mustSite(t)
	s.want(http.StatusUnprocessableEntity, "POST", "/nodes", web, keyHeader, "a b")
}

// count answers with how often it was asked, and fails or panics as the path says.
func count(asked *int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked++
		if r.URL.Path == "/panic" {
			panic(errors.New("on purpose"))
		}
		_, _ = fmt.Fprintf(w, "%d", *asked)
	})
}

func send(h http.Handler, path, key string) string {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(path))
	r.Header.Set(keyHeader, key)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}

func TestRepliesAreForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		h := newReplies().once(count(&asked))
		send(h, "/", "k")
		time.Sleep(repliesKept - time.Second)
		if got := send(h, "/", "k"); got != "1" {
			t.Errorf("within its time: got %s, want the first answer", got)
		}
		time.Sleep(2 * time.Second)
		if got := send(h, "/", "k"); got != "2" {
			t.Errorf("after its time: got %s, want a new answer", got)
		}
	})
}

func TestRepliesAreBounded(t *testing.T) {
	asked := 0
	k := newReplies()
	h := k.once(count(&asked))
	for i := range repliesLimit + 100 {
		send(h, "/", fmt.Sprint(i))
	}
	if got := k.order.Len(); got > repliesLimit || len(k.byKey) != got {
		t.Errorf("%d are kept, want at most %d", got, repliesLimit)
	}
	large := k.once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, repliesBytes/2)) }))
	for i := range 10 {
		send(large, "/", fmt.Sprint("large", i))
	}
	if k.bytes > 2*repliesBytes {
		t.Errorf("%d bytes are kept, want about %d", k.bytes, repliesBytes)
	}
}

func TestPanicReleasesItsKey(t *testing.T) {
	asked := 0
	h := newReplies().once(count(&asked))
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is gone, and whoever answers it is not told")
				}
			}()
			send(h, "/panic", "k")
		}()
	}
	if asked != 2 {
		t.Errorf("asked %d times, want the second one to be tried too", asked)
	}
}

func FuzzKey(f *testing.F) {
	for _, seed := range []string{"", "k", `"k"`, `"`, "a b", `"a\"b"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		key, err := parseKey(header)
		if err != nil && lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("got %v", err)
		}
		if again, twice := parseKey(`"` + key + `"`); err == nil && (twice != nil || again != key) {
			t.Errorf("%q is read as %q, and that as %q, %v", header, key, again, twice)
		}
	})
}
