package lab

import "context"

// ConsoleKind says which device of a node a console shows.
type ConsoleKind string

// The kinds of console.
const (
	ConsoleVNC    ConsoleKind = "vnc"    // RFB
	ConsoleSerial ConsoleKind = "serial" // bytes of the first serial port
)

// ConsoleKinds lists every kind of console.
var ConsoleKinds = []ConsoleKind{ConsoleVNC, ConsoleSerial}

// Ticket lets its holder open one console, once, for a short time.
type Ticket struct {
	// URL of the WebSocket, absolute (ws://127.0.0.1:PORT/...) in the window,
	// relative to the page's origin under serve. Binary frames.
	URL string `json:"url"`
}

// Consoles hands out tickets.
type Consoles interface {
	// Ticket makes a ticket for a console of a node.
	Ticket(ctx context.Context, id string, kind ConsoleKind) (Ticket, error)
}
