package guacamole

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sandboxlabs/backend/lab"
)

// Limits of everything that is asked of the database. PostgreSQL gives up
// waiting before we do, so that it can say for what.
const (
	mostConnections = 8 // beside the one that notices the end
	connectLimit    = 3 * time.Second
	callLimit       = 10 * time.Second
)

// settings are those of every connection to the database.
var settings = map[string]string{
	"application_name":                    "sandboxlabs",
	"lock_timeout":                        "8s",
	"statement_timeout":                   "9s",
	"idle_in_transaction_session_timeout": "30s",
	"default_transaction_isolation":       "read committed", // a statement sees what was done before its lock
}

// keepAlive finds out within about ten seconds that a host is gone in silence.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3}

// errUsed is why a database that was closed is of no use.
var errUsed = lab.Errorf(lab.KindUnavailable, "the gateway is closed")

// database is a pool of connections to the gateway's database.
type database struct {
	pool *pgxpool.Pool
	life context.Context // ends with its use; the cause says why
	end  context.CancelCauseFunc
}

// parseDSN reads where the database is. What is wrong with it is not told, since
// that may repeat parts of the password.
func parseDSN(dsn string) (*pgxpool.Config, error) {
	if err := lab.CheckDSN(dsn); err != nil {
		return nil, err
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errAddress
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err == nil && !onLoopback(config) {
		config, err = pgxpool.ParseConfig(verified(u))
	}
	if err != nil {
		return nil, errAddress
	}
	config.MaxConns = mostConnections
	config.ConnConfig.ConnectTimeout = connectLimit
	config.ConnConfig.DialFunc = (&net.Dialer{KeepAliveConfig: keepAlive}).DialContext
	for name, value := range settings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	return config, nil
}

// onLoopback reports whether all hosts are this machine.
func onLoopback(config *pgxpool.Config) bool {
	local := isLoopback(config.ConnConfig.Host)
	for _, f := range config.ConnConfig.Fallbacks {
		local = local && isLoopback(f.Host)
	}
	return local
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || len(host) > 0 && host[0] == '/' || err == nil && ip.Unmap().IsLoopback()
}

// verified gives the DSN so that the certificate is verified, unless it says
// plainly that it is not to be.
func verified(u *url.URL) string {
	q := u.Query()
	if slices.Contains([]string{"", "prefer", "allow"}, q.Get("sslmode")) {
		q.Set("sslmode", "verify-full")
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// openDatabase connects to a database.
func openDatabase(ctx context.Context, dsn string) (*database, error) {
	config, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	d := &database{}
	d.life, d.end = context.WithCancelCause(context.Background())
	if d.pool, err = pgxpool.NewWithConfig(d.life, config); err != nil {
		return nil, fault(err)
	}
	if err := d.do(ctx, d.pool.Ping); err != nil {
		d.close(errUsed)
		return nil, err
	}
	return d, nil
}

// do does some work in the database, limited in time, and translates its error.
func (d *database) do(ctx context.Context, work func(context.Context) error) error {
	if err := d.usable(ctx); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	defer context.AfterFunc(d.life, cancel)()
	err := work(limited)
	if err == nil {
		return nil
	}
	if err := d.usable(ctx); err != nil {
		return err
	}
	return fault(err)
}

// usable tells why nothing can be asked of the database now.
func (d *database) usable(ctx context.Context) error {
	if d.life.Err() != nil {
		return context.Cause(d.life)
	}
	return lab.Cancelled(ctx)
}

// tries bounds how often work that met others is done.
const tries = 5

// persist does work again that met others: a row they just made or took away, or
// a deadlock with them.
func (d *database) persist(ctx context.Context, work func(context.Context) error) error {
	return d.do(ctx, func(ctx context.Context) (err error) {
		for range tries {
			if err = work(ctx); !isCollision(err) {
				return err
			}
		}
		return err
	})
}

// batch runs statements in one transaction and one round trip, the last of which
// gives one row.
func (d *database) batch(ctx context.Context, b *pgx.Batch, row ...any) error {
	results := d.pool.SendBatch(ctx, b)
	var err error
	for range b.Len() - 1 {
		if err == nil {
			_, err = results.Exec()
		}
	}
	if err == nil {
		err = results.QueryRow().Scan(row...)
	}
	return errors.Join(err, results.Close())
}

// watch calls lost when the database ends its connection, which it does when it
// dies, and when somebody ends ours.
func (d *database) watch(ctx context.Context, lost func(error)) error {
	var conn *pgx.Conn
	err := d.do(ctx, func(ctx context.Context) (err error) {
		conn, err = pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
		return err
	})
	if err != nil {
		return err
	}
	// It is idle for long; before version 14, PostgreSQL does not know this.
	_, _ = conn.Exec(ctx, "SET idle_session_timeout = 0")
	go func() {
		defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // there is no one to tell
		var err error
		for err == nil {
			_, err = conn.WaitForNotification(d.life)
		}
		if d.life.Err() == nil {
			why := fault(err)
			d.end(why)
			lost(why)
		}
	}()
	return nil
}

// close ends the connections, and with them what is still asked of them.
func (d *database) close(why error) {
	d.end(why)
	d.pool.Close()
}
