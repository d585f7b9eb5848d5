package labtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// GatewayAddress is where the fake gateway's web application is.
const GatewayAddress = "http://127.0.0.1:8080/guacamole"

// Gateway is a lab.Gateway in memory: a database of connections and a web
// application, which can be taken down one by one. Its other methods play the
// people who have other ways into both.
type Gateway struct {
	script *Script

	mu       sync.Mutex
	rows     map[string][]row // of the database, by owner
	number   int              // of the last row
	database *lab.Error       // why the database can not be reached; nil: it can
	web      *lab.Error       // why the web application can not be reached
	schema   string
	tokens   map[string]bool // those that are good
	logins   int
	open     map[*registry]bool
	tunnels  []*Tunnel
}

// row is a connection in the database.
type row struct {
	number int
	lab.Connection
}

func newGateway(s *Script) *Gateway {
	return &Gateway{
		script: s, schema: "1.6",
		rows: make(map[string][]row), tokens: make(map[string]bool), open: make(map[*registry]bool),
	}
}

// Access gives an access that the fake takes, as any other.
func (g *Gateway) Access() lab.GatewayAccess {
	return lab.GatewayAccess{URL: GatewayAddress, DSN: "postgres://ours:secret@127.0.0.1:5432/guacamole", Owner: "ann@lab (session)"}
}

// Open implements lab.Gateway.
func (g *Gateway) Open(ctx context.Context, a lab.GatewayAccess, lost func(error)) (opened lab.Registry, err error) {
	err = g.script.call(ctx, func() error {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.database != nil {
			return g.database
		}
		r := &registry{gateway: g, access: a, lost: lost}
		g.open[r] = true
		opened = r
		return nil
	}, "Gateway.Open", a.Owner)
	if err != nil && opened != nil {
		opened.(*registry).leave()
		opened = nil
	}
	return opened, err
}

// Test implements lab.Gateway.
func (g *Gateway) Test(ctx context.Context, a lab.GatewayAccess) (checks []lab.Check) {
	err := g.script.call(ctx, func() error { return nil }, "Gateway.Test", a.Owner)
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, step := range lab.GatewaySteps {
		switch step {
		case lab.StepTCP:
			err = orError(err, g.database)
		case lab.StepWebApp:
			err = orError(err, g.web)
		}
		if err != nil {
			p := lab.ProblemOf(err)
			return append(checks, lab.Check{Name: step, Status: lab.CheckFailed, Message: p.Message, Remedy: p.Hint})
		}
		checks = append(checks, lab.Check{Name: step, Status: lab.CheckOK, Message: "it is as it should be"})
	}
	return checks
}

// orError gives the first that is one.
func orError(err error, e *lab.Error) error {
	if err == nil && e != nil {
		return e
	}
	return err
}

// Disconnect takes the database away: everybody who has it open loses it.
func (g *Gateway) Disconnect() {
	why := lab.Errorf(lab.KindUnavailable, "the gateway's database does not answer").WithHint("See whether PostgreSQL runs.")
	g.mu.Lock()
	g.database = why
	gone := slices.Collect(maps.Keys(g.open))
	clear(g.open)
	g.mu.Unlock()
	for _, r := range gone {
		r.lost(why)
	}
}

// Connect gives the database back; what was open stays lost.
func (g *Gateway) Connect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.database = nil
}

// SetWebApp takes the web application down, or brings it up, without the tokens
// it knew.
func (g *Gateway) SetWebApp(up bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.web = nil
	if !up {
		g.web = lab.Errorf(lab.KindUnavailable, "the gateway's web application does not answer").WithHint("See whether it runs.")
	}
	clear(g.tokens)
}

// ExpireTokens has the web application forget who is logged in.
func (g *Gateway) ExpireTokens() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.tokens)
}

// Logins counts the tokens the web application has given so far.
func (g *Gateway) Logins() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.logins
}

// Opened counts who has the gateway open.
func (g *Gateway) Opened() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// Rows gives the connections of all owners, in the order they were made, without
// being recorded.
func (g *Gateway) Rows() (all []lab.Connection) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var rows []row
	for _, of := range g.rows {
		rows = append(rows, of...)
	}
	slices.SortFunc(rows, func(a, b row) int { return a.number - b.number })
	for _, r := range rows {
		all = append(all, cloned(r.Connection))
	}
	return all
}

// Row gives the connection of a node; ok is false if there is none.
func (g *Gateway) Row(id string) (c lab.Connection, ok bool) {
	for _, c := range g.Rows() {
		if c.ID == id {
			return c, true
		}
	}
	return lab.Connection{}, false
}

// Backup keeps the database as it is; calling what it gives brings that back,
// under the feet of whoever has it open.
func (g *Gateway) Backup() (restore func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := copiedRows(g.rows)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.rows = copiedRows(kept)
	}
}

func copiedRows(rows map[string][]row) map[string][]row {
	copied := make(map[string][]row, len(rows))
	for owner, of := range rows {
		for _, r := range of {
			copied[owner] = append(copied[owner], row{r.number, cloned(r.Connection)})
		}
	}
	return copied
}

// EditRow changes the connection of a node by hand; its ID is the whole name if
// that is changed to what names no node.
func (g *Gateway) EditRow(id string, edit func(*lab.Connection)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, of := range g.rows {
		if i := find(of, id); i >= 0 {
			edit(&of[i].Connection)
		}
	}
}

// RenameRow gives the connection of a node another name by hand, without the
// node's ID: from then on that name is its ID.
func (g *Gateway) RenameRow(id, name string) {
	g.EditRow(id, func(c *lab.Connection) { c.ID, c.Name = name, name })
}

// DeleteRow deletes the connection of a node by hand.
func (g *Gateway) DeleteRow(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for owner, of := range g.rows {
		g.rows[owner] = slices.DeleteFunc(of, func(r row) bool { return r.ID == id })
	}
}

func find(rows []row, id string) int {
	return slices.IndexFunc(rows, func(r row) bool { return r.ID == id })
}

// Tunnels gives the tunnels that were opened, in their order.
func (g *Gateway) Tunnels() []*Tunnel {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.tunnels)
}

// forget gives up all that a dead process has open.
func (g *Gateway) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.open)
}

// login gives a new token. g.mu must be held.
func (g *Gateway) login() (token string) {
	g.logins++
	token = strings.ToUpper(strings.ReplaceAll(uuid.NewString(), "-", ""))
	g.tokens[token] = true
	return token
}

func cloned(c lab.Connection) lab.Connection {
	if c.VNC != nil {
		vnc := *c.VNC
		c.VNC = &vnc
	}
	c.Parameters = lab.PlainParameters(c.Parameters)
	return c
}
