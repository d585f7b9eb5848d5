package guacamole

import (
	"context"
	"log/slog"
	"strconv"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"sandboxlabs/backend/lab"
)

// registry is a lab.Registry.
type registry struct {
	log     *slog.Logger
	access  lab.GatewayAccess
	names   names
	db      *database
	version string
	limits  []string // columns that limit when our user may log in
	web     *web
	session session
}

var _ lab.Registry = (*registry)(nil)

// Schema implements lab.Registry.
func (r *registry) Schema() string { return r.version }

// ourGroup finds our group, by $1. Without the lowest number, what was made twice
// by hand would be found at one time here, at another there.
const ourGroup = `(SELECT min(connection_group_id) FROM guacamole_connection_group
	WHERE connection_group_name = $1::text AND parent_id IS NULL)`

// one is the lock under which a node's connection is changed, as a statement.
const one = `SELECT pg_advisory_xact_lock($1)`

const listConnections = `
SELECT c.connection_name, c.protocol,
	(SELECT coalesce(json_object_agg(p.parameter_name, p.parameter_value), '{}')
		FROM guacamole_connection_parameter p WHERE p.connection_id = c.connection_id),
	EXISTS (SELECT FROM guacamole_connection_permission m JOIN guacamole_entity e ON e.entity_id = m.entity_id
		WHERE m.connection_id = c.connection_id AND m.permission = 'READ' AND e.type = 'USER' AND e.name = $2::text)
FROM guacamole_connection c WHERE c.parent_id = ` + ourGroup + `
ORDER BY c.connection_id`

// Connections implements lab.Registry.
func (r *registry) Connections(ctx context.Context) ([]lab.Connection, error) {
	var all []stored
	err := r.db.do(ctx, func(ctx context.Context) error {
		rows, _ := r.db.pool.Query(ctx, listConnections, r.names.group, r.names.user) // its error comes with the rows
		var err error
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[stored])
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.connections(all), nil
}

// removeConnection deletes rows of our group, by the ID of their node or by
// their whole name.
const removeConnection = `
DELETE FROM guacamole_connection WHERE parent_id = ` + ourGroup + `
	AND CASE WHEN $3::bool THEN right(connection_name, ` + idColumns + `) = $2::text ELSE connection_name = $2::text END`

// idColumns is idLength, for SQL.
const idColumns = "36"

// Remove implements lab.Registry.
func (r *registry) Remove(ctx context.Context, id string) error {
	if id == "" || utf8.RuneCountInString(id) > longest || !utf8.ValidString(id) {
		return lab.Errorf(lab.KindInvalid, "%q is no connection of a node", id)
	}
	return r.db.persist(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(one, r.lock(id))
		b.Queue(removeConnection, r.names.group, id, lab.CheckID(id) == nil)
		b.Queue("SELECT") // that it is the last that gives a row
		return r.db.batch(ctx, b)
	})
}

// lock gives the lock of a node's connection.
func (r *registry) lock(id string) int64 { return lockOf("connection", r.names.group+"\x00"+id) }

const findConnection = `
SELECT (SELECT min(connection_id) FROM guacamole_connection
		WHERE parent_id = ` + ourGroup + ` AND right(connection_name, ` + idColumns + `) = $2::text),
	(SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $3::text)`

// number finds the number of a node's connection. It is not to be kept.
func (r *registry) number(ctx context.Context, id string) (string, error) {
	if err := lab.CheckID(id); err != nil {
		return "", err
	}
	var number, user *int64
	err := r.db.do(ctx, func(ctx context.Context) error {
		return r.db.pool.QueryRow(ctx, findConnection, r.names.group, id, r.names.user).Scan(&number, &user)
	})
	switch {
	case err != nil:
		return "", err
	case number == nil || user == nil:
		return "", notRegistered(id)
	}
	r.session.belongsTo(*user)
	return strconv.FormatInt(*number, 10), nil
}

func notRegistered(id string) error {
	return lab.Errorf(lab.KindNotFound, "the gateway has no connection of the node %s", id).
		WithHint("Wait a moment: it is registered again by itself.")
}
