package systest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sandboxlabs/backend/lab"

	"github.com/coder/websocket"
)

// page is a browser that has opened what `sandboxlabs serve` serves: it follows
// the events, and calls verbs.
type page struct {
	origin  string
	browser *http.Client
	more    chan struct{} // has a value when nodes changed
	mu      sync.Mutex
	nodes   map[string]lab.Node // by ID
	broken  error               // an event could not be read
}

var linkPattern = regexp.MustCompile(`http://127\.0\.0\.1:\d+/\?token=\w+`)

// mustPage runs `sandboxlabs serve` until the test ends, and opens its page.
func mustPage(t *testing.T, w *world, flags ...string) *page {
	t.Helper()
	cmd := w.cmd(context.Background(), "sandboxlabs", append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var say bytes.Buffer
	cmd.Stderr = &say
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve ended with %v and said %s", err, &say)
		}
	})
	return open(t, mustLink(t, out))
}

// mustLink finds the link that serve prints.
func mustLink(t *testing.T, out io.Reader) string {
	t.Helper()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if link := linkPattern.FindString(lines.Text()); link != "" {
			return link
		}
	}
	t.Fatal("serve ended without a link")
	return ""
}

func open(t *testing.T, link string) *page {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	origin, _, _ := strings.Cut(link, "/?")
	p := &page{origin: origin, browser: &http.Client{Jar: jar}, more: make(chan struct{}, 1)}
	if status := p.get(t, link); status != http.StatusOK {
		t.Fatalf("got status %d of the page, want 200", status)
	}
	if status := (&page{browser: http.DefaultClient}).get(t, link); status != http.StatusUnauthorized {
		t.Errorf("got status %d of the link's second use, want 401", status)
	}
	p.follow(t)
	return p
}

func (p *page) get(t *testing.T, address string) (status int) {
	t.Helper()
	r, err := p.browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Body.Close(); err != nil {
		t.Error(err)
	}
	return r.StatusCode
}

// follow reads the events from now on, and returns when the snapshot is here.
func (p *page) follow(t *testing.T) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.origin+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.browser.Do(request) //nolint:bodyclose // it ends with the test's context
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				p.apply(data)
			}
		}
	}()
	p.await(t, "the snapshot", func(nodes map[string]lab.Node) bool { return nodes != nil })
}

func (p *page) apply(data string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var e lab.Event
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		p.broken = fmt.Errorf("got the event %q: %w", data, err)
	}
	switch e.Kind {
	case lab.EventSnapshot:
		p.nodes = map[string]lab.Node{}
		for _, n := range e.Nodes {
			p.nodes[n.ID] = n
		}
	case lab.EventNode:
		p.nodes[e.Node.ID] = *e.Node
	case lab.EventNodeRemoved:
		delete(p.nodes, e.ID)
	}
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// seen gives the nodes as the events have told them; nil before the first.
func (p *page) seen() (map[string]lab.Node, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.nodes), p.broken
}

// wait waits for events until the nodes are as wanted.
func (p *page) wait(what string, ok func(map[string]lab.Node) bool) error {
	limit := time.After(patience)
	for {
		nodes, err := p.seen()
		if err != nil || ok(nodes) {
			return err
		}
		select {
		case <-p.more:
		case <-limit:
			return fmt.Errorf("the events did not tell: %s; they told %+v", what, nodes)
		}
	}
}

// await waits for events until the nodes are as wanted, which they must become.
func (p *page) await(t *testing.T, what string, ok func(map[string]lab.Node) bool) {
	t.Helper()
	if err := p.wait(what, ok); err != nil {
		t.Fatal(err)
	}
}

// waitNode waits for events until one node is as wanted.
func (p *page) waitNode(id, what string, ok func(lab.Node) bool) error {
	return p.wait(what, func(nodes map[string]lab.Node) bool {
		n, there := nodes[id]
		return there && ok(n)
	})
}

// ask calls a verb as the page does, for its value or the problem in its way.
func (p *page) ask(out any, verb string, args ...any) (problem *lab.Problem, err error) {
	body, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	r, err := p.browser.Post(p.origin+"/rpc/"+verb, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Body.Close()) }()
	if r.StatusCode != http.StatusOK {
		problem = new(lab.Problem)
		out = problem
	}
	if err := json.NewDecoder(r.Body).Decode(out); err != nil {
		return nil, fmt.Errorf("%s: status %d: %w", verb, r.StatusCode, err)
	}
	return problem, nil
}

// call calls a verb that must succeed.
func (p *page) call(t *testing.T, verb string, args ...any) (n lab.Node) {
	t.Helper()
	problem, err := p.ask(&n, verb, args...)
	if err != nil || problem != nil {
		t.Fatalf("%s: got the problem %+v and the error %v, want neither", verb, problem, err)
	}
	return n
}

// openSerial opens a node's serial port as the page does.
func (p *page) openSerial(ctx context.Context, id string) (*console, error) {
	var ticket lab.Ticket
	if problem, err := p.ask(&ticket, "Console", id, lab.ConsoleSerial); err != nil || problem != nil {
		return nil, fmt.Errorf("no ticket: problem %+v, error %w", problem, err)
	}
	address, err := url.Parse(p.origin)
	if err == nil {
		address, err = address.Parse(ticket.URL)
	}
	if err != nil {
		return nil, err
	}
	options := &websocket.DialOptions{HTTPClient: p.browser, HTTPHeader: http.Header{"Origin": {p.origin}}}
	socket, _, err := websocket.Dial(ctx, address.String(), options) //nolint:bodyclose // the socket closes it
	if err != nil {
		return nil, fmt.Errorf("open the console at %s: %w", ticket.URL, err)
	}
	return newConsole(websocket.NetConn(ctx, socket, websocket.MessageBinary)), nil
}
