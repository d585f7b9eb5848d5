package guacamole

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"sandboxlabs/backend/lab"
)

// Register is three statements in one transaction and one round trip. The first
// waits for whoever else changes this node's connection, so that the others see
// what was done; the second deletes all but the oldest of its rows, if there are
// more by hand or by a race with a person.
const (
	removeDoubles = `
DELETE FROM guacamole_connection c WHERE c.parent_id = ` + ourGroup + ` AND right(c.connection_name, ` + idColumns + `) = $2::text
	AND EXISTS (SELECT FROM guacamole_connection o WHERE o.parent_id = c.parent_id
		AND right(o.connection_name, ` + idColumns + `) = $2::text AND o.connection_id < c.connection_id)`

	// registerConnection gives the numbers of the connection and of our user; one
	// is missing if our group or our user is gone. Columns that it does not name,
	// such as limits and a guacd of its own, are left as they are.
	registerConnection = `
WITH g AS (SELECT ` + ourGroup + ` AS id),
e AS (SELECT entity_id AS id FROM guacamole_entity WHERE type = 'USER' AND name = $2::text),
known AS (
	UPDATE guacamole_connection c SET connection_name = $3::text, protocol = 'vnc' FROM g
	WHERE c.parent_id = g.id AND right(c.connection_name, ` + idColumns + `) = $4::text RETURNING c.connection_id AS id),
made AS (
	INSERT INTO guacamole_connection (connection_name, parent_id, protocol)
	SELECT $3::text, g.id, 'vnc' FROM g, e WHERE g.id IS NOT NULL AND NOT EXISTS (SELECT FROM known)
	ON CONFLICT ON CONSTRAINT connection_name_parent DO UPDATE SET protocol = 'vnc' RETURNING connection_id AS id),
c AS (SELECT id FROM known UNION ALL SELECT id FROM made),
unset AS (
	DELETE FROM guacamole_connection_parameter p USING c
	WHERE p.connection_id = c.id AND p.parameter_name <> ALL ($5::text[])),
set AS (
	INSERT INTO guacamole_connection_parameter (connection_id, parameter_name, parameter_value)
	SELECT c.id, p.name, p.value FROM c, unnest($5::text[], $6::text[]) AS p (name, value)
	ON CONFLICT ON CONSTRAINT guacamole_connection_parameter_pkey
	DO UPDATE SET parameter_value = excluded.parameter_value
	WHERE guacamole_connection_parameter.parameter_value <> excluded.parameter_value),
may AS (
	INSERT INTO guacamole_connection_permission (entity_id, connection_id, permission)
	SELECT e.id, c.id, 'READ' FROM e, c ON CONFLICT DO NOTHING)
SELECT (SELECT id FROM c), (SELECT id FROM e)`
)

// Register implements lab.Registry.
func (r *registry) Register(ctx context.Context, c lab.Connection) error {
	if err := c.Check(r.access); err != nil {
		return err
	}
	err := r.register(ctx, c)
	if err != errIncomplete { //nolint:errorlint // nobody wraps it
		return err
	}
	// Somebody took our group or our user away, or restored a backup.
	if _, err := r.ensure(ctx); err != nil {
		return err
	}
	return r.register(ctx, c)
}

// errIncomplete tells that our group or our user is not there.
var errIncomplete = lab.Errorf(lab.KindBusy, "somebody takes away what is ours in the gateway's database").
	WithHint("Leave the group and the user of SandBoxLabs in Guacamole alone.")

func (r *registry) register(ctx context.Context, c lab.Connection) error {
	parameters := parametersOf(c, r.access)
	keys := slices.Sorted(maps.Keys(parameters))
	values := make([]string, len(keys))
	for i, key := range keys {
		values[i] = parameters[key]
	}
	return r.db.persist(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(one, r.lock(c.ID))
		b.Queue(removeDoubles, r.names.group, c.ID)
		b.Queue(registerConnection, r.names.group, r.names.user, connectionName(c), c.ID, keys, values)
		var number, user *int64
		if err := r.db.batch(ctx, b, &number, &user); err != nil {
			return err
		}
		if number == nil || user == nil {
			return errIncomplete
		}
		r.session.belongsTo(*user)
		return nil
	})
}
