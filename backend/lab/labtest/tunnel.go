package labtest

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// Tunnel is a lab.Tunnel of the fake gateway. Say, Heard and End play the web
// application at its other end.
type Tunnel struct {
	ID  string // of the node
	Ask lab.TunnelRequest

	said  chan []byte
	heard chan []byte
	ended chan struct{}
	once  sync.Once
	end   *lab.TunnelEnd // once ended is closed
}

// newTunnel gives a tunnel whose first message is its number, as the web
// application's is.
func newTunnel(id string, ask lab.TunnelRequest) *Tunnel {
	const room = 64 // messages that nobody has read yet
	t := &Tunnel{ID: id, Ask: ask, said: make(chan []byte, room), heard: make(chan []byte, room), ended: make(chan struct{})}
	number := uuid.NewString()
	t.said <- fmt.Appendf(nil, "0.,%d.%s;", len(number), number)
	return t
}

// Say has the web application send a message.
func (t *Tunnel) Say(message string) { t.said <- []byte(message) }

// Heard gives what the web application was sent, in its order.
func (t *Tunnel) Heard() <-chan []byte { return t.heard }

// End has the web application end the tunnel, once what it said has been read.
func (t *Tunnel) End(status int, reason string) {
	t.once.Do(func() {
		t.end = &lab.TunnelEnd{Status: status, Reason: reason}
		close(t.ended)
	})
}

// Receive implements lab.Tunnel.
func (t *Tunnel) Receive(ctx context.Context) ([]byte, error) {
	select {
	case message := <-t.said:
		return message, nil
	default:
	}
	select {
	case message := <-t.said:
		return message, nil
	case <-ctx.Done():
		t.End(0, "it was closed")
	case <-t.ended:
	}
	return nil, t.end
}

// Send implements lab.Tunnel.
func (t *Tunnel) Send(ctx context.Context, message []byte) error {
	select {
	case <-t.ended:
		return t.end
	default:
	}
	select {
	case t.heard <- message:
		return nil
	case <-ctx.Done():
		t.End(0, "it was closed")
	case <-t.ended:
	}
	return t.end
}

// Close implements lab.Tunnel.
func (t *Tunnel) Close() error {
	t.End(0, "it was closed")
	return nil
}
