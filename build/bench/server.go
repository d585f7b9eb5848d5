package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
)

// server is a running sandboxlabs serve and our session with it.
type server struct {
	cmd    *exec.Cmd
	base   string // http://127.0.0.1:PORT
	client *http.Client
	events chan stamped
}

// stamped is an event with the time it reached us.
type stamped struct {
	at    time.Time
	event lab.Event
}

var linkPattern = regexp.MustCompile(`(http://[0-9.:]+)/\?token=\S+`)

// startServer starts the program, enters by the link it prints and follows its events.
func startServer(ctx context.Context, program string, env []string) (*server, error) {
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0")
	cmd.Env, cmd.Stderr = env, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl+C is for us, who have it delete the nodes
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, client: &http.Client{Jar: jar}, events: make(chan stamped, 4096)}
	link, err := s.link(out)
	if err != nil {
		return nil, err
	}
	if _, err := s.get(ctx, link); err != nil {
		return nil, err
	}
	return s, s.follow(ctx)
}

func (s *server) link(out io.Reader) (string, error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := linkPattern.FindStringSubmatch(lines.Text()); m != nil {
			s.base = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }() // a full pipe would stop it
			return m[0], nil
		}
	}
	return "", fmt.Errorf("serve printed no link: %w", lines.Err())
}

func (s *server) get(ctx context.Context, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", r.URL.Path, answer.Status)
	}
	return answer, err
}

// follow reads the event stream until the server ends.
func (s *server) follow(ctx context.Context) error {
	answer, err := s.get(ctx, s.base+"/events")
	if err != nil {
		return err
	}
	go func() {
		defer close(s.events)
		lines := bufio.NewReader(answer.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			data, ok := strings.CutPrefix(line, "data: ")
			e := stamped{at: time.Now()}
			if ok && json.Unmarshal([]byte(data), &e.event) == nil {
				s.events <- e
			}
		}
	}()
	return nil
}

// until gives the time of the first event, of those not yet read, that shows the
// node as wanted.
func (s *server) until(ctx context.Context, id string, wanted func(lab.Node) bool) (time.Time, error) {
	return s.first(ctx, "the node to be as wanted", func(e lab.Event) bool {
		return e.Node != nil && e.Node.ID == id && wanted(*e.Node)
	})
}

// first gives the time of the first event, of those not yet read, that is as
// wanted.
func (s *server) first(ctx context.Context, what string, wanted func(lab.Event) bool) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				return time.Time{}, errors.New("the event stream ended")
			}
			if wanted(e.event) {
				return e.at, nil
			}
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		}
	}
}

func in(state lab.State) func(lab.Node) bool {
	return func(n lab.Node) bool { return n.State == state }
}

// call is one call of the page; out may be nil.
func (s *server) call(ctx context.Context, verb string, out any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	body, err := json.Marshal(args)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/rpc/"+verb, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s: %s", verb, answer.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}
