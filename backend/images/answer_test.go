package images

import (
	"net/http"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

func TestServersThatDoNotServe(t *testing.T) {
	status := func(code int) func(w http.ResponseWriter, r *http.Request, n int) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ int) bool { w.WriteHeader(code); return true }
	}
	tests := map[string]struct {
		answer   func(w http.ResponseWriter, r *http.Request, n int) bool
		says     string
		requests int
	}{
		"not found": {status(404), "answers 404 Not Found", 1},
		"forbidden": {status(403), "answers 403 Forbidden", 1},
		"failing":   {status(500), "answers 500 Internal Server Error", 4},
		"busy":      {status(429), "is busy (429 Too Many Requests)", 4},
		"in a circle": {func(w http.ResponseWriter, r *http.Request, _ int) bool {
			http.Redirect(w, r, filePath, http.StatusFound)
			return true
		}, "again and again", maxRedirects},
		"mute": {func(_ http.ResponseWriter, r *http.Request, _ int) bool { <-r.Context().Done(); return true }, "did not answer for 300ms", 4},
		"an odd part": {func(w http.ResponseWriter, r *http.Request, n int) bool {
			w.WriteHeader(http.StatusPartialContent)
			return true
		}, "answers 206", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w := newWebLibrary(t)
			p := mustPublish(t, payload())
			p.answer = tt.answer
			_, err := pull(t, l, p.remote())
			wantError(t, err, lab.KindUnavailable, "it can not be downloaded: ", tt.says)
			if got := len(p.requests()); got != tt.requests {
				t.Errorf("got %d requests, want %d", got, tt.requests)
			}
			wantNothing(t, l, w)
		})
	}
}

// Between its tries it waits longer each time.
func TestBackOff(t *testing.T) {
	l, _ := newWebLibrary(t)
	l.web.pause = 40 * time.Millisecond
	p := mustPublish(t, payload())
	p.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n < 3 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return n < 3
	}
	p.wantImage(t, mustPull(t, l, p.remote()))
	for i, least := range []time.Duration{40, 80, 160} {
		if got := p.times[i+1].Sub(p.times[i]); got < least*time.Millisecond {
			t.Errorf("got the try %d after %s, want at least %d ms", i+2, got, least)
		}
	}
}

func TestServersAreLeftAloneForAsLongAsTheyWant(t *testing.T) {
	l, _ := newWebLibrary(t)
	p := mustPublish(t, payload())
	p.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return n == 0
	}
	p.wantImage(t, mustPull(t, l, p.remote()))
	if got := p.times[1].Sub(p.times[0]); got < time.Second {
		t.Errorf("got the next request after %s, want a second", got)
	}
}

func TestRetryAfter(t *testing.T) {
	soon := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	for text, want := range map[string][2]time.Duration{
		"":                     {0, 0},
		"7":                    {7 * time.Second, 7 * time.Second},
		"-7":                   {0, 0},
		"99999999999999999999": {0, 0},
		"9999999999":           {longestPause, longestPause},
		"soon":                 {0, 0},
		soon:                   {50 * time.Second, time.Minute},
	} {
		got := retryAfter(&http.Response{Header: http.Header{"Retry-After": {text}}})
		if got < want[0] || got > want[1] {
			t.Errorf("%q: got %s, want %s to %s", text, got, want[0], want[1])
		}
	}
}

func TestContentRange(t *testing.T) {
	for header, want := range map[string]struct {
		from, total int64
		ok          bool
	}{
		"bytes 5-9/10":  {5, 10, true},
		"bytes 5-9/*":   {5, -1, true},
		"bytes */10":    {0, 10, false},
		"bytes 5/10":    {5, 10, false},
		"items 5-9/10":  {5, 10, false},
		"bytes 5-9":     {5, 0, false},
		"bytes x-9/10":  {0, 10, false},
		"bytes 5-9/ten": {5, 0, false},
		"":              {0, 0, false},
	} {
		from, total, ok := contentRange(header)
		if ok != want.ok || ok && (from != want.from || total != want.total) {
			t.Errorf("%q: got %d, %d, %v, want %+v", header, from, total, ok, want)
		}
	}
}
