package images

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

func TestPullReadsOnce(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	r := lab.Remote{Addresses: []string{p.file()}, SumFile: p.URL + sumsPath}
	var steps []lab.StepName
	last := 0.0
	image, err := l.Add(t.Context(), lab.Addition{Name: "disk", Remote: &r}, func(i lab.Image) {
		if i.Step != nil && !slices.Contains(steps, i.Step.Name) {
			steps = append(steps, i.Step.Name)
		}
		if i.Progress < last {
			t.Errorf("the progress fell from %v to %v", last, i.Progress)
		}
		last = i.Progress
	})
	if err != nil {
		t.Fatal(err)
	}
	p.wantImage(t, image)
	if got := p.sentBytes(); got != len(p.content) || len(p.requests()) != 1 {
		t.Errorf("got %d bytes in %d requests, want %d in one", got, len(p.requests()), len(p.content))
	}
	if !slices.Contains(steps, lab.StepDownloading) {
		t.Errorf("got the steps %v, want downloading among them", steps)
	}
	if got := mustImages(t, l); len(got) != 1 || len(staged(t, l)) > 0 || len(w.Pool.Names()) != 1 {
		t.Errorf("got %v, %v staged, volumes %v, want the image alone", got, staged(t, l), w.Pool.Names())
	}
}

// TestCutDownloadsGoOn cuts downloads in the ways there are.
func TestCutDownloadsGoOn(t *testing.T) {
	const at = 200_000
	tests := map[string]struct {
		answer  func(p *publisher, w http.ResponseWriter, r *http.Request, n int) bool
		resends int // bytes that are sent twice
	}{
		"cut": {func(p *publisher, w http.ResponseWriter, _ *http.Request, n int) bool {
			if n == 0 {
				p.cut(w, at)
			}
			return false
		}, 0},
		"cut again and again": {func(p *publisher, w http.ResponseWriter, r *http.Request, n int) bool {
			var from int
			if n >= 6 {
				return false
			}
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil {
				p.cut(w, 10_000)
			}
			w.Header().Set("ETag", p.etag)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(p.content)-1, len(p.content)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(p.content[from : from+10_000])
			panic(http.ErrAbortHandler)
		}, 0},
		"stalled": {func(p *publisher, w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 0 {
				p.begin(w, at)
				<-r.Context().Done()
			}
			return n == 0
		}, 0},
		"without ranges": {func(p *publisher, w http.ResponseWriter, _ *http.Request, n int) bool {
			if n == 0 {
				p.cut(w, at)
			}
			p.begin(w, len(p.content))
			return true
		}, at},
		"no answer": {func(_ *publisher, _ http.ResponseWriter, r *http.Request, n int) bool {
			if n == 0 {
				<-r.Context().Done()
			}
			return n == 0
		}, 0},
	}
	for name, tt := range tests {
		for _, summed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, summed %v", name, summed), func(t *testing.T) {
				t.Parallel()
				l, _ := newWebLibrary(t)
				p := mustPublish(t, payload())
				p.answer = func(w http.ResponseWriter, r *http.Request, n int) bool { return tt.answer(p, w, r, n) }
				r := p.unsummed()
				if summed {
					r = p.remote()
				}
				p.wantImage(t, mustPull(t, l, r))
				if got, want := p.sentBytes(), len(p.content)+tt.resends; got != want {
					t.Errorf("got %d bytes sent, want %d", got, want)
				}
				for _, h := range p.requests()[1:] {
					if h.Get("Range") != "" && h.Get("If-Range") != `"one"` {
						t.Errorf("got the request %v, want a condition with its range", h)
					}
				}
			})
		}
	}
}

func TestSlowIsNotStalled(t *testing.T) {
	l, _ := newWebLibrary(t)
	p := mustPublish(t, payload())
	p.answer = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		p.begin(w, 100)
		for at := 100; at < len(p.content); at += 70_000 {
			time.Sleep(l.web.stall / 4)
			_, _ = w.Write(p.content[at:min(at+70_000, len(p.content))])
			_ = http.NewResponseController(w.(*countedResponse).ResponseWriter).Flush()
		}
		return true
	}
	p.wantImage(t, mustPull(t, l, p.unsummed()))
	if got := len(p.requests()); got != 1 {
		t.Errorf("got %d requests, want one", got)
	}
}

// TestFileThatIsReplaced replaces the file while it is downloaded.
func TestFileThatIsReplaced(t *testing.T) {
	newer := append(payload(), "newer"...)
	ways := map[string]func(p *publisher, w http.ResponseWriter) bool{
		"by If-Range":         func(*publisher, http.ResponseWriter) bool { return false },
		"without ranges":      func(p *publisher, w http.ResponseWriter) bool { p.begin(w, len(p.content)); return true },
		"ranges without mind": func(p *publisher, w http.ResponseWriter) bool { return p.rest(w, 200_000) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w := newWebLibrary(t)
			p := mustPublish(t, payload())
			p.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n == 0 {
					defer p.replace(newer, `"two"`)
					p.cut(w, 200_000)
				}
				return n == 1 && way(p, w)
			}
			_, err := pull(t, l, p.unsummed())
			wantError(t, err, lab.KindUnavailable, "replaced by another while it was downloaded")
			mustBeEmpty(t, l, w)
			p.wantImage(t, mustPull(t, l, p.unsummed()))
			if left := staged(t, l); len(left) > 0 {
				t.Errorf("got %v left, want nothing", left)
			}
		})
	}
}

// rest answers a range whatever the condition of the request.
func (p *publisher) rest(w http.ResponseWriter, from int) bool {
	w.Header().Set("ETag", p.etag)
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(p.content)-1, len(p.content)))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(p.content[from:])
	return true
}

func TestWrongContentLeavesNothing(t *testing.T) {
	p := mustPublish(t, payload())
	wrong := strings.Repeat("ab", sha256.Size)
	is := fmt.Sprintf("%x", sha256.Sum256(p.content))
	tests := map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, n int) bool
		sum    string
		kind   lab.Kind
		says   []string
	}{
		"sum":      {nil, wrong, lab.KindInvalid, []string{is, wrong, "nothing of it is kept"}},
		"long sum": {nil, strings.Repeat("cd", sha512.Size), lab.KindInvalid, []string{fmt.Sprintf("%x", sha512.Sum512(p.content)), strings.Repeat("cd", sha512.Size)}},
		"shorter": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			_, _ = w.Write(p.content[:300_000])
			return true
		}, is, lab.KindInvalid, []string{is, "is not what was to come"}},
		"an error's page": {func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			_, _ = io.WriteString(w, "<html>log in to the hotel's network</html>")
			return true
		}, is, lab.KindInvalid, []string{is}},
		"nothing": {func(http.ResponseWriter, *http.Request, int) bool { return true }, is, lab.KindInvalid, []string{is}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, w := newWebLibrary(t)
			p.answer = tt.answer
			_, err := pull(t, l, lab.Remote{Addresses: []string{p.file()}, Sum: tt.sum})
			wantError(t, err, tt.kind, tt.says...)
			wantNothing(t, l, w)
		})
	}
}

// A server that promises more than it has is given up in the end.
func TestFileThatIsShorterThanPromised(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	p.answer = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return true
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(p.content)+1000))
		_, _ = w.Write(p.content)
		panic(http.ErrAbortHandler)
	}
	_, err := pull(t, l, p.remote())
	wantError(t, err, lab.KindUnavailable, "replaced")
	mustBeEmpty(t, l, w)
}

// TestMirrors has a mirror that serves after those that do not.
func TestMirrors(t *testing.T) {
	content := payload()
	good, gone, failing, other := mustPublish(t, content), mustPublish(t, content), mustPublish(t, content), mustPublish(t, append(payload(), 1))
	gone.answer = func(w http.ResponseWriter, r *http.Request, _ int) bool { http.NotFound(w, r); return true }
	failing.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		failing.cut(w, 150_000)
		return true
	}
	l, w := newWebLibrary(t)
	r := good.remote()
	r.Addresses = []string{gone.file(), failing.file(), other.file(), good.file()}
	good.wantImage(t, mustPull(t, l, r))
	if got, want := good.sentBytes(), len(content)-150_000; got != want {
		t.Errorf("got %d bytes of the last mirror, want the %d that were missing", got, want)
	}
	mustRemove(t, l, "disk")
	r.Addresses = []string{gone.file(), gone.file()}
	_, err := pull(t, l, r)
	wantError(t, err, lab.KindUnavailable, "404")
	wantNothing(t, l, w)
}

// TestProtectionIsNotLost follows no redirect from where a file is protected on
// its way to where it is not, unless there is a checksum.
func TestProtectionIsNotLost(t *testing.T) {
	p := mustPublish(t, payload())
	secure := httptest.NewUnstartedServer(http.RedirectHandler(p.file(), http.StatusFound))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // that it is not trusted is no news
	secure.StartTLS()
	t.Cleanup(secure.Close)
	l, w := newWebLibrary(t)
	r := p.remote()
	r.Addresses = []string{secure.URL + filePath}
	_, err := pull(t, l, r)
	wantError(t, err, lab.KindUnavailable, "can not prove that it is")
	l.web.client = secure.Client()
	_, err = pull(t, l, lab.Remote{Addresses: r.Addresses})
	wantError(t, err, lab.KindUnavailable, "unprotected")
	wantNothing(t, l, w)
	p.wantImage(t, mustPull(t, l, r))
}

// The client with the proxy is another process: a process reads the environment once.
func TestProxyOfTheEnvironment(t *testing.T) {
	const envFile = "SANDBOXLABS_TEST_PROXIED"
	if address := os.Getenv(envFile); address != "" {
		l, _ := newWebLibrary(t)
		sum := fmt.Sprintf("%x", sha256.Sum256(payload()))
		mustPull(t, l, lab.Remote{Addresses: []string{address}, Sum: sum})
		return
	}
	p := mustPublish(t, payload())
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		r.URL.Path = filePath
		p.serve(w, r)
	}))
	t.Cleanup(proxy.Close)
	const elsewhere = "http://mirror.invalid" + filePath
	mustRunSelf(t, "TestProxyOfTheEnvironment", envFile+"="+elsewhere, "HTTP_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=")
	if !slices.Equal(asked, []string{elsewhere}) {
		t.Errorf("the proxy was asked for %v, want %s", asked, elsewhere)
	}
}
