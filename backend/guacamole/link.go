package guacamole

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

const logoutLimit = 2 * time.Second

// Link implements lab.Registry.
func (r *registry) Link(ctx context.Context, id string) (string, error) {
	token, number, err := r.ready(ctx, id)
	if err != nil {
		return "", err
	}
	return r.access.URL + "/#/client/" + clientIdentifier(number) + "?token=" + url.QueryEscape(token), nil
}

// ready gives all that a console needs: a token, and the number of the connection.
func (r *registry) ready(ctx context.Context, id string) (token, number string, err error) {
	if number, err = r.number(ctx, id); err != nil {
		return "", "", err
	}
	token, err = r.login(ctx)
	return token, number, err
}

// clientIdentifier is how a page of the web application is named (ClientIdentifier.js,
// the same from 1.4 to 1.6).
func clientIdentifier(number string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{number, "c", dataSource}, "\x00")))
}

// Close implements lab.Registry. The token is ended even if the database was lost.
func (r *registry) Close(ctx context.Context) error {
	r.db.end(errUsed) // with it ends whoever logs in now
	ctx, cancel := context.WithTimeout(ctx, logoutLimit)
	defer cancel()
	r.session.settle(ctx)
	var err error
	if token := r.session.take(); token != "" {
		err = r.web.logout(ctx, token)
	}
	r.db.pool.Close()
	return err
}

var _ lab.Tunnel = (*tunnel)(nil)
