package images

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// publisher is a server with one file and the list of its checksum.
type publisher struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, n int) (done bool) // to the n-th request for the file, from 0; nil: as servers do

	mu      sync.Mutex
	content []byte
	etag    string
	asked   []http.Header // for the file
	sent    int           // bytes of the file
	times   []time.Time   // of the requests for the file
}

const (
	filePath = "/images/disk.qcow2"
	sumsPath = "/images/SHA512SUMS"
)

// payload is a disk that has something else at each of its bytes.
func payload() []byte {
	content := labtest.QCOW2(8*mib, labtest.NoFlaw)
	noise := rand.NewChaCha8([32]byte{1})
	more := make([]byte, 300_000)
	_, _ = noise.Read(more) // it never fails
	return append(content, more...)
}

func mustPublish(t *testing.T, content []byte) *publisher {
	t.Helper()
	p := &publisher{content: content, etag: `"one"`}
	mux := http.NewServeMux()
	mux.HandleFunc(filePath, p.serve)
	mux.HandleFunc(sumsPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, p.sums()) })
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) sums() string {
	return fmt.Sprintf("%x  other.qcow2\n%x  disk.qcow2\n", sha512.Sum512([]byte("other")), sha512.Sum512(p.content))
}

func (p *publisher) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	n, content, etag := len(p.asked), p.content, p.etag
	p.asked, p.times = append(p.asked, r.Header.Clone()), append(p.times, time.Now())
	p.mu.Unlock()
	counted := &countedResponse{w, p}
	if p.answer != nil && p.answer(counted, r, n) {
		return
	}
	w.Header().Set("ETag", etag)
	http.ServeContent(counted, r, "", time.Time{}, strings.NewReader(string(content)))
}

type countedResponse struct {
	http.ResponseWriter
	of *publisher
}

func (c *countedResponse) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.sent += n
	return n, err
}

func (p *publisher) requests() []http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *publisher) sentBytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

func (p *publisher) replace(content []byte, etag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.content, p.etag = content, etag
}

func (p *publisher) file() string { return p.URL + filePath }

// remote is the file with its checksum.
func (p *publisher) remote() lab.Remote {
	return lab.Remote{Addresses: []string{p.file()}, Sum: fmt.Sprintf("%x", sha256.Sum256(p.content))}
}

// unsummed is the file of which nobody tells a checksum.
func (p *publisher) unsummed() lab.Remote { return lab.Remote{Addresses: []string{p.file()}} }

// begin answers as if all were well, and sends the first n bytes from the start.
func (p *publisher) begin(w http.ResponseWriter, n int) {
	w.Header().Set("ETag", p.etag)
	w.Header().Set("Content-Length", strconv.Itoa(len(p.content)))
	_, _ = w.Write(p.content[:n]) // whether it arrives is for the test to see
	if c, ok := w.(*countedResponse); ok {
		w = c.ResponseWriter
	}
	_ = http.NewResponseController(w).Flush()
}

// cut is begin, and the connection ends there.
func (p *publisher) cut(w http.ResponseWriter, n int) {
	p.begin(w, n)
	panic(http.ErrAbortHandler)
}

// newWebLibrary gives a library that loses patience soon.
func newWebLibrary(t *testing.T) (*Library, *labtest.World) {
	t.Helper()
	w := labtest.NewWorld()
	return newWebProcess(w, t.TempDir()+"/images"), w
}

func newWebProcess(w *labtest.World, dir string) *Library {
	l := newProcess(w, dir)
	l.inspect = func(context.Context, *os.File) error { return nil } // the disks here only look like some
	l.web = &web{client: &http.Client{}, tries: 4, pause: 2 * time.Millisecond, stall: 300 * time.Millisecond}
	return l
}

func pull(t *testing.T, l *Library, r lab.Remote) (lab.Image, error) {
	t.Helper()
	return l.Add(t.Context(), lab.Addition{Name: "disk", Remote: &r}, nil)
}

func mustPull(t *testing.T, l *Library, r lab.Remote) lab.Image {
	t.Helper()
	image, err := pull(t, l, r)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func (p *publisher) wantImage(t *testing.T, got lab.Image) {
	t.Helper()
	if want := fmt.Sprintf("%x", sha256.Sum256(p.content)); got.SHA256 != want || got.State != lab.ImageReady || got.Bytes != int64(len(p.content)) {
		t.Errorf("got %+v, want it ready with the checksum %s and %d bytes", got, want, len(p.content))
	}
}

// wantNothing wants no image, and nothing of the additions.
func wantNothing(t *testing.T, l *Library, w *labtest.World) {
	t.Helper()
	mustBeEmpty(t, l, w)
	if left := staged(t, l); len(left) > 0 {
		t.Errorf("got %v left, want nothing", left)
	}
}

// staged lists what additions left.
func staged(t *testing.T, l *Library) []string {
	t.Helper()
	left, err := filepath.Glob(l.dir + "/.staging/*/*")
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// wantError wants an error of a kind with all of the texts in it, and a hint.
func wantError(t *testing.T, err error, kind lab.Kind, texts ...string) {
	t.Helper()
	p := lab.ProblemOf(err)
	if p == nil || p.Kind != kind || p.Hint == "" {
		t.Errorf("got %+v, want kind %s and a hint", p, kind)
		return
	}
	for _, text := range texts {
		if !strings.Contains(p.Message, text) {
			t.Errorf("got %q, want %q in it", p.Message, text)
		}
	}
}
