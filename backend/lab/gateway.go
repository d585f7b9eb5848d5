package lab

import (
	"context"
	"fmt"
)

// Gateway is Apache Guacamole, seen from what consoles need of it: a database
// in which each node has a connection, and a web application that carries them.
type Gateway interface {
	// Open connects to the database, makes sure of our group and our user, and
	// gives what can be done with them. lost is called once, with the reason,
	// when the database is gone; the Registry is of no use from then on. The web
	// application is not asked. ctx is for opening alone. KindUnavailable if the
	// database does not answer, KindDenied if it refuses the login or a right is
	// missing, KindInvalid if its certificate can not be trusted or its schema is
	// none we know, naming what was found.
	Open(ctx context.Context, a GatewayAccess, lost func(error)) (Registry, error)
	// Test goes through all that Open and a console need, but for a display, one
	// step after the other (GatewaySteps), and stops at the first that fails. It leaves no trace
	// but the line in Guacamole's history of logins.
	Test(ctx context.Context, a GatewayAccess) []Check
}

// The steps of Gateway.Test, in their order.
const (
	StepTCP      = "tcp"      // the database's port answers
	StepTLS      = "tls"      // its certificate is good, or TLS was not asked for
	StepLogin    = "login"    // it takes the user and password
	StepSchema   = "schema"   // its tables are those of a version we know
	StepRights   = "rights"   // we may write what we must
	StepWebApp   = "web app"  // the web application answers at its address, its certificate good
	StepToken    = "token"    // it lets our user in
	StepDatabase = "database" // that user sees what we write: both speak of the same database
	StepGuacd    = "guacd"    // the web application reaches its guacd
)

// GatewaySteps lists the steps of Gateway.Test.
var GatewaySteps = []string{StepTCP, StepTLS, StepLogin, StepSchema, StepRights, StepWebApp, StepToken, StepDatabase, StepGuacd}

// Registry is an open gateway. Everything in it is found by the node's ID, below
// a group of the access's owner; what is outside of that group is not touched,
// whatever its name. Every error is an *Error: KindUnavailable if the database
// or the web application does not answer. All methods are safe for concurrent
// use, and across processes.
type Registry interface {
	// Schema is the version of the database's schema, such as "1.6".
	Schema() string
	// Connections gives every connection of the group, in one call: by
	// SameConnection what was registered, unless somebody changed it by hand. Then
	// it MUST differ from that: what a Connection can not express is among its
	// parameters, as Guacamole has it, or as one that Guacamole does not know, such
	// as "(no permission)". One that was renamed by hand, without the node's ID at
	// its end, has its whole name as its ID. The display is on this machine
	// (127.0.0.1) where its host is the access's DisplayHost.
	Connections(ctx context.Context) ([]Connection, error)
	// Register makes the node's connection or brings it to c, in one step: no
	// reader sees half of it. The number and the history of an existing one MUST
	// stay. KindInvalid if it must not be told (Connection.Check).
	Register(ctx context.Context, c Connection) error
	// Remove deletes the connection with that ID, as Connections gives it; its
	// history stays. Removing what is already gone MUST succeed. KindInvalid if
	// nothing can have that ID, such as the empty one.
	Remove(ctx context.Context, id string) error
	// Login makes sure of a token of the web application for our user: the one
	// of this run while it is good, else a new one. KindDenied if it does not let
	// our user in, KindInvalid if its address or its certificate is not good.
	Login(ctx context.Context) error
	// Link gives the address that opens the node's console in a browser, with the
	// token of this run in its fragment. KindNotFound without a connection.
	Link(ctx context.Context, id string) (string, error)
	// Tunnel opens the node's console. KindNotFound without a connection.
	Tunnel(ctx context.Context, id string, ask TunnelRequest) (Tunnel, error)
	// Close ends the token and the connection to the database, and cuts short
	// what is still asked. It may be called again. Its error is for the log.
	Close(ctx context.Context) error
}

// Connection is what the gateway knows of a node's display. Without VNC the node
// is off, and the connection leads nowhere, to port 0.
type Connection struct {
	ID         string // UUID of the node
	Name       string
	VNC        *VNC
	Password   string            // of the display, for this boot
	Parameters map[string]string // as in NodeSpec.Guacamole
}

// String keeps the password out of logs.
func (c Connection) String() string { return fmt.Sprintf("%s (%s) at %+v", c.Name, c.ID, c.VNC) }

// GatewayAccess says where a gateway is and who we are there.
type GatewayAccess struct {
	URL         string // of the web application, without a slash at its end
	DSN         string // of its database, postgres://USER:PASSWORD@HOST:PORT/DATABASE; not on this machine: with a good certificate, unless it has sslmode=require or disable
	DisplayHost string // how guacd reaches the displays of this machine; empty: 127.0.0.1
	Recordings  string // folder for recordings, as guacd sees it; empty: none are made
	Owner       string // whose nodes these are, such as "ann@lab (session)": names the group
}

// TunnelRequest is what a page tells of its screen; zero values are left out.
type TunnelRequest struct {
	Width, Height int // pixels
	DPI           int
	Images        []string // MIME types it can show
}

// Tunnel carries the Guacamole protocol, as the WebSocket tunnel of the web
// application does: text messages of whole instructions. A call that ends it
// gives a *TunnelEnd. One reader and one writer may use it at once.
type Tunnel interface {
	Receive(ctx context.Context) ([]byte, error)
	Send(ctx context.Context, message []byte) error
	Close() error
}

// TunnelEnd is how a tunnel ended: the status code of the Guacamole protocol
// (guacamole.apache.org/doc/gug/protocol-reference.html#status-codes; 0 is
// success) and what was said of it.
type TunnelEnd struct {
	Status int
	Reason string
}

func (e *TunnelEnd) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Reason) }

// GatewayMode says which gateway is used.
type GatewayMode string

// The modes of the gateway.
const (
	GatewayOff      GatewayMode = "off"      // none: consoles go straight over VNC
	GatewayStack    GatewayMode = "stack"    // the containers of docker-compose.yml on this machine
	GatewayExternal GatewayMode = "external" // a Guacamole that is there already
)

// GatewayModes lists every mode.
var GatewayModes = []GatewayMode{GatewayOff, GatewayStack, GatewayExternal}

// GatewayState is where the gateway is in its life.
type GatewayState string

// The states of the gateway.
const (
	GatewayIsOff      GatewayState = "off"
	GatewayStarting   GatewayState = "starting"   // its containers are being brought up
	GatewayStopping   GatewayState = "stopping"   // its containers are being taken down
	GatewayConnecting GatewayState = "connecting" // to its database and its web application
	GatewayReady      GatewayState = "ready"
	GatewayFailed     GatewayState = "failed" // Problem says why; it is tried again by itself
)

// GatewayStates lists every state.
var GatewayStates = []GatewayState{GatewayIsOff, GatewayStarting, GatewayStopping, GatewayConnecting, GatewayReady, GatewayFailed}

// GatewayStatus is what the gateway is now.
type GatewayStatus struct {
	Mode     GatewayMode  `json:"mode"`
	State    GatewayState `json:"state"`
	URL      string       `json:"url,omitempty"`      // of the web application
	Schema   string       `json:"schema,omitempty"`   // version of the database's schema, once known
	Progress string       `json:"progress,omitempty"` // the last that was told while starting or stopping
	Problem  *Problem     `json:"problem,omitempty"`  // why it failed
}

// RegistrationState says how a node's console can be had.
type RegistrationState string

// The states of a registration.
const (
	Direct      RegistrationState = "direct"      // over VNC alone: no gateway is set up
	Registering RegistrationState = "registering" // the gateway is yet to be told; Problem says what is in the way
	Registered  RegistrationState = "registered"  // through the gateway too
	Unasked     RegistrationState = "unasked"     // a gateway is set up, which this process has not asked
)

// RegistrationStates lists every state of a registration.
var RegistrationStates = []RegistrationState{Direct, Registering, Registered, Unasked}

// Registration is how far a node is known at the gateway.
type Registration struct {
	State   RegistrationState `json:"state"`
	Problem *Problem          `json:"problem,omitempty"`
}

// GatewayReport is all there is to tell of the gateway.
type GatewayReport struct {
	Status   GatewayStatus   `json:"status"`
	Settings GatewaySettings `json:"settings"` // without the password of the DSN
	Services []StackService  `json:"services"` // of the stack, in that mode
	Problem  *Problem        `json:"problem,omitempty"`
}
