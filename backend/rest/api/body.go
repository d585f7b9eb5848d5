package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"sandboxlabs/backend/lab"
)

const (
	maxBody   = 1 << 20          // bytes of a request, but for what is uploaded
	readLimit = 10 * time.Second // for them to arrive
)

// named makes headers that may come in several lines one list.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"If-Match", "If-None-Match"} {
			if lines := r.Header.Values(name); len(lines) > 1 {
				r.Header.Set(name, strings.Join(lines, ", "))
			}
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// plain answers what no operation is there for with a Failure too.
func (a *API) plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := a.mux.Handler(r); pattern != "" {
			next.ServeHTTP(w, r)
			return
		}
		t := &tape{header: make(http.Header)}
		a.mux.ServeHTTP(t, r)
		if t.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", t.header.Get("Allow"))
			fail(w, problem(lab.KindInvalid, t.status, r.Method+" can not be asked of "+r.URL.Path, "The methods that can are in Allow."))
			return
		}
		fail(w, problem(lab.KindNotFound, http.StatusNotFound, "there is nothing at "+strings.ToValidUTF8(r.URL.Path, "?"), "See what there is: "+Prefix+"/docs."))
	})
}

// read takes the body into memory, but for a piece of an upload, and refuses
// what no operation could read.
func (a *API) read(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix+"/uploads/") && r.Method == http.MethodPatch {
			next.ServeHTTP(w, r)
			return
		}
		body, p := readBody(w, r)
		if p != nil {
			fail(w, p)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *Failure) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	// Where there is no connection to set it on, there is nothing to wait for. It
	// must not stay: what reads on to see a client go would take it for that.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(readLimit))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = control.SetReadDeadline(time.Time{})
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, problem(lab.KindInvalid, http.StatusRequestEntityTooLarge, "the request is larger than 1 MiB", "Send files by uploads.")
	}
	if err != nil {
		return nil, problem(lab.KindInvalid, http.StatusBadRequest, "the request did not come whole", "Send it again.")
	}
	if !utf8.Valid(body) {
		return nil, problem(lab.KindInvalid, http.StatusBadRequest, "the request is not UTF-8", "Send JSON, which is.")
	}
	return body, nil
}
