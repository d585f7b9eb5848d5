package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	apiClients    = 200
	idleListeners = 1000
)

// api measures what the server does for many clients at once, with real nodes and by
// its token: requests through wrk, and events to listeners of our own.
func (b *bed) api(ctx context.Context) (rows []row, err error) {
	if err := b.upTo(ctx, manyNodes); err != nil {
		return nil, err
	}
	var nodes []lab.Node
	if err := b.server.call(ctx, "List", &nodes); err != nil {
		return nil, err
	}
	token, err := b.sandboxlabs(ctx, "token", "show")
	if err != nil {
		return nil, err
	}
	bearer := "Bearer " + strings.TrimSpace(string(token))
	for _, way := range []struct{ what, path string }{
		{fmt.Sprintf("list of %d nodes", manyNodes), fmt.Sprintf("/nodes?limit=%d", manyNodes)},
		{fmt.Sprintf("show of one of %d nodes", manyNodes), "/nodes/" + nodes[0].ID},
	} {
		text, err := b.wrk(ctx, bearer, way.path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, note(fmt.Sprintf("API, %s, %d clients", way.what, apiClients), text))
	}
	last, err := b.untilLast(ctx, bearer, nodes[0].ID)
	if err != nil {
		return nil, err
	}
	memory, err := b.perListener(ctx, bearer)
	if err != nil {
		return nil, err
	}
	rows = append(rows, spread(fmt.Sprintf("API, a change until the last of %d listeners has it", apiClients), last, ""),
		note(fmt.Sprintf("API, memory of a listener, of %d that hear nothing", idleListeners), memory))
	return rows, b.clear(ctx)
}

// What wrk says: how many requests were answered in a second, within what 99 of 100 were, and
// that some were refused or cut, if so.
var (
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkSlow  = regexp.MustCompile(`99%\s+(\S+)`)
	wrkFault = regexp.MustCompile(`Non-2xx.*|Socket errors.*`)
)

// wrk has clients ask for a path for ten seconds, each again as soon as it is answered.
func (b *bed) wrk(ctx context.Context, bearer, path string) (string, error) {
	out, err := run(ctx, b.env, "wrk", "--threads", "1", "--connections", fmt.Sprint(apiClients), "--duration", "10s",
		"--timeout", "10s", "--latency", "--header", "Authorization: "+bearer, b.server.base+"/api/v1"+path)
	if err != nil {
		return "", err
	}
	rate, slow := wrkRate.FindSubmatch(out), wrkSlow.FindSubmatch(out)
	if fault := wrkFault.Find(out); fault != nil || rate == nil || slow == nil {
		return "", fmt.Errorf("wrk says: %s", out)
	}
	return fmt.Sprintf("%s requests/s; 99 %%: %s", rate[1], slow[1]), nil
}

// ask sends a request to the API, and gives an answer that is no error.
func (b *bed) ask(ctx context.Context, method, bearer, path, body string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.server.base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", bearer)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("%s %s: %s", method, path, answer.Status), answer.Body.Close())
	}
	return answer, err
}

// listen opens the event stream and waits for the state that it begins with.
func (b *bed) listen(ctx context.Context, bearer string) (*bufio.Scanner, error) {
	answer, err := b.ask(ctx, http.MethodGet, bearer, "/events", "")
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(answer.Body) // it ends with ctx
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			return lines, nil
		}
	}
	return nil, fmt.Errorf("the events ended: %w", lines.Err())
}

// untilLast changes a node's notes, and takes how long it is until the last listener has them.
func (b *bed) untilLast(ctx context.Context, bearer, id string) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	heard := make(chan string, apiClients)
	for range apiClients {
		lines, err := b.listen(ctx, bearer)
		if err != nil {
			return nil, err
		}
		go hearNotes(lines, id, heard)
	}
	for i := range b.rounds {
		notes := fmt.Sprintf("change %d", i)
		err := timed(&s, func() error {
			answer, err := b.ask(ctx, http.MethodPatch, bearer, "/nodes/"+id, fmt.Sprintf(`{"notes":%q}`, notes))
			if err != nil {
				return err
			}
			if err := answer.Body.Close(); err != nil {
				return err
			}
			for left := apiClients; left > 0; {
				select {
				case got := <-heard:
					if got == notes {
						left--
					}
				case <-ctx.Done():
					return fmt.Errorf("%d listeners did not hear of it: %w", left, ctx.Err())
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

// hearNotes passes on what an event stream tells of a node's notes.
func hearNotes(lines *bufio.Scanner, id string, heard chan<- string) {
	for lines.Scan() {
		var e lab.Event
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if found && json.Unmarshal([]byte(data), &e) == nil && e.Node != nil && e.Node.ID == id {
			heard <- e.Node.Notes
		}
	}
}

// perListener opens listeners that nothing is told, and shares what the server grew by among them.
func (b *bed) perListener(ctx context.Context, bearer string) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pid := b.server.cmd.Process.Pid
	before, err := pss(pid)
	if err != nil {
		return "", err
	}
	for range idleListeners {
		if _, err := b.listen(ctx, bearer); err != nil {
			return "", err
		}
	}
	after, err := pss(pid)
	return fmt.Sprintf("%d KiB (PSS)", (after-before)/idleListeners), err
}
