package labtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// GatewaySuite holds a lab.Gateway and its lab.Registry to their contract. fresh
// gives one that answers, and an access whose owner has nothing there yet.
func GatewaySuite(t *testing.T, fresh func(t *testing.T) (lab.Gateway, lab.GatewayAccess)) {
	tests := []struct {
		name string
		run  func(t *testing.T, s *gatewayStage)
	}{
		{"a new owner has no connections", gatewayEmpty},
		{"what is registered is what is there", gatewayRoundTrip},
		{"registering brings a connection to what is true", gatewayUpdate},
		{"what must not be told is refused and changes nothing", gatewayRefused},
		{"removing is final and can be repeated", gatewayRemove},
		{"owners do not see one another", gatewayOwners},
		{"two programs of one owner see the same", gatewayTwoPrograms},
		{"many register at once, each its own node", gatewayManyNodes},
		{"many register one node at once", gatewayOneNode},
		{"a link holds its number and the token of the run", gatewayLink},
		{"a link needs a connection", gatewayNoLink},
		{"many log in at once", gatewayLogin},
		{"a tunnel carries messages", gatewayTunnel},
		{"a tunnel needs a connection", gatewayNoTunnel},
		{"a test goes through every step and leaves no trace", gatewayTest},
		{"what is closed is of no use", gatewayClosed},
		{"a cancelled call changes nothing", gatewayCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, access := fresh(t)
			tt.run(t, &gatewayStage{Registry: mustOpen(t, g, access), gateway: g, access: access})
		})
	}
}

// gatewayStage is an open gateway.
type gatewayStage struct {
	lab.Registry
	gateway lab.Gateway
	access  lab.GatewayAccess
}

// mustOpen opens a gateway that is not lost before the test ends.
func mustOpen(t *testing.T, g lab.Gateway, a lab.GatewayAccess) lab.Registry {
	t.Helper()
	r, err := g.Open(t.Context(), a, func(err error) { t.Errorf("the gateway was lost: %v", err) })
	if err != nil {
		t.Fatalf("opening the gateway: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil { // the test's own context has ended
			t.Errorf("closing the gateway: %v", err)
		}
	})
	return r
}

// Connection gives the connection of a running node with a fresh ID.
func Connection(name string) lab.Connection {
	return lab.Connection{
		ID: uuid.NewString(), Name: name, VNC: &lab.VNC{Host: "127.0.0.1", Port: 5901}, Password: "abcDEF12",
		Parameters: map[string]string{},
	}
}

func (s *gatewayStage) mustRegister(t *testing.T, c lab.Connection) {
	t.Helper()
	if err := s.Register(t.Context(), c); err != nil {
		t.Fatalf("registering %s: %v", c.Name, err)
	}
}

func (s *gatewayStage) mustLink(t *testing.T, id string) (page, token string) {
	t.Helper()
	link, err := s.Link(t.Context(), id)
	if err != nil {
		t.Fatalf("linking to %s: %v", id, err)
	}
	page, token, _ = strings.Cut(link, "?token=")
	return page, token
}

// wantConnections compares what is there, by the nodes' IDs.
func wantConnections(t *testing.T, r lab.Registry, want ...lab.Connection) {
	t.Helper()
	got, err := r.Connections(t.Context())
	if err != nil {
		t.Fatalf("listing connections: %v", err)
	}
	if len(got) != len(want) {
		t.Errorf("got %d connections %v, want %d", len(got), got, len(want))
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(c lab.Connection) bool { return c.ID == w.ID })
		switch {
		case i < 0:
			t.Errorf("got no connection of %v", w)
		case !lab.SameConnection(got[i], w) || got[i].Parameters == nil:
			t.Errorf("got %+v with %v and password %q, want %+v with %v and %q",
				got[i], got[i].Parameters, got[i].Password, w, w.Parameters, w.Password)
		}
	}
}

func gatewayEmpty(t *testing.T, s *gatewayStage) {
	wantConnections(t, s)
	if s.Schema() == "" {
		t.Error("got no version of the schema")
	}
}

func gatewayRoundTrip(t *testing.T, s *gatewayStage) {
	plain, off, full := Connection("plain"), Connection("off"), Connection(strings.Repeat("n", 63))
	off.VNC, off.Password = nil, ""
	full.VNC.Port, full.Password = 65535, "12345678"
	full.Parameters = map[string]string{
		"read-only": "true", "disable-copy": "false", "disable-display-resize": "false", "color-depth": "16", "encodings": "zrle copyrect",
	}
	for _, c := range []lab.Connection{plain, off, full} {
		s.mustRegister(t, c)
	}
	wantConnections(t, s, plain, off, full)
}

func gatewayUpdate(t *testing.T, s *gatewayStage) {
	c, other := Connection("before"), Connection("other")
	c.Parameters["cursor"] = "local"
	s.mustRegister(t, c)
	s.mustRegister(t, other)
	before, _ := s.mustLink(t, c.ID)
	for _, change := range []func(){
		func() { c.VNC.Port, c.Password = 5999, "otherPWD" },
		func() { c.Parameters = map[string]string{"read-only": "true"} },
		func() { c.Name = "after" },
		func() { c.VNC, c.Password = nil, "" },
		func() { c.VNC, c.Name, c.Parameters = &lab.VNC{Host: "127.0.0.1", Port: 5902}, "other", nil },
		func() {},
	} {
		change()
		s.mustRegister(t, c)
		wantConnections(t, s, c, other)
	}
	if after, _ := s.mustLink(t, c.ID); after != before {
		t.Errorf("the connection was %s and is %s, want it to keep its number", before, after)
	}
}

func gatewayRefused(t *testing.T, s *gatewayStage) {
	good := Connection("good")
	s.mustRegister(t, good)
	for what, spoil := range map[string]func(c *lab.Connection){
		"an id that is none":       func(c *lab.Connection) { c.ID = "web" },
		"a name that is none":      func(c *lab.Connection) { c.Name = "../web" },
		"a port that is none":      func(c *lab.Connection) { c.VNC = &lab.VNC{Port: 65536} },
		"a token in the password":  func(c *lab.Connection) { c.Password = "${GUAC_USERNAME}" },
		"an unknown parameter":     func(c *lab.Connection) { c.Parameters = map[string]string{"color": "red"} },
		"a dangerous parameter":    func(c *lab.Connection) { c.Parameters = map[string]string{"recording-path": "/etc"} },
		"a token in a parameter":   func(c *lab.Connection) { c.Parameters = map[string]string{"encodings": "${x}"} },
		"a recording without room": func(c *lab.Connection) { c.Parameters = map[string]string{"recording-name": "x"} },
	} {
		c := good
		spoil(&c)
		wantKind(t, what, s.Register(t.Context(), c), lab.KindInvalid)
	}
	wantConnections(t, s, good)
}

func gatewayRemove(t *testing.T, s *gatewayStage) {
	gone, kept := Connection("gone"), Connection("kept")
	s.mustRegister(t, gone)
	s.mustRegister(t, kept)
	for range 2 {
		if err := s.Remove(t.Context(), gone.ID); err != nil {
			t.Errorf("removing: %v", err)
		}
		wantConnections(t, s, kept)
	}
	wantKind(t, "removing nothing", s.Remove(t.Context(), ""), lab.KindInvalid)
	s.mustRegister(t, gone)
	wantConnections(t, s, gone, kept)
}

func gatewayOwners(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	access := s.access
	access.Owner += " too"
	other := gatewayStage{Registry: mustOpen(t, s.gateway, access), gateway: s.gateway, access: access}
	wantConnections(t, other)
	same := c
	same.Password = "anothers"
	other.mustRegister(t, same)
	if err := s.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	wantConnections(t, s)
	wantConnections(t, other, same)
}

func gatewayTwoPrograms(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	other := gatewayStage{Registry: mustOpen(t, s.gateway, s.access), gateway: s.gateway, access: s.access}
	wantConnections(t, other, c)
	before, _ := s.mustLink(t, c.ID)
	c.Name, c.VNC.Port = "renamed", 5999
	other.mustRegister(t, c)
	wantConnections(t, s, c)
	if after, _ := s.mustLink(t, c.ID); after != before {
		t.Errorf("the connection was %s and is %s, want it to keep its number", before, after)
	}
}

func gatewayManyNodes(t *testing.T, s *gatewayStage) {
	var want []lab.Connection
	var wg sync.WaitGroup
	for i := range 40 {
		c := Connection(fmt.Sprintf("node-%d", i%20)) // names are for people: two may share one
		c.VNC.Port += i
		want = append(want, c)
		wg.Go(func() {
			if err := s.Register(t.Context(), c); err != nil {
				t.Errorf("registering: %v", err)
			}
		})
	}
	wg.Wait()
	wantConnections(t, s, want...)
}

func gatewayOneNode(t *testing.T, s *gatewayStage) {
	ones := make([]lab.Connection, 40)
	first := Connection("node")
	var wg sync.WaitGroup
	for i := range ones {
		ones[i] = first
		ones[i].Name, ones[i].VNC = fmt.Sprintf("node-%d", i%3), &lab.VNC{Host: "127.0.0.1", Port: 6000 + i}
		ones[i].Parameters = map[string]string{[]string{"read-only", "disable-copy", "force-lossless"}[i%3]: "true"}
		wg.Go(func() {
			if err := s.Register(t.Context(), ones[i]); err != nil {
				t.Errorf("registering: %v", err)
			}
		})
	}
	wg.Wait()
	got, err := s.Connections(t.Context())
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v, want one connection", got, err)
	}
	if !slices.ContainsFunc(ones, func(c lab.Connection) bool { return lab.SameConnection(c, got[0]) }) {
		t.Errorf("got %+v with %v, want one of those registered, whole", got[0], slices.Sorted(maps.Keys(got[0].Parameters)))
	}
}

func gatewayClosed(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	r, err := s.gateway.Open(t.Context(), s.access, func(err error) { t.Errorf("lost on Close: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	for what, err := range registryCalls(t.Context(), r, c) {
		wantKind(t, what, err, lab.KindUnavailable)
	}
	wantConnections(t, s, c)
}

// registryCalls makes every call and gives its error.
func registryCalls(ctx context.Context, r lab.Registry, c lab.Connection) map[string]error {
	errs := make(map[string]error)
	_, errs["Connections"] = r.Connections(ctx)
	errs["Register"] = r.Register(ctx, c)
	errs["Remove"] = r.Remove(ctx, c.ID)
	errs["Login"] = r.Login(ctx)
	_, errs["Link"] = r.Link(ctx, c.ID)
	_, errs["Tunnel"] = r.Tunnel(ctx, c.ID, lab.TunnelRequest{})
	return errs
}

func gatewayCancelled(t *testing.T, s *gatewayStage) {
	c := Connection("web")
	s.mustRegister(t, c)
	changed := c
	changed.Name = "late"
	for what, err := range registryCalls(cancelled(t), s, changed) {
		wantKind(t, what, err, lab.KindUnavailable)
	}
	_, err := s.gateway.Open(cancelled(t), s.access, func(error) {})
	wantKind(t, "Open", err, lab.KindUnavailable)
	wantConnections(t, s, c)
}
