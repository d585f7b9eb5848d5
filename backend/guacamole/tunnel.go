package guacamole

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

const (
	tunnelLimit = 10 * time.Second       // to open one: the web application asks guacd meanwhile
	closeLimit  = 500 * time.Millisecond // for the other side to say farewell
	mostMessage = 64 << 20               // bytes; a screen is one of many messages
	subprotocol = "guacamole"
)

// opening is the first message: an instruction of the tunnel itself, with its number.
var opening = regexp.MustCompile(`^0\.,36\.[0-9a-fA-F-]{36};`)

// Tunnel implements lab.Registry.
func (r *registry) Tunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	for again := true; ; again = false {
		token, number, err := r.ready(ctx, id)
		if err != nil {
			return nil, err
		}
		t, err := r.web.tunnel(ctx, token, number, ask)
		var end *lab.TunnelEnd
		switch {
		case err == nil:
			return t, nil
		case !errors.As(err, &end):
			return nil, err
		case end.Status == statusUnauthorized && again:
			r.session.reject(token)
		case end.Status == statusNotFound:
			return nil, notRegistered(id)
		default:
			return nil, lab.Errorf(lab.KindUnavailable, "Guacamole did not open the console").
				WithHint("See whether guacd runs, and the log of Guacamole's web application.").WithCause(end)
		}
	}
}

// tunnel opens the console of a connection. If the web application refuses it,
// the error holds a *lab.TunnelEnd.
func (w *web) tunnel(ctx context.Context, token, number string, ask lab.TunnelRequest) (*tunnel, error) {
	limited, cancel := context.WithTimeout(ctx, tunnelLimit)
	defer cancel()
	address := w.base + "/websocket-tunnel?" + tunnelQuery(token, number, ask).Encode()
	conn, resp, err := websocket.Dial(limited, address, &websocket.DialOptions{
		HTTPClient: w.client, Subprotocols: []string{subprotocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, w.dialFault(limited, resp, err)
	}
	conn.SetReadLimit(mostMessage)
	t := &tunnel{conn: conn}
	opened := false
	defer func() {
		if !opened {
			conn.CloseNow()
		}
	}()
	t.first, err = t.read(limited)
	switch {
	case ctx.Err() != nil:
		return nil, lab.Cancelled(ctx)
	case limited.Err() != nil:
		return nil, lab.Errorf(lab.KindUnavailable, "Guacamole did not open the console in time").
			WithHint("See whether guacd runs, and restart it if it does.")
	case err != nil:
		return nil, err
	case !opening.Match(t.first):
		return nil, w.wrong("does not carry consoles as Guacamole does")
	}
	opened = true
	return t, nil
}

// tunnelQuery says what is to be opened, and for what screen
// (TunnelRequest.java).
func tunnelQuery(token, number string, ask lab.TunnelRequest) url.Values {
	q := url.Values{
		"token": {token}, "GUAC_DATA_SOURCE": {dataSource}, "GUAC_ID": {number}, "GUAC_TYPE": {"c"},
		"GUAC_IMAGE": ask.Images,
	}
	for name, value := range map[string]int{"GUAC_WIDTH": ask.Width, "GUAC_HEIGHT": ask.Height, "GUAC_DPI": ask.DPI} {
		if value != 0 {
			q.Set(name, strconv.Itoa(value))
		}
	}
	return q
}

// dialFault tells why there is no WebSocket. The address is left out, as it has
// the token.
func (w *web) dialFault(ctx context.Context, resp *http.Response, err error) error {
	if resp == nil {
		return w.fault(ctx, err)
	}
	if resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized {
		return &lab.TunnelEnd{Status: statusUnauthorized, Reason: reasons[statusUnauthorized]}
	}
	return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s does not carry consoles: %s", w.base, http.StatusText(resp.StatusCode)).
		WithHint("Have the proxy before it pass WebSockets on (guacamole.apache.org/doc/gug/reverse-proxy.html).")
}

// tunnel is a lab.Tunnel over a WebSocket.
type tunnel struct {
	conn   *websocket.Conn
	reader sync.Mutex // first belongs to the first who reads
	first  []byte
	closed sync.Once
}

// Receive implements lab.Tunnel.
func (t *tunnel) Receive(ctx context.Context) ([]byte, error) {
	t.reader.Lock()
	first := t.first
	t.first = nil
	t.reader.Unlock()
	if first != nil {
		return first, nil
	}
	return t.read(ctx)
}

func (t *tunnel) read(ctx context.Context) ([]byte, error) {
	kind, message, err := t.conn.Read(ctx)
	switch {
	case err != nil:
		return nil, endOf(err)
	case kind != websocket.MessageText:
		t.conn.CloseNow()
		return nil, &lab.TunnelEnd{Status: statusServerError, Reason: "what came is not the Guacamole protocol"}
	}
	return message, nil
}

// Send implements lab.Tunnel.
func (t *tunnel) Send(ctx context.Context, message []byte) error {
	if err := t.conn.Write(ctx, websocket.MessageText, message); err != nil {
		return endOf(err)
	}
	return nil
}

// Close implements lab.Tunnel.
func (t *tunnel) Close() error {
	t.closed.Do(func() {
		farewell := time.AfterFunc(closeLimit, func() { t.conn.CloseNow() })
		defer farewell.Stop()
		_ = t.conn.Close(websocket.StatusNormalClosure, "") // the other side may be gone
	})
	return nil
}

// Status codes of the Guacamole protocol (GuacamoleStatus.java).
const (
	statusSuccess      = 0x0000
	statusServerError  = 0x0200
	statusNotFound     = 0x0204
	statusUpstream     = 0x0207
	statusUnavailable  = 0x0208
	statusUnauthorized = 0x0301
)

// reasons say what the status codes mean that end tunnels.
var reasons = map[int]string{
	statusSuccess:      "the console was closed",
	0x0100:             "the display wants what guacd can not do",
	statusServerError:  "Guacamole failed",
	0x0201:             "Guacamole is busy",
	0x0202:             "the display did not answer in time",
	0x0203:             "the display failed",
	statusNotFound:     "Guacamole has no such connection",
	0x0205:             "the console is in use",
	0x0206:             "the console was closed by the display",
	statusUpstream:     "guacd does not reach the display, or the display does not take the password",
	statusUnavailable:  "guacd, or Guacamole's web application, is gone",
	0x0209:             "another console took its place",
	0x020A:             "nothing happened for too long",
	0x020B:             "Guacamole's web application ended it",
	0x0300:             "Guacamole did not understand what was sent",
	statusUnauthorized: "Guacamole's web application does not know us any more",
	0x0303:             "Guacamole does not let us do that",
	0x0308:             "nothing was sent for too long",
	0x030D:             "more was sent than Guacamole takes",
	0x030F:             "something was sent that Guacamole does not take",
	0x031D:             "there are too many consoles",
}

// endOf gives how a tunnel ended. The web application puts the status into the
// reason of the close frame; without one, its code is translated as by Guacamole's
// own page (Status.js).
func endOf(err error) *lab.TunnelEnd {
	status := statusUnavailable
	var frame websocket.CloseError
	switch {
	case errors.As(err, &frame):
		status = statusOf(frame)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		status = statusSuccess // by us
	}
	reason, ok := reasons[status]
	if !ok {
		reason = fmt.Sprintf("Guacamole says %#04x", status)
	}
	return &lab.TunnelEnd{Status: status, Reason: reason}
}

func statusOf(frame websocket.CloseError) int {
	if status, err := strconv.ParseUint(frame.Reason, 10, 16); err == nil {
		return int(status)
	}
	switch frame.Code {
	case websocket.StatusNormalClosure:
		return statusSuccess
	case websocket.StatusGoingAway, websocket.StatusServiceRestart, websocket.StatusTryAgainLater, websocket.StatusBadGateway:
		return statusUnavailable
	}
	return statusServerError
}
