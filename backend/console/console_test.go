package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

const (
	node     = "11111111-2222-3333-4444-555555555555"
	greeting = "RFB 003.008\n"
	window   = "wails://wails"
)

// displays is a lab.GraphicsOpener and lab.SerialOpener whose streams are
// pipes; the node's end of each goes to nodes.
type displays struct {
	err   error
	nodes chan net.Conn
}

func (d *displays) OpenGraphics(_ context.Context, id string) (net.Conn, error) {
	if d.err != nil {
		return nil, d.err
	}
	if id != node {
		return nil, lab.Errorf(lab.KindNotFound, "there is no node %s", id)
	}
	ours, theirs := net.Pipe()
	d.nodes <- theirs
	return ours, nil
}

func (d *displays) OpenSerial(ctx context.Context, id string) (io.ReadWriteCloser, error) {
	return d.OpenGraphics(ctx, id)
}

// desk is a server with everything around it.
type desk struct {
	*Server
	displays *displays
	web      *httptest.Server
	requests *sync.WaitGroup // those being served, WebSockets too: web.Close waits for none of these
}

func newDesk(t *testing.T, ctx context.Context) *desk {
	t.Helper()
	d := &displays{nodes: make(chan net.Conn, 1)}
	s := New(d, d, Options{Origins: []string{window}})
	var requests sync.WaitGroup
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		defer requests.Done()
		s.ServeHTTP(w, r)
	}))
	web.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	web.Start()
	t.Cleanup(func() { web.Close(); requests.Wait() }) // TestNothingIsLeftBehind sees the whole process
	return &desk{s, d, web, &requests}
}

func (d *desk) mustTicket(t *testing.T, kind lab.ConsoleKind) (path string) {
	t.Helper()
	ticket, err := d.Ticket(t.Context(), node, kind)
	if err != nil {
		t.Fatal(err)
	}
	return ticket.URL
}

// dial opens a WebSocket as a page of an origin does.
func (d *desk) dial(ctx context.Context, path, origin string) (*websocket.Conn, *http.Response, error) {
	header := http.Header{}
	if origin != "" {
		header.Set("Origin", origin)
	}
	return websocket.Dial(ctx, d.web.URL+path, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"binary"}})
}

// mustOpen gives both ends of a display.
func (d *desk) mustOpen(t *testing.T) (page *websocket.Conn, qemu net.Conn) {
	t.Helper()
	page = d.mustDial(t, d.mustTicket(t, lab.ConsoleVNC))
	qemu = <-d.displays.nodes
	t.Cleanup(func() { _ = qemu.Close() }) // a pipe's can not fail
	return page, qemu
}

func (d *desk) mustDial(t *testing.T, path string) *websocket.Conn {
	t.Helper()
	page, _, err := d.dial(t.Context(), path, window)
	if err != nil {
		t.Fatal(err)
	}
	page.SetReadLimit(-1)
	t.Cleanup(func() { _ = page.CloseNow() }) // it may be closed already
	return page
}

// TestSerialSaysThatItIsOpen, though it is silent: a page is not to take what is typed
// for a port that could not be opened.
func TestSerialSaysThatItIsOpen(t *testing.T) {
	d := newDesk(t, t.Context())
	page := d.mustDial(t, d.mustTicket(t, lab.ConsoleSerial))
	port := <-d.displays.nodes
	defer port.Close()
	if got := mustRead(t, page); len(got) > 0 {
		t.Errorf("got %q first, want an empty message", got)
	}
	mustSay(t, port, "login:")
	if got := string(mustRead(t, page)); got != "login:" {
		t.Errorf("got %q, want what the node said", got)
	}
}

func mustRead(t *testing.T, page *websocket.Conn) []byte {
	t.Helper()
	kind, b, err := page.Read(t.Context())
	if err != nil || kind != websocket.MessageBinary {
		t.Fatalf("got %v, %v, want a binary frame", kind, err)
	}
	return b
}

// mustSay writes what the node says; a pipe has no room, so it waits for the reader.
func mustSay(t *testing.T, qemu io.Writer, words string) {
	t.Helper()
	if _, err := io.WriteString(qemu, words); err != nil {
		t.Error(err)
	}
}

// mustEnd wants a close frame with a code and a reason for a person.
func mustEnd(t *testing.T, page *websocket.Conn, code websocket.StatusCode, says string) {
	t.Helper()
	_, b, err := page.Read(t.Context())
	var end websocket.CloseError
	if !errors.As(err, &end) || end.Code != code || !strings.Contains(end.Reason, says) {
		t.Errorf("got %q, %v, want the end %d with %q", b, err, code, says)
	}
}

func mustEndStream(t *testing.T, stream io.Reader) {
	t.Helper()
	if b, err := io.ReadAll(stream); len(b) > 0 || err != nil {
		t.Errorf("got %q, %v, want the end", b, err)
	}
}

func TestBytesGoBothWays(t *testing.T) {
	d := newDesk(t, t.Context())
	page, qemu := d.mustOpen(t)
	if got := page.Subprotocol(); got != "binary" {
		t.Errorf("got subprotocol %q, want binary", got)
	}
	go mustSay(t, qemu, greeting)
	if got := mustRead(t, page); string(got) != greeting {
		t.Errorf("got %q, want %q", got, greeting)
	}
	if err := page.Write(t.Context(), websocket.MessageBinary, []byte(greeting)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(greeting))
	if _, err := io.ReadFull(qemu, got); err != nil || string(got) != greeting {
		t.Errorf("got %q, %v, want %q", got, err, greeting)
	}
}

func TestBigFramesArriveWhole(t *testing.T) {
	d := newDesk(t, t.Context())
	page, qemu := d.mustOpen(t)
	want := make([]byte, 8<<20) // a screen of 1920 by 1080 at 32 bits
	rand.Read(want)
	var both sync.WaitGroup
	defer both.Wait()
	both.Go(func() {
		if err := page.Write(t.Context(), websocket.MessageBinary, want); err != nil {
			t.Error(err)
		}
	})
	got := make([]byte, len(want))
	if _, err := io.ReadFull(qemu, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("to the node: %v, want the same bytes", err)
	}
	both.Go(func() {
		if _, err := qemu.Write(want); err != nil {
			t.Error(err)
		}
	})
	got = got[:0]
	for len(got) < len(want) {
		got = append(got, mustRead(t, page)...)
	}
	if !bytes.Equal(got, want) {
		t.Error("to the page: want the same bytes")
	}
}

func TestStoppedNodeEndsThePage(t *testing.T) {
	d := newDesk(t, t.Context())
	page, qemu := d.mustOpen(t)
	if err := qemu.Close(); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, page, CodeStopped, "The node stopped")
}

func TestLeavingPageEndsTheStream(t *testing.T) {
	d := newDesk(t, t.Context())
	for name, leave := range map[string]func(*websocket.Conn) error{
		"closed":  func(page *websocket.Conn) error { return page.Close(websocket.StatusNormalClosure, "") },
		"crashed": (*websocket.Conn).CloseNow,
	} {
		t.Run(name, func(t *testing.T) {
			page, qemu := d.mustOpen(t)
			if err := leave(page); err != nil {
				t.Fatal(err)
			}
			mustEndStream(t, qemu)
		})
	}
}

func TestTextEndsBoth(t *testing.T) {
	d := newDesk(t, t.Context())
	page, qemu := d.mustOpen(t)
	if err := page.Write(t.Context(), websocket.MessageText, []byte("x")); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, page, websocket.StatusUnsupportedData, "")
	mustEndStream(t, qemu)
}

func TestEndOfTheProgramEndsBoth(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDesk(t, ctx)
	page, qemu := d.mustOpen(t)
	cancel()
	mustEnd(t, page, CodeGoingAway, "ending")
	mustEndStream(t, qemu)
}

func TestSlowPageSlowsTheNode(t *testing.T) {
	d := newDesk(t, t.Context())
	page, qemu := d.mustOpen(t)
	const more = 64 << 20 // than all buffers between them
	if err := qemu.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	written, err := qemu.Write(make([]byte, more))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and %v while nobody reads, want a time-out", written, err)
	}
	if err := page.CloseNow(); err != nil {
		t.Fatal(err)
	}
	mustEndStream(t, qemu)
}

func TestRefusalIsTold(t *testing.T) {
	long := strings.Repeat("ü", 100)
	tests := []struct {
		err  error
		code websocket.StatusCode
		says string
	}{
		{lab.Errorf(lab.KindBusy, "web-1 is not running"), CodeStopped, "web-1 is not running"},
		{lab.Errorf(lab.KindNotFound, "there is no such node"), CodeNotFound, "no such node"},
		{lab.Errorf(lab.KindDenied, "may not"), CodeDenied, "may not"},
		{lab.Errorf(lab.KindUnavailable, "libvirt is gone"), CodeUnavailable, "libvirt is gone"},
		{errors.New("oh"), CodeInternal, "oh"},
		{errors.New(long), CodeInternal, strings.Repeat("ü", 60) + "..."},
		{errors.New("bad \xff"), CodeInternal, "bad ?"},
	}
	for _, tt := range tests {
		d := newDesk(t, t.Context())
		d.displays.err = tt.err
		mustEnd(t, d.mustDial(t, d.mustTicket(t, lab.ConsoleVNC)), tt.code, tt.says)
	}
}

func TestListenServesTheWindow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDesk(t, t.Context())
	if err := d.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	url := d.mustTicket(t, lab.ConsoleVNC)
	if !strings.HasPrefix(url, "ws://127.0.0.1:") {
		t.Fatalf("got %s, want it absolute and on loopback", url)
	}
	start := time.Now()
	page, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {window}}})
	if err != nil {
		t.Fatal(err)
	}
	defer page.CloseNow()
	go mustSay(t, <-d.displays.nodes, greeting)
	mustRead(t, page)
	t.Logf("ticket to first bytes: %v", time.Since(start))
	cancel()
	mustEnd(t, page, CodeGoingAway, "ending")
	if _, _, err := websocket.Dial(t.Context(), url, nil); err == nil {
		t.Error("got a connection, want the listener gone")
	}
}

// TestNothingIsLeftBehind ends consoles in every way, waits for their requests
// to end, and looks for what still carries bytes.
func TestNothingIsLeftBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := newDesk(t, ctx)
	var open []*websocket.Conn
	for i := range 30 {
		page, qemu := d.mustOpen(t)
		switch i % 3 {
		case 0:
			qemu.Close()
			mustEnd(t, page, CodeStopped, "")
		case 1:
			page.CloseNow()
			mustEndStream(t, qemu)
		case 2:
			open = append(open, page)
		}
	}
	cancel()
	for _, page := range open {
		mustEnd(t, page, CodeGoingAway, "")
	}
	d.requests.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if bytes.Contains(stacks, []byte("console.carry")) {
		t.Errorf("got %s\nwant nothing that carries bytes", stacks)
	}
}
