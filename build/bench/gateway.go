package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// hall is a Guacamole to measure with: PostgreSQL and guacd are real, the web
// application is a double.
type hall struct {
	database *stand.Database
	guacd    *stand.Guacd
	web      *stand.WebApp
	schema   *stand.Schema
}

func newHall(dir string) (h *hall, err error) {
	h = &hall{}
	if h.database, err = stand.NewDatabase(dir); err != nil {
		return h, err
	}
	if h.schema, err = h.database.NewGateway("1.6"); err != nil {
		return h, err
	}
	if h.guacd, err = stand.NewGuacd(""); err != nil {
		return h, err
	}
	h.web, err = stand.NewWebApp(h.schema.WebApp, h.guacd.Address())
	return h, err
}

func (h *hall) close() error {
	var errs []error
	if h.web != nil {
		errs = append(errs, h.web.Close())
	}
	if h.guacd != nil {
		errs = append(errs, h.guacd.Close())
	}
	if h.database != nil {
		errs = append(errs, h.database.Close())
	}
	return errors.Join(errs...)
}

// gateway measures all that goes through Guacamole.
func (b *bed) gateway(ctx context.Context) (rows []row, err error) {
	h, err := newHall(filepath.Join(b.dir, "pg"))
	defer func() { err = errors.Join(err, h.close()) }()
	if err != nil {
		return nil, err
	}
	if err := b.setGateway(ctx, lab.GatewaySettings{Mode: lab.GatewayExternal, URL: h.web.URL(), DSN: h.schema.Ours}); err != nil {
		return nil, err
	}
	for _, measure := range []func(context.Context, *hall) ([]row, error){b.registered, b.tunnel} {
		more, err := measure(ctx, h)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	if err := b.clear(ctx); err != nil {
		return nil, err
	}
	return rows, b.setGateway(ctx, lab.GatewaySettings{Mode: lab.GatewayOff})
}

func (b *bed) setGateway(ctx context.Context, s lab.GatewaySettings) error {
	if err := b.server.call(ctx, "SetGateway", nil, s); err != nil {
		return err
	}
	if s.Mode == lab.GatewayOff {
		return nil
	}
	_, err := b.server.first(ctx, "the gateway to be ready", func(e lab.Event) bool {
		return e.Gateway != nil && e.Gateway.State == lab.GatewayReady
	})
	return err
}

// sight is what stood in the gateway's database from a time on.
type sight struct {
	at             time.Time
	port, password string
}

// sights are those of the one connection there is.
type sights struct {
	mu  sync.Mutex
	all []sight
}

func (s *sights) see(at time.Time, rows []stand.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(rows) == 1 {
		p := rows[0].Parameters
		s.all = append(s.all, sight{at, p["port"], p["password"]})
	}
}

// since gives when a display was there, and stayed; ok is false if it is not.
func (s *sights) since(port, password string) (at time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.all) - 1; i >= 0 && s.all[i].port == port && s.all[i].password == password; i-- {
		at, ok = s.all[i].at, true
	}
	return at, ok
}

// registered lasts from virsh's seeing STARTED to the display, with the password
// it keeps, being in the database, as another session there sees it.
func (b *bed) registered(ctx context.Context, h *hall) ([]row, error) {
	page := row{what: "start by the page: STARTED to registered (below 0: before it)"}
	virsh := row{what: "start by virsh: STARTED to registered, with its new password"}
	n, err := b.node(ctx, "registered")
	if err != nil {
		return nil, err
	}
	var seen sights
	life, stop := context.WithCancel(ctx)
	followed := make(chan error, 1)
	go func() { followed <- h.schema.Follow(life, seen.see) }()
	for range b.rounds {
		for _, way := range []startWay{
			{&page.ours, func() error { return b.server.call(ctx, "Start", nil, n.ID) }},
			{&virsh.ours, func() error { _, err := run(ctx, b.env, "virsh", "start", n.ID); return err }},
		} {
			if err := b.registeredOnce(ctx, n.ID, &seen, way); err != nil {
				stop()
				return nil, errors.Join(err, <-followed)
			}
		}
	}
	stop()
	return []row{page, virsh}, <-followed
}

func (b *bed) registeredOnce(ctx context.Context, id string, seen *sights, way startWay) error {
	b.events.forget()
	if err := way.do(); err != nil {
		return err
	}
	started, err := b.events.next(ctx, "Started")
	if err != nil {
		return err
	}
	if _, err := b.server.until(ctx, id, in(lab.Running)); err != nil { // it must not be taken off before the page knows
		return err
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Sleep(200 * time.Millisecond); ; time.Sleep(50 * time.Millisecond) { // passwords are given after the start
		port, password, err := b.display(ctx, id)
		if err != nil {
			return err
		}
		if at, ok := seen.since(port, password); ok {
			way.into.add(at.Sub(started))
			return b.off(ctx, id)
		}
		if time.Now().After(deadline) {
			return errors.New("the display was not registered")
		}
	}
}

var (
	graphicsPattern = regexp.MustCompile(`<graphics type='vnc'[^>]*>`)
	portPattern     = regexp.MustCompile(` port='(\d+)'`)
	passwdPattern   = regexp.MustCompile(` passwd='([^']*)'`)
)

// display gives where a display is and its password, as virsh has them.
func (b *bed) display(ctx context.Context, id string) (port, password string, err error) {
	text, err := run(ctx, b.env, "virsh", "dumpxml", "--security-info", id)
	if err != nil {
		return "", "", err
	}
	graphics := graphicsPattern.Find(text)
	p, q := portPattern.FindSubmatch(graphics), passwdPattern.FindSubmatch(graphics)
	if p == nil || q == nil {
		return "", "", fmt.Errorf("%s has no display: %s", id, graphics)
	}
	return string(p[1]), string(q[1]), nil
}
