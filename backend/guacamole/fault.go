package guacamole

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"sandboxlabs/backend/lab"
)

// Errors of the database, as they are told.
var (
	errAddress = lab.Errorf(lab.KindInvalid, "the address of the gateway's database can not be used").
			WithHint("Check its port, and the files and the mode that it names behind the question mark.")
	errGone = lab.Errorf(lab.KindUnavailable, "the gateway's database does not answer").
		WithHint("See whether PostgreSQL runs, and whether the host and port in the settings of the gateway are right.")
	errLate = lab.Errorf(lab.KindUnavailable, "the gateway's database does not answer in time").
		WithHint("Try again; see whether its host is overloaded or the network fails.")
	errLogin = lab.Errorf(lab.KindDenied, "the gateway's database does not let us in").
			WithHint("Check the user and the password of the database in the settings of the gateway, and the server's pg_hba.conf.")
	errRights = lab.Errorf(lab.KindDenied, "the gateway's database does not let us do what we must").
			WithHint("Test the gateway in the settings: that names the right that is missing.")
	errBusy = lab.Errorf(lab.KindUnavailable, "the gateway's database is busy: somebody holds what we need").
		WithHint("Try again; if it stays so, look for open transactions in pg_stat_activity.")
	errTables = lab.Errorf(lab.KindInvalid, "the gateway's database lacks what Guacamole has there").
			WithHint("Give the database that Guacamole's web application uses.")
	errTrust = lab.Errorf(lab.KindInvalid, "the certificate of the gateway's database can not be trusted").
			WithHint("Add sslrootcert=FILE to the database's address, with the certificate of its authority, or, on a network you trust, sslmode=require.")
	errPlain = lab.Errorf(lab.KindInvalid, "the gateway's database speaks no TLS, and is not on this machine").
			WithHint("Set ssl = on in its postgresql.conf, or, on a network you trust, add sslmode=disable to the database's address.")
	errMet = lab.Errorf(lab.KindBusy, "others changed the same in the gateway's database all the time").
		WithHint("Try again.")
)

// sqlFaults translate the codes of PostgreSQL
// (postgresql.org/docs/current/errcodes-appendix.html), or their first two
// characters.
var sqlFaults = map[string]*lab.Error{
	"28P01": errLogin,
	"28000": errLogin,
	"3D000": lab.Errorf(lab.KindInvalid, "the gateway's database server has no database of that name").
		WithHint("Check the name at the end of the database's address in the settings of the gateway."),
	"42501": errRights,
	"42P01": errTables, // no such table
	"42703": errTables, // no such column
	"42704": errTables, // no such type or constraint
	"42P10": errTables, // no such unique constraint
	"55P03": errBusy,   // lock_timeout
	"57014": errBusy,   // statement_timeout
	"25006": lab.Errorf(lab.KindUnavailable, "the gateway's database can only be read").
		WithHint("Give the address of the primary server, not that of a copy."),
	"53300": lab.Errorf(lab.KindUnavailable, "the gateway's database has no connection left for us").
		WithHint("Raise max_connections in its postgresql.conf, or end what uses them up."),
	"53100": lab.Errorf(lab.KindUnavailable, "the disk of the gateway's database is full").
		WithHint("Make room on it."),
	"23503": errMet,  // what it belongs to is gone
	"23505": errMet,  // it is there already
	"57P":   errGone, // it shuts down, or somebody ended our connection
	"08":    errGone,
	"53":    errGone,
	"58":    errGone,
	"40":    errMet,
}

// collisions are what happens to work that meets others, and not the next time.
var collisions = []string{"40001", "40P01", "23505", "23503"}

func isCollision(err error) bool {
	var p *pgconn.PgError
	return errors.As(err, &p) && slices.Contains(collisions, p.Code)
}

// fault translates an error of pgx. Of one that is translated already, nothing
// is changed.
func fault(err error) error {
	var known *lab.Error
	var p *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &p):
		return sqlFault(p)
	}
	return connectFault(err)
}

// sqlFault translates what PostgreSQL says. Its detail is left out: it repeats
// the row.
func sqlFault(p *pgconn.PgError) *lab.Error {
	cause := errors.New(p.Message + " (SQLSTATE " + p.Code + ")")
	for n := len(p.Code); n >= 2; n-- {
		if e, ok := sqlFaults[p.Code[:n]]; ok {
			return e.WithCause(cause)
		}
	}
	return lab.Errorf(lab.KindInternal, "the gateway's database did not take what we asked").WithCause(cause)
}

// connectFault translates the error of a connection that failed or did not come
// about.
func connectFault(err error) *lab.Error {
	var timeout net.Error
	switch {
	case isUntrusted(err):
		return errTrust.WithCause(innermost(err))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errLate
	case isNetwork(err):
		return errGone.WithCause(innermost(err))
	// Last: where plain is allowed too, the error has why that failed besides.
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return errPlain
	}
	return lab.Errorf(lab.KindInternal, "the gateway's database could not be used").WithCause(innermost(err))
}

// isUntrusted tells the errors of certificates.
func isUntrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

func isNetwork(err error) bool {
	var op net.Error
	var alert tls.AlertError
	var header tls.RecordHeaderError
	return errors.As(err, &op) || errors.As(err, &alert) || errors.As(err, &header) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled)
}

// innermost gives what went wrong at last, without the words around it, which
// may name addresses with their secrets.
func innermost(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return errors.New(op.Error())
	}
	for {
		switch e := err.(type) { //nolint:errorlint // the chain is gone along, link by link
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return errors.New(err.Error())
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			err = e.Unwrap()[0]
		default:
			return errors.New(err.Error())
		}
	}
}
