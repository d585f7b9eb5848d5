package guacamole

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sandboxlabs/backend/lab"
)

// sweepLimit is how long a test may take to remove what it made.
const sweepLimit = 5 * time.Second

// Test implements lab.Gateway. What it writes belongs to an owner of its own, and
// goes at its end, however that comes; only Guacamole's histories of logins and of
// consoles keep a line each, which are the web application's.
func (g *Gateway) Test(ctx context.Context, a lab.GatewayAccess) []lab.Check {
	t := &trial{gateway: g, access: a}
	t.access.Owner = "test " + strings.ToLower(rand.Text()[:12])
	defer t.sweep(ctx)
	steps := map[string]func(context.Context) (string, error){
		lab.StepTCP: t.tcp, lab.StepTLS: t.tls, lab.StepLogin: t.login, lab.StepSchema: t.schema,
		lab.StepRights: t.rights, lab.StepWebApp: t.webApp, lab.StepToken: t.token, lab.StepDatabase: t.database,
		lab.StepGuacd: t.guacd,
	}
	var checks []lab.Check
	for _, name := range lab.GatewaySteps {
		found, err := "", lab.Cancelled(ctx)
		if err == nil {
			found, err = steps[name](ctx)
		}
		if err != nil {
			p := lab.ProblemOf(err)
			return append(checks, lab.Check{Name: name, Status: lab.CheckFailed, Message: p.Message, Remedy: p.Hint})
		}
		checks = append(checks, lab.Check{Name: name, Status: lab.CheckOK, Message: found})
		if name == lab.StepWebApp && t.registry.web.open() {
			checks[len(checks)-1] = lab.Check{
				Name: name, Status: lab.CheckWarning, Message: found + ", and whoever is on the way there can listen",
				Remedy: "Have it answer on https, and give that address.",
			}
		}
	}
	return checks
}

// trial is one run of Test.
type trial struct {
	gateway  *Gateway
	access   lab.GatewayAccess
	config   *pgxpool.Config
	refused  error // why the database did not let us in, though it answered
	registry *registry
}

// tcp tries each of the hosts.
func (t *trial) tcp(ctx context.Context) (found string, err error) {
	if t.config, err = parseDSN(t.access.DSN); err != nil {
		return "", err
	}
	c := t.config.ConnConfig
	hosts := []pgconn.FallbackConfig{{Host: c.Host, Port: c.Port}}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, *f)
	}
	for _, host := range hosts {
		network, address := pgconn.NetworkAddress(host.Host, host.Port)
		var conn net.Conn
		if conn, err = (&net.Dialer{Timeout: connectLimit}).DialContext(ctx, network, address); err == nil {
			conn.Close()
			return address + " answers", nil
		}
	}
	return "", fault(err)
}

// tls connects, and fails if the reason is the certificate or that there is none.
func (t *trial) tls(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, t.config.ConnConfig)
	if err != nil {
		t.refused = fault(err)
		var p *pgconn.PgError
		if errors.As(err, &p) { // it spoke to us
			return "the connection comes about", nil
		}
		return "", t.refused
	}
	defer conn.Close(ctx) //nolint:errcheck // of what was read, nothing can be lost
	c := t.config.ConnConfig
	_, encrypted := conn.PgConn().Conn().(*tls.Conn)
	switch {
	case encrypted && c.TLSConfig != nil && (!c.TLSConfig.InsecureSkipVerify || c.TLSConfig.VerifyPeerCertificate != nil):
		return "encrypted, with a certificate that is good", nil
	case encrypted:
		return "encrypted, with a certificate that nobody verified", nil
	case onLoopback(t.config):
		return "not encrypted, within this machine", nil
	}
	return "not encrypted, as its address asks", nil
}

func (t *trial) login(context.Context) (string, error) {
	return "as " + t.config.ConnConfig.User, t.refused
}

func (t *trial) schema(ctx context.Context) (found string, err error) {
	if t.registry, err = t.gateway.prepare(ctx, t.access); err != nil {
		return "", err
	}
	switch v := t.registry.version; v {
	case schema15:
		return "that of Guacamole 1.0 to 1.5", nil
	case schema16:
		return "that of Guacamole 1.6", nil
	default:
		return v + ": it has all that is needed", nil
	}
}

const missingRights = `
SELECT w.tab, w.col, w.privilege, current_user::text FROM unnest($1::text[], $2::text[], $3::text[]) AS w (tab, col, privilege)
WHERE CASE WHEN w.col = '' THEN NOT has_table_privilege(w.tab, w.privilege)
	ELSE NOT has_sequence_privilege(pg_get_serial_sequence(w.tab, w.col), w.privilege) END`

// rights asks for each right, and then does what it is for.
func (t *trial) rights(ctx context.Context) (string, error) {
	var tabs, columns, privileges []string
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		for _, right := range tables[name].rights {
			tabs, columns, privileges = append(tabs, name), append(columns, ""), append(privileges, right)
		}
		if serial := tables[name].serial; serial != "" {
			tabs, columns, privileges = append(tabs, name), append(columns, serial), append(privileges, "USAGE")
		}
	}
	var missing []right
	err := t.registry.db.do(ctx, func(ctx context.Context) error {
		rows, _ := t.registry.db.pool.Query(ctx, missingRights, tabs, columns, privileges) // its error comes with the rows
		var err error
		missing, err = pgx.CollectRows(rows, pgx.RowToStructByPos[right])
		return err
	})
	switch {
	case err != nil:
		return "", err
	case len(missing) > 0:
		return "", denied(missing)
	}
	if _, err := t.registry.ensure(ctx); err != nil {
		return "", err
	}
	return "all that is needed", t.registry.Register(ctx, t.connection())
}

// right is one that we need and do not have.
type right struct{ Table, Column, Privilege, Role string }

// String gives it as GRANT takes it.
func (r right) String() string {
	if r.Column != "" {
		return r.Privilege + " ON SEQUENCE " + r.Table + "_" + r.Column + "_seq"
	}
	return r.Privilege + " ON " + r.Table
}

func denied(missing []right) error {
	named := make([]string, len(missing))
	grants := make([]string, len(missing))
	for i, r := range missing {
		named[i] = r.String()
		grants[i] = fmt.Sprintf("GRANT %s TO %s;", r, pgx.Identifier{r.Role}.Sanitize())
	}
	return lab.Errorf(lab.KindDenied, "the gateway's database does not give us %s", strings.Join(named, ", ")).
		WithHint("%s", strings.Join(grants, " "))
}

// connection is one that leads nowhere.
func (t *trial) connection() lab.Connection {
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(t.access.Owner))
	return lab.Connection{ID: id.String(), Name: "test"}
}

func (t *trial) webApp(ctx context.Context) (string, error) {
	return "it answers at " + t.registry.web.base, t.registry.web.alive(ctx)
}

func (t *trial) token(ctx context.Context) (string, error) {
	return "it lets our user in", t.registry.Login(ctx)
}

func (t *trial) database(ctx context.Context) (string, error) {
	token, err := t.registry.login(ctx)
	if err != nil {
		return "", err
	}
	shown, err := t.registry.web.shows(ctx, token, connectionName(t.connection()))
	if err == nil && !shown {
		err = lab.Errorf(lab.KindInvalid, "Guacamole's web application does not show what we write into the database").
			WithHint("Have it use the database that is named in the settings of the gateway.")
	}
	return "it shows what we write", err
}

// guacd opens a console that leads nowhere: it ends at once, but not before guacd
// has taken it.
func (t *trial) guacd(ctx context.Context) (string, error) {
	tunnel, err := t.registry.Tunnel(ctx, t.connection().ID, lab.TunnelRequest{Width: 640, Height: 480})
	if err != nil {
		return "", err
	}
	return "it takes consoles", tunnel.Close()
}

// Statements that remove what is ours, and all that hangs on it.
const (
	removeGroup = `DELETE FROM guacamole_connection_group WHERE connection_group_name = $1::text AND parent_id IS NULL`
	removeUser  = `DELETE FROM guacamole_entity WHERE type = 'USER' AND name = $1::text`
)

// sweep removes what was made.
func (t *trial) sweep(ctx context.Context) {
	r := t.registry
	if r == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sweepLimit)
	defer cancel()
	err := r.db.persist(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(removeGroup, r.names.group)
		b.Queue(removeUser, r.names.user)
		b.Queue("SELECT") // that it is the last that gives a row
		return r.db.batch(ctx, b)
	})
	if err := errors.Join(err, r.Close(ctx)); err != nil {
		t.gateway.log.Warn("the test of the gateway may have left something in its database", "group", r.names.group, "user", r.names.user, "error", err)
	}
}
