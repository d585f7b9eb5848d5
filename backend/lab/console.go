package lab

import "context"

// ConsoleKind says which device of a node a console shows.
type ConsoleKind string

// The kinds of console.
const (
	ConsoleVNC    ConsoleKind = "vnc"    // RFB
	ConsoleSerial ConsoleKind = "serial" // bytes of the first serial port
	ConsoleTunnel ConsoleKind = "tunnel" // the display through the gateway: the Guacamole protocol
	ConsoleVisit  ConsoleKind = "visit"  // the display in the gateway's web application, to which a browser is sent
)

// ConsoleKinds lists every kind of console.
var ConsoleKinds = []ConsoleKind{ConsoleVNC, ConsoleSerial, ConsoleTunnel, ConsoleVisit}

// Ticket lets its holder open one console, once, for a short time.
type Ticket struct {
	// URL of the WebSocket, absolute (ws://127.0.0.1:PORT/...) in the window,
	// relative to the page's origin under serve. Binary frames; text frames for
	// a tunnel, whose subprotocol is "guacamole". That of a visit is an ordinary
	// address (http://...) for a browser.
	URL string `json:"url"`
}

// TunnelOpener opens the consoles of nodes through the gateway.
type TunnelOpener interface {
	// OpenTunnel opens one. KindUnavailable while there is no gateway,
	// KindNotFound if the node is not registered.
	OpenTunnel(ctx context.Context, id string, ask TunnelRequest) (Tunnel, error)
	// ConsoleLink gives the address of one in the gateway's web application.
	ConsoleLink(ctx context.Context, id string) (string, error)
}

// Consoles hands out tickets.
type Consoles interface {
	// Ticket makes a ticket for a console of a node.
	Ticket(ctx context.Context, id string, kind ConsoleKind) (Ticket, error)
}
