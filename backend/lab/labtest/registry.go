package labtest

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"

	"sandboxlabs/backend/lab"
)

// registry is a lab.Registry of the fake gateway.
type registry struct {
	gateway *Gateway
	access  lab.GatewayAccess
	lost    func(error)
	token   string // of this run; the gateway's mu guards it
}

// do runs one call's work under the lock, while the registry is open.
func (r *registry) do(ctx context.Context, method, id string, work func() error) error {
	return r.gateway.script.call(ctx, func() error {
		g := r.gateway
		g.mu.Lock()
		defer g.mu.Unlock()
		switch {
		case g.open[r]:
			return work()
		case g.database != nil:
			return g.database
		}
		return lab.Errorf(lab.KindUnavailable, "the gateway is closed")
	}, "Registry."+method, id)
}

// Schema implements lab.Registry.
func (r *registry) Schema() string { return r.gateway.schema }

// Connections implements lab.Registry.
func (r *registry) Connections(ctx context.Context) (all []lab.Connection, err error) {
	err = r.do(ctx, "Connections", "", func() error {
		for _, row := range r.gateway.rows[r.access.Owner] {
			all = append(all, cloned(row.Connection))
		}
		return nil
	})
	return all, err
}

// Register implements lab.Registry.
func (r *registry) Register(ctx context.Context, c lab.Connection) error {
	return r.do(ctx, "Register", c.ID, func() error {
		if err := c.Check(r.access); err != nil {
			return err
		}
		g, c := r.gateway, cloned(c)
		if rows := g.rows[r.access.Owner]; find(rows, c.ID) >= 0 {
			rows[find(rows, c.ID)].Connection = c
			return nil
		}
		g.number++
		g.rows[r.access.Owner] = append(g.rows[r.access.Owner], row{g.number, c})
		return nil
	})
}

// Remove implements lab.Registry.
func (r *registry) Remove(ctx context.Context, id string) error {
	return r.do(ctx, "Remove", id, func() error {
		if id == "" {
			return lab.Errorf(lab.KindInvalid, "no connection is named")
		}
		rows := r.gateway.rows[r.access.Owner]
		r.gateway.rows[r.access.Owner] = slices.DeleteFunc(rows, func(row row) bool { return row.ID == id })
		return nil
	})
}

// Login implements lab.Registry.
func (r *registry) Login(ctx context.Context) error {
	return r.do(ctx, "Login", "", r.login)
}

func (r *registry) login() error {
	if r.gateway.web != nil {
		return r.gateway.web
	}
	if !r.gateway.tokens[r.token] {
		r.token = r.gateway.login()
	}
	return nil
}

// Link implements lab.Registry.
func (r *registry) Link(ctx context.Context, id string) (link string, err error) {
	err = r.do(ctx, "Link", id, func() error {
		number, err := r.ready(id)
		if err != nil {
			return err
		}
		client := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(number) + "\x00c\x00postgresql"))
		link = r.access.URL + "/#/client/" + client + "?token=" + r.token
		return nil
	})
	return link, err
}

// ready logs in and gives the number of the node's connection.
func (r *registry) ready(id string) (number int, err error) {
	if err := lab.CheckID(id); err != nil {
		return 0, err
	}
	if err := r.login(); err != nil {
		return 0, err
	}
	rows := r.gateway.rows[r.access.Owner]
	if i := find(rows, id); i >= 0 {
		return rows[i].number, nil
	}
	return 0, lab.Errorf(lab.KindNotFound, "the gateway has no connection of node %s", id)
}

// Tunnel implements lab.Registry.
func (r *registry) Tunnel(ctx context.Context, id string, ask lab.TunnelRequest) (opened lab.Tunnel, err error) {
	err = r.do(ctx, "Tunnel", id, func() error {
		if _, err := r.ready(id); err != nil {
			return err
		}
		t := newTunnel(id, ask)
		r.gateway.tunnels = append(r.gateway.tunnels, t)
		opened = t
		return nil
	})
	if err != nil && opened != nil {
		_ = opened.Close() // of the fake, it can not fail
		opened = nil
	}
	return opened, err
}

// Close implements lab.Registry.
func (r *registry) Close(ctx context.Context) error {
	return r.gateway.script.call(ctx, func() error {
		r.leave()
		return nil
	}, "Registry.Close")
}

func (r *registry) leave() {
	g := r.gateway
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, r)
	delete(g.tokens, r.token)
}
