package systest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// publisher serves one file at any path. While it holds, it sends the half of it
// and no more, until whoever asked is gone.
type publisher struct {
	*httptest.Server
	content []byte

	mu    sync.Mutex
	holds bool
	asked []string // ranges
}

func mustPublish(t *testing.T, content []byte) *publisher {
	t.Helper()
	p := &publisher{content: content, holds: true}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Header.Get("Range"))
	holds := p.holds
	p.mu.Unlock()
	w.Header().Set("ETag", `"one"`)
	if !holds {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(p.content))
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(p.content)))
	_, _ = w.Write(p.content[:len(p.content)/2]) // whether it arrives is for the test to see
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// release ends the holding, and gives the ranges asked for so far.
func (p *publisher) release() (asked []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, p.asked, p.holds = p.asked, nil, false
	return asked
}

// mustFind waits until an image is as wanted.
func (p *page) mustFind(t *testing.T, name string, ok func(lab.Image) bool) lab.Image {
	t.Helper()
	var images []lab.Image
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if problem, err := p.ask(&images, "Images"); err != nil || problem != nil {
			t.Fatalf("got the problem %+v and the error %v, want neither", problem, err)
		}
		for _, i := range images {
			if i.Name == name && ok(i) {
				return i
			}
		}
	}
	t.Fatalf("got %+v, want %s otherwise", images, name)
	return lab.Image{}
}

func (p *page) mustPull(t *testing.T, name, address string) {
	t.Helper()
	if problem, err := p.ask(new(lab.Image), "AddImage", map[string]string{"name": name, "address": address}); err != nil || problem != nil {
		t.Fatalf("got the problem %+v and the error %v, want neither", problem, err)
	}
}

// awaitBytes waits until so many bytes of a download are there.
func awaitBytes(t *testing.T, w *world, name string, least int) {
	t.Helper()
	part := w.path(poolDir) + ".incoming/" + name
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if n, err := strconv.Atoi(strings.TrimSpace(w.run("stat", "-c", "%s", part).out)); err == nil && n >= least {
			return
		}
	}
	t.Fatalf("%s has not come to have %d bytes", part, least)
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestKilledWhilePulling kills the program in the middle of two downloads: the
// next one goes on with the plain one where it was, clears the packed one away,
// which can not be gone on with, and says both.
func TestKilledWhilePulling(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		tiny := mustRead(t, w.site.image)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(tiny[:4<<20]); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		plain, zipped := mustPublish(t, tiny), mustPublish(t, packed.Bytes())
		link, kill := mustServeLink(t, w)
		p := open(t, link)
		p.mustPull(t, "plain", plain.URL+"/tiny.qcow2")
		p.mustPull(t, "zipped", zipped.URL+"/tiny.qcow2.gz")
		awaitBytes(t, w, "plain/part", len(tiny)/4)
		awaitBytes(t, w, "zipped/unpacked-0", 1)
		kill()
		plain.release()
		zipped.release()

		link, _ = mustServeLink(t, w)
		p = open(t, link)
		image := p.mustFind(t, "plain", func(i lab.Image) bool { return i.State == lab.ImageReady })
		if want := fmt.Sprintf("%x", sha256.Sum256(tiny)); image.SHA256 != want {
			t.Errorf("got the checksum %s, want %s", image.SHA256, want)
		}
		var from int
		asked := plain.release()
		if len(asked) != 1 {
			t.Fatalf("got the requests %q, want one for the rest", asked)
		}
		if _, err := fmt.Sscanf(asked[0], "bytes=%d-", &from); err != nil || from < len(tiny)/4 || from > len(tiny)/2 {
			t.Errorf("got the range %q, want the rest of what came", asked[0])
		}
		told := p.mustFind(t, "zipped", func(i lab.Image) bool { return i.Problem != nil })
		if !strings.Contains(told.Problem.Message, "ended before image zipped was whole") || len(zipped.release()) > 0 {
			t.Errorf("got %+v, want to be told what became of it", told.Problem)
		}
		log := w.must(t, "cat", w.path(stateDir, "sandboxlabs", "log", "sandboxlabs.log"))
		for _, want := range []string{"an interrupted download goes on", fmt.Sprintf("bytes=%d", from), "what was left of interrupted work on an image was removed\" image=zipped"} {
			if !strings.Contains(log, want) {
				t.Errorf("got the log %s, want %q in it", log, want)
			}
		}
		if left := w.must(t, "find", w.path(poolDir)+".incoming", "-type", "f"); left != "" {
			t.Errorf("got %s left, want nothing", left)
		}
	})
}

// TestPull pulls from the command line, by an address and by an entry of the
// person's own.
func TestPull(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		tiny := mustRead(t, w.site.image)
		p := mustPublish(t, tiny)
		p.release()
		wrong := strings.Repeat("ab", sha256.Size)
		problem := problemOf(t, w.run("sandboxlabs", "image", "pull", p.URL+"/tiny.qcow2", "--sum", wrong, "--json"))
		if problem == nil || problem.Kind != lab.KindInvalid || !strings.Contains(problem.Message, wrong) || !strings.Contains(problem.Message, fmt.Sprintf("%x", sha256.Sum256(tiny))) {
			t.Errorf("got %+v, want both checksums", problem)
		}
		entry := fmt.Sprintf("[[image]]\nid = \"mine\"\ntitle = \"Mine\"\nversion = \"1\"\narch = \"x86_64\"\ngroup = \"Linux\"\n"+
			"home = \"https://mine.invalid/\"\nlicence = \"Mine.\"\nkind = \"base\"\nformat = \"qcow2\"\nmemory_mib = 256\n"+
			"addresses = [%q]\nsum = \"%x\"\n", p.URL+"/tiny.qcow2", sha256.Sum256(tiny))
		w.must(t, "sh", "-c", `mkdir -p "$1" && printf %s "$2" >"$1/catalogue.toml"`, "sh", w.path(dataDir, "sandboxlabs"), entry)
		if said := w.program(t, "image", "catalogue"); !strings.Contains(said, "Mine 1") || !strings.Contains(said, "debian-13") {
			t.Errorf("got %s, want the person's entry and ours", said)
		}
		if said := w.program(t, "image", "catalogue", "check", "mine"); !strings.Contains(said, "ok: "+lab.Size(int64(len(tiny)))) {
			t.Errorf("got %s, want it to be there", said)
		}
		var image lab.Image
		said := w.program(t, "image", "pull", "mine", "--json")
		if err := json.Unmarshal([]byte(said), &image); err != nil || image.Name != "mine" || image.State != lab.ImageReady || image.Origin.Of != "mine" || image.Defaults.MemoryMiB != 256 {
			t.Errorf("got %s, %v, want the image of the entry", said, err)
		}
	})
}
