// Package inspect looks into a page over the debugging protocol of Chromium or of
// WebKit. They are one protocol but for an envelope: WebKit's messages to a page
// travel in Target.sendMessageToTarget, its answers in
// Target.dispatchMessageFromTarget.
package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// Page is a page that is looked into. It serves one caller at a time.
type Page struct {
	WebKit bool // whether there is an envelope
	socket *websocket.Conn
	last   int    // id of the last call
	target string // WebKit's name of the page
}

// Limit is how long a page may take to answer.
const Limit = 30 * time.Second

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

type chromiumTarget struct {
	Type   string `json:"type"`
	Socket string `json:"webSocketDebuggerUrl"`
}

// Chromium connects to the first page of a Chromium that was started
// with --remote-debugging-port, once there is one.
func Chromium(ctx context.Context, port int) (*Page, error) {
	var targets []chromiumTarget
	if err := fetchJSON(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/json", port), &targets); err != nil {
		return nil, err
	}
	for _, target := range targets {
		if target.Type == "page" {
			return dial(ctx, target.Socket)
		}
	}
	return nil, fmt.Errorf("chromium has no page yet")
}

// Tab opens an address in a new tab of that Chromium.
func Tab(ctx context.Context, port int, address string) (*Page, error) {
	var target chromiumTarget
	open := fmt.Sprintf("http://127.0.0.1:%d/json/new?%s", port, url.QueryEscape(address))
	if err := fetchJSON(ctx, http.MethodPut, open, &target); err != nil {
		return nil, err
	}
	return dial(ctx, target.Socket)
}

// WebKit connects to the page of a program that was started with
// WEBKIT_INSPECTOR_HTTP_SERVER, once it has one. Who connects before that is let
// in, hears nothing, and ends the program by leaving: so its list is read first.
func WebKit(ctx context.Context, port int) (*Page, error) {
	const at = "/socket/1/1/WebPage"
	list, err := fetch(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(list, []byte(at)) {
		return nil, errors.New("the program has no page yet")
	}
	p, err := dial(ctx, fmt.Sprintf("ws://127.0.0.1:%d%s", port, at))
	if err != nil {
		return nil, err
	}
	p.WebKit = true
	for p.target == "" {
		if _, err := p.receive(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func dial(ctx context.Context, address string) (*Page, error) {
	socket, _, err := websocket.Dial(ctx, address, nil) //nolint:bodyclose // it is the socket's
	if err != nil {
		return nil, err
	}
	socket.SetReadLimit(-1)
	return &Page{socket: socket}, nil
}

func fetchJSON(ctx context.Context, method, address string, into any) error {
	text, err := fetch(ctx, method, address)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func fetch(ctx context.Context, method, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

// Evaluate runs the body of a JavaScript function in the page and decodes what
// it returns, which must be JSON, into a Go value.
func (p *Page) Evaluate(body string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	defer cancel()
	reply, err := p.Call(ctx, "Runtime.evaluate", map[string]any{
		"expression":    "JSON.stringify((() => {" + body + "})() ?? null)",
		"returnByValue": true,
	})
	if err != nil {
		return err
	}
	var outcome struct {
		Result struct {
			Value       string `json:"value"`
			Description string `json:"description"`
		} `json:"result"`
		WasThrown        bool            `json:"wasThrown"`        // WebKit
		ExceptionDetails json.RawMessage `json:"exceptionDetails"` // Chromium
	}
	if err := json.Unmarshal(reply, &outcome); err != nil {
		return fmt.Errorf("evaluate %s: %w: %s", body, err, reply)
	}
	if outcome.WasThrown || outcome.ExceptionDetails != nil {
		return fmt.Errorf("evaluate %s: %s", body, outcome.Result.Description)
	}
	return json.Unmarshal([]byte(outcome.Result.Value), into)
}

// Call sends one call to the page and waits for its answer.
func (p *Page) Call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	p.last++
	id := p.last
	if err := p.send(ctx, id, method, params); err != nil {
		return nil, err
	}
	for {
		m, err := p.receive(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", method, err)
		case m.ID != id:
			// an event, or WebKit's word that the envelope was passed on
		case m.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		default:
			return m.Result, nil
		}
	}
}

// Next waits for the next event of that method and gives its parameters.
func (p *Page) Next(ctx context.Context, method string) (json.RawMessage, error) {
	for {
		m, err := p.receive(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("wait for %s: %w", method, err)
		case m.Method == method:
			return m.Params, nil
		}
	}
}

// Close leaves the page, which stays.
func (p *Page) Close() { _ = p.socket.CloseNow() }

func (p *Page) send(ctx context.Context, id int, method string, params any) error {
	call := map[string]any{"id": id, "method": method, "params": params}
	if !p.WebKit {
		return wsjson.Write(ctx, p.socket, call)
	}
	inner, err := json.Marshal(call)
	if err != nil {
		return err
	}
	return wsjson.Write(ctx, p.socket, map[string]any{
		"id": -id, "method": "Target.sendMessageToTarget",
		"params": map[string]string{"targetId": p.target, "message": string(inner)},
	})
}

// receive takes one message, out of its envelope if it has one, and notes
// which target is the page.
func (p *Page) receive(ctx context.Context) (message, error) {
	var m message
	if err := wsjson.Read(ctx, p.socket, &m); err != nil || !p.WebKit {
		return m, err
	}
	var params struct {
		Message     string `json:"message"`
		NewTargetID string `json:"newTargetId"`
		TargetInfo  struct {
			ID          string `json:"targetId"`
			Type        string `json:"type"`
			Provisional bool   `json:"isProvisional"`
		} `json:"targetInfo"`
	}
	if m.Params != nil {
		if err := json.Unmarshal(m.Params, &params); err != nil {
			return m, err
		}
	}
	switch m.Method {
	case "Target.targetCreated":
		if params.TargetInfo.Type == "page" && !params.TargetInfo.Provisional {
			p.target = params.TargetInfo.ID
		}
	case "Target.didCommitProvisionalTarget":
		p.target = params.NewTargetID
	case "Target.dispatchMessageFromTarget":
		m = message{}
		return m, json.Unmarshal([]byte(params.Message), &m)
	}
	return m, nil
}
