package guacamole

import (
	"context"
	"log/slog"
	"strings"

	"sandboxlabs/backend/lab"
)

// Gateway is a lab.Gateway over Guacamole's database and web application.
type Gateway struct{ log *slog.Logger }

var _ lab.Gateway = (*Gateway)(nil)

// New gives a gateway. A log that is nil is discarded.
func New(log *slog.Logger) *Gateway {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Gateway{log: log}
}

// Open implements lab.Gateway. What ctx says of time is for opening alone.
func (g *Gateway) Open(ctx context.Context, a lab.GatewayAccess, lost func(error)) (lab.Registry, error) {
	r, err := g.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	_, err = r.ensure(ctx)
	if err == nil {
		err = r.db.watch(ctx, lost)
	}
	if err != nil {
		r.db.close(errUsed)
		return nil, err
	}
	g.log.Debug("the gateway's database is open", "schema", r.version, "user", r.names.user)
	return r, nil
}

// prepare connects to a database whose schema we know, and changes nothing there.
func (g *Gateway) prepare(ctx context.Context, a lab.GatewayAccess) (*registry, error) {
	n, err := namesOf(a.Owner)
	if err != nil {
		return nil, err
	}
	a.URL = strings.TrimRight(a.URL, "/")
	r := &registry{log: g.log, access: a, names: n, web: newWeb(a.URL)}
	if r.db, err = openDatabase(ctx, a.DSN); err != nil {
		return nil, err
	}
	if r.version, r.limits, err = r.db.schema(ctx); err != nil {
		r.db.close(errUsed)
		return nil, err
	}
	return r, nil
}
