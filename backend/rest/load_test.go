package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

// listen opens the stream of events and calls take with each until that is false.
func (s *site) listen(ctx context.Context, browser *http.Client, take func(lab.Event) bool) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/events", nil)
	if err != nil {
		return err
	}
	answer, err := browser.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream gives %d", answer.StatusCode)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e lab.Event
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return err
		}
		if !take(e) {
			return nil
		}
	}
	return fmt.Errorf("the stream ended: %w", lines.Err())
}

func TestThousandListeners(t *testing.T) {
	s := mustSite(t)
	s.server.open = true
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var here, all sync.WaitGroup
	for range 1000 {
		here.Add(1)
		all.Go(func() {
			err := s.listen(ctx, http.DefaultClient, func(e lab.Event) bool {
				if e.Kind == lab.EventSnapshot {
					here.Done()
				}
				return e.Node == nil || e.Node.Name != "web"
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	here.Wait()
	if a := s.mustCall(t, "Create", `[{"name":"web","image":"tiny"}]`); a.StatusCode != http.StatusOK {
		t.Fatalf("creating gives %d: %s", a.StatusCode, a.body)
	}
	all.Wait()
}

// Who reads slowly loses states between, and has the last in the end; nobody waits for it.
func TestSlowListener(t *testing.T) {
	s := mustSite(t)
	s.server.open = true
	s.mustCall(t, "Create", `[{"name":"web","image":"tiny"}]`)
	narrow := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			err = c.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return c, err
	}}}
	const changes = 1000
	notes := func(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat("-", 8000)) }
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	read := 0
	err := s.listen(ctx, narrow, func(e lab.Event) bool {
		if e.Kind == lab.EventSnapshot {
			for i := range changes { // and reads nothing meanwhile
				s.mustCall(t, "Set", fmt.Sprintf(`["web",{"notes":%q}]`, notes(i)))
			}
		}
		if e.Kind == lab.EventNode {
			read++
		}
		return e.Node == nil || e.Node.Notes != notes(changes-1)
	})
	must(t, err)
	if read >= changes {
		t.Errorf("a slow reader was told of all %d changes", read)
	}
}

// zeros is a body of so many bytes.
func zeros(n int64) io.Reader { return io.LimitReader(nothing{}, n) }

type nothing struct{}

func (nothing) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestHugeBodies(t *testing.T) {
	s := mustEnter(t)
	for _, path := range []string{"/rpc/List", "/rpc/Absent", "/absent", "/events"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, zeros(100<<20))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		answer, err := s.browser.Do(r)
		if err != nil {
			continue // it was cut off
		}
		must(t, answer.Body.Close())
		if got := answer.StatusCode; got < 200 || got >= 500 {
			t.Errorf("100 MiB to %s give %d", path, got)
		}
	}
}

func TestStrangeJSON(t *testing.T) {
	s := mustEnter(t)
	for name, args := range map[string]string{
		"deep":          strings.Repeat("[", 100_000),
		"deep argument": `[` + strings.Repeat(`{"x":`, 20_000) + `1` + strings.Repeat("}", 20_000) + `]`,
		"no UTF-8":      "[\"\xff\xfe\"]",
		"a zero byte":   "[\"a\x00b\"]",
		"no ID":         `["not-a-uuid"]`,
		"a path":        `["../../etc/passwd"]`,
		"a number":      `[1e999]`,
	} {
		if got := s.mustCall(t, "Show", args).StatusCode; got < 400 || got >= 500 {
			t.Errorf("%s gives %d, want a status of a client's mistake", name, got)
		}
	}
}
