package images

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// mustRunSelf runs one test of this binary in a process of its own.
func mustRunSelf(t *testing.T, test string, env ...string) {
	t.Helper()
	args := []string{"-test.run=^" + test + "$", "-test.timeout=30s"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", test, err, out)
	}
}

// interrupt begins a download and ends its context when so many bytes came.
func interrupt(t *testing.T, l *Library, p *publisher, r lab.Remote, at int, cause error) {
	t.Helper()
	p.answer = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		p.begin(w, at)
		<-r.Context().Done()
		return true
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.Add(ctx, lab.Addition{Name: "disk", Remote: &r}, nil)
		ended <- err
	}()
	part := filepath.Join(l.dir, ".staging", "disk", partFile)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if info, err := os.Stat(part); err == nil && info.Size() == int64(at) {
			break
		}
	}
	cancel(cause)
	mustBeKind(t, <-ended, lab.KindUnavailable)
	p.answer = nil
}

// TestInterruptedDownloadGoesOn ends the program in the middle of a download:
// the next one knows of it and takes only what is missing.
func TestInterruptedDownloadGoesOn(t *testing.T) {
	const at = 250_000
	for _, summed := range []bool{true, false} {
		l, w := newWebLibrary(t)
		p := mustPublish(t, payload())
		r := p.unsummed()
		if summed {
			r = p.remote()
		}
		interrupt(t, l, p, r, at, nil)
		mustBeEmpty(t, l, w)

		l = newWebProcess(w, l.dir)
		left := mustInterrupted(t, l)
		if len(left) != 1 || !left[0].Resumed || left[0].Bytes != at || left[0].Addition.Name != "disk" || left[0].Addition.Remote.Addresses[0] != p.file() {
			t.Fatalf("got %+v, want what came of disk", left)
		}
		var begun *lab.Step
		image, err := l.Add(t.Context(), left[0].Addition, func(i lab.Image) {
			if i.Step != nil && i.Step.Name == lab.StepDownloading && i.Step.Done > 0 && begun == nil {
				begun = i.Step
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		p.wantImage(t, image)
		if got := p.sentBytes(); got != len(p.content) {
			t.Errorf("got %d bytes of the server in both, want %d", got, len(p.content))
		}
		if got := p.requests()[1]; got.Get("Range") != fmt.Sprintf("bytes=%d-", at) || got.Get("If-Range") != `"one"` {
			t.Errorf("got the request %v, want it to go on if the file is the same", got)
		}
		if begun != nil && begun.Done < at {
			t.Errorf("got the step %+v, want it to begin with what there was", begun)
		}
		if left := staged(t, l); len(left) > 0 || len(mustInterrupted(t, l)) > 0 {
			t.Errorf("got %v left, want nothing", left)
		}
	}
}

func mustInterrupted(t *testing.T, l *Library) []lab.Interrupted {
	t.Helper()
	left, err := l.Interrupted(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// What came is begun anew where it can not be gone on with.
func TestInterruptedDownloadBeginsAnew(t *testing.T) {
	newer := append([]byte{}, payload()...)
	newer[400_000]++
	part := func(l *Library) string { return filepath.Join(l.dir, ".staging", "disk", partFile) }
	info := func(l *Library) string { return filepath.Join(l.dir, ".staging", "disk", partInfo) }
	for name, tt := range map[string]struct {
		summed  bool
		between func(t *testing.T, l *Library, p *publisher)
	}{
		"replaced":           {false, func(_ *testing.T, _ *Library, p *publisher) { p.replace(newer, `"two"`) }},
		"replaced, summed":   {true, func(_ *testing.T, _ *Library, p *publisher) { p.replace(newer, `"two"`) }},
		"shorter":            {true, func(_ *testing.T, _ *Library, p *publisher) { p.replace(payload()[:270_000], `"two"`) }},
		"its range is wrong": {true, func(_ *testing.T, _ *Library, p *publisher) { p.answer = unsatisfied }},
		"another boot": {false, func(t *testing.T, l *Library, p *publisher) {
			mustWrite(t, info(l), fmt.Sprintf(`{"address": %q, "validator": "\"one\"", "total": %d, "boot": "another"}`, p.file(), len(p.content)))
		}},
		"no notes":    {true, func(t *testing.T, l *Library, _ *publisher) { mustWrite(t, info(l), "{") }},
		"gone":        {true, func(t *testing.T, l *Library, _ *publisher) { mustWrite(t, part(l), "") }},
		"too long":    {true, func(t *testing.T, l *Library, _ *publisher) { mustWrite(t, part(l), strings.Repeat("x", 600_000)) }},
		"other notes": {true, func(t *testing.T, l *Library, _ *publisher) { mustWrite(t, info(l), `{"total": 1e9}`) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w := newWebLibrary(t)
			p := mustPublish(t, payload())
			r := func() lab.Remote {
				if tt.summed {
					return p.remote()
				}
				return p.unsummed()
			}
			interrupt(t, l, p, r(), 250_000, nil)
			tt.between(t, l, p)
			p.wantImage(t, mustPull(t, newWebProcess(w, l.dir), r()))
		})
	}
}

// unsatisfied answers the first range it is asked for as if it were beyond the end.
func unsatisfied(w http.ResponseWriter, r *http.Request, _ int) bool {
	if r.Header.Get("Range") == "" {
		return false
	}
	w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	return true
}

// A part that was changed is found out by the checksum.
func TestChangedPartIsFoundOut(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	interrupt(t, l, p, p.remote(), 250_000, nil)
	part := filepath.Join(l.dir, ".staging", "disk", partFile)
	mustWrite(t, part, strings.Repeat("\x00", 250_000))
	_, err := pull(t, l, p.remote())
	wantError(t, err, lab.KindInvalid, "is not what was to come")
	wantNothing(t, l, w)
	p.wantImage(t, mustPull(t, l, p.remote()))
}

func TestDownloadGivenUpLeavesNothing(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	interrupt(t, l, p, p.remote(), 250_000, lab.ErrGivenUp)
	wantNothing(t, l, w)
	if left := mustInterrupted(t, l); len(left) > 0 {
		t.Errorf("got %+v, want nothing", left)
	}
}

// A program that ends while it sums up what is there keeps it.
func TestEndWhileSummingUpKeepsWhatCame(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	interrupt(t, l, p, p.remote(), 250_000, nil)
	ctx, cancel := context.WithCancel(t.Context())
	r := p.remote()
	_, err := l.Add(ctx, lab.Addition{Name: "disk", Remote: &r}, func(i lab.Image) {
		if i.Step != nil && i.Step.Name == lab.StepChecking {
			cancel()
		}
	})
	cancel()
	mustBeKind(t, err, lab.KindUnavailable)
	if left := mustInterrupted(t, newWebProcess(w, l.dir)); len(left) != 1 || left[0].Bytes != 250_000 {
		t.Errorf("got %+v, want what came", left)
	}
}

// TestNoMoreThanALimitAtOnce counts the downloads under way.
func TestNoMoreThanALimitAtOnce(t *testing.T) {
	l, _ := newWebLibrary(t)
	l.web.stall = 10 * time.Second
	p := mustPublish(t, payload())
	var now, most atomic.Int32
	release := make(chan struct{})
	p.answer = func(http.ResponseWriter, *http.Request, int) bool {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-release
		now.Add(-1)
		return false
	}
	var adding sync.WaitGroup
	waiting := make(chan string, 100)
	for i := range atOnce + 2 {
		adding.Go(func() {
			r := p.remote()
			name := fmt.Sprint("disk", i)
			_, err := l.Add(t.Context(), lab.Addition{Name: name, Remote: &r}, func(i lab.Image) {
				if i.Step != nil && i.Step.Name == lab.StepWaiting {
					waiting <- name
				}
			})
			mustBeKind(t, err, "")
		})
	}
	for range atOnce + 2 {
		<-waiting
	}
	for now.Load() < atOnce {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // for one too many
	close(release)
	adding.Wait()
	if got := most.Load(); got != atOnce {
		t.Errorf("got %d at once, want %d", got, atOnce)
	}
	if got := mustImages(t, l); len(got) != atOnce+2 {
		t.Errorf("got %d images, want %d", len(got), atOnce+2)
	}
}

func TestNoRoomIsToldBefore(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	l.free = func(string) (int64, error) { return reserveBytes + 100_000, nil }
	p.answer = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		p.begin(w, 1000)
		<-r.Context().Done() // nobody wants more
		return true
	}
	_, err := pull(t, l, p.remote())
	wantError(t, err, lab.KindUnavailable, "no room", lab.Size(int64(len(p.content))))
	wantNothing(t, l, w)
}

// What there is no room for now is gone on with when there is.
func TestNoRoomForTheRest(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	interrupt(t, l, p, p.remote(), 250_000, nil)
	l.free = func(string) (int64, error) { return reserveBytes + 100_000, nil }
	_, err := pull(t, l, p.remote())
	wantError(t, err, lab.KindUnavailable, "no room")
	mustBeEmpty(t, l, w)
	l.free = freeBytes
	p.wantImage(t, mustPull(t, l, p.remote()))
	if asked := p.requests(); asked[len(asked)-1].Get("Range") != "bytes=250000-" {
		t.Errorf("got the requests %v, want the last for what was missing", asked)
	}
}

// A packed download whose program was killed is told, and nothing of it stays.
func TestKilledWhileUnpacking(t *testing.T) {
	l, _ := newWebLibrary(t)
	dir := filepath.Join(l.dir, ".staging", "disk")
	if err := durable.Write(filepath.Join(dir, jobFile), []byte(`{"Name": "disk", "Remote": {"addresses": ["https://a.invalid/d.xz"]}}`)); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(dir, unpackFile+"-0"), "some of it")
	left := mustInterrupted(t, l)
	if len(left) != 1 || left[0].Resumed || left[0].Addition.Name != "disk" {
		t.Errorf("got %+v, want disk, which can not go on", left)
	}
	if again := mustInterrupted(t, l); len(again) > 0 || len(staged(t, l)) > 0 {
		t.Errorf("got %+v and %v, want it told once and nothing left", again, staged(t, l))
	}
}

// What was begun while the pool could not be reached is cleared away when it can.
func TestInterruptedAsideOfThePool(t *testing.T) {
	l, w := newWebLibrary(t)
	p := mustPublish(t, payload())
	interrupt(t, l, p, p.remote(), 250_000, nil)
	l.pool = labtest.Placing{Pool: w.Pool, Dir: t.TempDir()}
	left := mustInterrupted(t, l)
	if len(left) != 1 || left[0].Resumed || left[0].Addition.Name != "disk" {
		t.Errorf("got %+v, want disk, which can not go on", left)
	}
	if again := mustInterrupted(t, l); len(again) > 0 || len(staged(t, l)) > 0 {
		t.Errorf("got %+v and %v, want it told once and nothing left", again, staged(t, l))
	}
	p.wantImage(t, mustPull(t, l, p.remote()))
}
