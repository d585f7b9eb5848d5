package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"sandboxlabs/backend/cli"
	"sandboxlabs/backend/config"
	"sandboxlabs/backend/rest"
	"sandboxlabs/backend/rest/api"
	"sandboxlabs/backend/rest/prototype"
	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/token"
)

// serve serves the page and the APIs.
func serve(ctx context.Context, uri string, how cli.Serving, ready func(link string)) error {
	r, err := assemble(uri, true)
	if err != nil {
		return err
	}
	doors, err := rest.Listen(ctx, ports(how, r)) // before anything is done that another server does already
	if err != nil {
		return errors.Join(err, r.conn.Close())
	}
	defer doors.Close()
	return r.live(ctx, func(ctx context.Context) error {
		keys, err := token.Keep(ctx, r.paths.Token, slog.Default())
		if err != nil {
			return err
		}
		uploads := upload.Open(r.paths.Uploads)
		v1, err := api.New(ctx, api.Options{
			Service: r.service, Uploads: uploads, Version: version(), Picture: rest.Pictures(r.service),
		})
		if err != nil {
			return err
		}
		page, err := files()
		if err != nil {
			return err
		}
		return rest.New(rest.Options{
			Service: r.service, Page: page, Consoles: r.consoles.Guarded(), Uploads: uploads,
			Keys: keys, Hosts: how.Hosts, Anyone: how.Anyone,
			Faces: map[string]rest.Face{
				prototype.Prefix: prototype.New(r.service, version()),
				api.Prefix + "/": {Handler: v1, Refuse: api.Refuse},
			},
		}).Serve(ctx, doors, ready)
	})
}

// ports are where to listen: as the command line says, else the settings.
func ports(how cli.Serving, r *rig) rest.Ports {
	p := rest.Ports{
		Addresses: how.Listen, Socket: cmp.Or(how.Socket, r.paths.ServeSocket),
		Cert: how.Cert, Key: how.Key, Insecure: how.Insecure, Anyone: how.Anyone,
	}
	if len(p.Addresses) == 0 {
		p.Addresses = []string{r.settings.Serve.Listen}
	}
	return p
}

// showToken gives the token by which programs enter what is served.
func showToken(ctx context.Context, rotate bool) (string, error) {
	if file := config.ReadPaths().Token; rotate {
		return token.Rotate(file)
	} else {
		return token.Show(ctx, file)
	}
}

func link(ctx context.Context, socket string) (string, error) {
	return rest.AskLink(ctx, cmp.Or(socket, config.ReadPaths().ServeSocket))
}
