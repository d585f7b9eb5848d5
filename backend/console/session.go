package console

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

// ending is what the page is told at the end.
type ending struct {
	code   websocket.StatusCode
	reason string
}

// serve accepts the WebSocket before it looks at the ticket: a page can read a
// close frame, but never the status of a refused handshake.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	kind := lab.ConsoleKind(r.PathValue("kind"))
	protocol := "binary"
	if kind == lab.ConsoleTunnel {
		protocol = "guacamole"
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{protocol},
		InsecureSkipVerify: true, // of the origin: admit has done it, and more strictly
	})
	if err != nil {
		s.log.Warn("console handshake refused", "error", err) // Accept has answered
		return
	}
	defer func() { _ = ws.CloseNow() }() // for a panic; otherwise it is closed already
	id, ok := s.tickets.redeem(r.PathValue("ticket"), kind)
	switch {
	case !ok && kind == lab.ConsoleTunnel:
		hangUp(ws, tunnelEnding(errTicket))
	case !ok:
		hangUp(ws, endingOf(errTicket))
	case kind == lab.ConsoleTunnel:
		s.carryTunnel(r.Context(), ws, id, askOf(r.URL.Query()))
	default:
		s.carryStream(r.Context(), ws, id, kind)
	}
}

var errTicket = lab.Errorf(lab.KindNotFound, "This console's ticket was used or is too old. Open the console again.")

func (s *Server) carryStream(ctx context.Context, ws *websocket.Conn, id string, kind lab.ConsoleKind) {
	stream, err := s.open(ctx, id, kind)
	if err != nil {
		s.log.Warn("console not opened", "node", id, "kind", kind, "error", err)
		hangUp(ws, endingOf(err))
		return
	}
	if kind == lab.ConsoleSerial { // which may have nothing to say: this tells that it is open
		_ = ws.Write(ctx, websocket.MessageBinary, nil) // it fails if the page is gone, as bridge finds out
	}
	bridge(ctx, ws, stream)
}

func (s *Server) open(ctx context.Context, id string, kind lab.ConsoleKind) (io.ReadWriteCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if kind == lab.ConsoleSerial {
		return s.serial.OpenSerial(ctx, id)
	}
	return s.graphics.OpenGraphics(ctx, id)
}

// bridge carries bytes both ways until either side or ctx ends, then ends both
// and returns when nothing of it is left. A slow reader slows its writer.
func bridge(ctx context.Context, ws *websocket.Conn, stream io.ReadWriteCloser) {
	// Not ctx: it would cut the connection before the close frame is sent.
	page := websocket.NetConn(context.WithoutCancel(ctx), ws, websocket.MessageBinary)
	fromNode, fromPage := make(chan error, 1), make(chan error, 1)
	var both sync.WaitGroup
	both.Go(func() { fromNode <- carry(page, stream) })
	both.Go(func() { fromPage <- carry(stream, page) })
	end := ending{CodeStopped, "The node stopped, or its console was opened elsewhere."}
	select {
	case err := <-fromNode:
		if !isHangUp(err) {
			end = endingOf(err)
		}
	case <-fromPage: // it left, or the node took nothing more
	case <-ctx.Done():
		end = ending{CodeGoingAway, "SandBoxLabs is ending."}
	}
	_ = stream.Close() // it is at its end: nothing is left to lose
	hangUp(ws, end)
	both.Wait()
}

func carry(to io.Writer, from io.Reader) error {
	_, err := io.Copy(to, from)
	return err
}

// isHangUp tells whether a stream ended in the way a stopping QEMU ends it.
func isHangUp(err error) bool {
	return err == nil || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

var codes = map[lab.Kind]websocket.StatusCode{
	lab.KindBusy:        CodeStopped,
	lab.KindNotFound:    CodeNotFound,
	lab.KindDenied:      CodeDenied,
	lab.KindUnavailable: CodeUnavailable,
}

func endingOf(err error) ending {
	p := lab.ProblemOf(err)
	code, ok := codes[p.Kind]
	if !ok {
		code = CodeInternal
	}
	return ending{code, p.Message}
}

// hangUp sends the close frame and waits briefly for the page's. It fails only
// if the page is gone, which is what we want anyhow.
func hangUp(ws *websocket.Conn, e ending) {
	_ = ws.Close(e.code, short(e.reason))
}

// maxReason is what a close frame has room for (RFC 6455, 5.5).
const maxReason = 123

func short(reason string) string {
	reason = strings.ToValidUTF8(reason, "?")
	if len(reason) <= maxReason {
		return reason
	}
	const dots = "..."
	cut := maxReason - len(dots)
	for !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut] + dots
}
