package lab

import "context"

// ConsoleKind says which device of a node a console shows.
type ConsoleKind string

// The kinds of console.
const (
	ConsoleVNC    ConsoleKind = "vnc"    // RFB
	ConsoleSerial ConsoleKind = "serial" // bytes of the first serial port
	ConsoleTunnel ConsoleKind = "tunnel" // the display through the gateway: the Guacamole protocol
)

// ConsoleKinds lists every kind of console.
var ConsoleKinds = []ConsoleKind{ConsoleVNC, ConsoleSerial, ConsoleTunnel}

// Ticket lets its holder open one console, once, for a short time.
type Ticket struct {
	// URL of the WebSocket, absolute (ws://127.0.0.1:PORT/...) in the window,
	// relative to the page's origin under serve. Binary frames; text frames for
	// a tunnel, whose subprotocol is "guacamole".
	URL string `json:"url"`
}

// TunnelOpener opens the consoles of nodes through the gateway.
type TunnelOpener interface {
	// OpenTunnel opens one. KindUnavailable while there is no gateway,
	// KindNotFound if the node is not registered.
	OpenTunnel(ctx context.Context, id string, ask TunnelRequest) (Tunnel, error)
}

// Consoles hands out tickets.
type Consoles interface {
	// Ticket makes a ticket for a console of a node.
	Ticket(ctx context.Context, id string, kind ConsoleKind) (Ticket, error)
}
