package systest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// screen is a node's display as the page has it through the gateway.
type screen struct {
	socket *websocket.Conn
	frame  chan struct{} // closed with the first whole frame
	end    chan string   // gets the reason of the close frame, or what else ended it
}

// mustScreen opens a node's console through the gateway as the page does.
func mustScreen(t *testing.T, ctx context.Context, p *page, id string) *screen {
	t.Helper()
	var ticket lab.Ticket
	if problem, err := p.ask(&ticket, "Console", id, lab.ConsoleTunnel); err != nil || problem != nil {
		t.Fatalf("got the problem %+v and the error %v, want a ticket", problem, err)
	}
	address, err := url.Parse(p.origin)
	if err == nil {
		address, err = address.Parse(ticket.URL + "?GUAC_WIDTH=1024&GUAC_HEIGHT=768&GUAC_DPI=96&GUAC_IMAGE=image/png")
	}
	if err != nil {
		t.Fatal(err)
	}
	socket, _, err := websocket.Dial(ctx, address.String(), &websocket.DialOptions{ //nolint:bodyclose // the socket closes it
		HTTPClient: p.browser, HTTPHeader: http.Header{"Origin": {p.origin}}, Subprotocols: []string{"guacamole"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() }) // it may have ended
	socket.SetReadLimit(-1)
	s := &screen{socket, make(chan struct{}), make(chan string, 1)}
	go s.watch(ctx)
	return s
}

// drawing are the instructions that put something on the screen.
var drawing = []string{"img", "png", "rect", "cfill", "copy"}

// watch takes what the screen shows until it ends.
func (s *screen) watch(ctx context.Context) {
	drawn, shown := false, false
	for {
		instructions, err := s.next(ctx)
		if err != nil {
			s.end <- reasonOf(err)
			return
		}
		for _, i := range instructions {
			drawn = drawn || slices.Contains(drawing, i.Opcode)
			if drawn && !shown && i.Opcode == "sync" {
				close(s.frame)
				shown = true
			}
		}
	}
}

func reasonOf(err error) string {
	var end websocket.CloseError
	if errors.As(err, &end) {
		return end.Reason
	}
	return fmt.Sprintf("no close frame: %v", err)
}

// next gives the instructions of the next message, after it has answered those
// that ask for an answer.
func (s *screen) next(ctx context.Context) ([]stand.Instruction, error) {
	_, message, err := s.socket.Read(ctx)
	if err != nil {
		return nil, err
	}
	instructions, err := stand.ReadMessage(message)
	for _, i := range instructions {
		if i.Opcode == "sync" && err == nil {
			err = s.say(ctx, stand.Instruction{Opcode: "sync", Args: i.Args[:1]}.Encode())
		}
	}
	return instructions, err
}

func (s *screen) say(ctx context.Context, instruction string) error {
	return s.socket.Write(ctx, websocket.MessageText, []byte(instruction))
}

// mustShow waits until something was drawn and the frame is whole.
func (s *screen) mustShow(t *testing.T, ctx context.Context) {
	t.Helper()
	select {
	case <-s.frame:
	case why := <-s.end:
		t.Fatalf("it ended with %q, want a frame", why)
	case <-ctx.Done():
		t.Fatal("no frame came")
	}
}

// mustType types a text.
func (s *screen) mustType(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	for _, stroke := range keystrokes(text) {
		if err := s.say(ctx, stroke); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // a guest's keyboard has a short queue
	}
}

// mustEnd waits until the console has ended, and gives the reason.
func (s *screen) mustEnd(t *testing.T, ctx context.Context) string {
	t.Helper()
	select {
	case why := <-s.end:
		return why
	case <-ctx.Done():
		t.Fatal("it did not end")
	}
	return ""
}

// mustPaste puts a text into the guest's clipboard.
func (s *screen) mustPaste(t *testing.T, ctx context.Context, text string) {
	t.Helper()
	for _, i := range []stand.Instruction{
		{Opcode: "clipboard", Args: []string{"0", "text/plain"}},
		{Opcode: "blob", Args: []string{"0", base64.StdEncoding.EncodeToString([]byte(text))}},
		{Opcode: "end", Args: []string{"0"}},
	} {
		if err := s.say(ctx, i.Encode()); err != nil {
			t.Fatal(err)
		}
	}
}
