package guacamole

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Statements that make sure of what is ours: $1 is the name of the group, $2
// that of the user. Each finds by name what those before it made.
const (
	ourEntity = `(SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $2::text)`
	ourUser   = `(SELECT user_id FROM guacamole_user WHERE entity_id = ` + ourEntity + `)`

	makeGroup = `
INSERT INTO guacamole_connection_group (connection_group_name, type)
SELECT $1::text, 'ORGANIZATIONAL' WHERE ` + ourGroup + ` IS NULL`
	// A group that balances would hide what is in it.
	mendGroup = `
UPDATE guacamole_connection_group SET type = 'ORGANIZATIONAL'
WHERE connection_group_id = ` + ourGroup + ` AND type <> 'ORGANIZATIONAL'`
	makeEntity = `
INSERT INTO guacamole_entity (name, type) VALUES ($1::text, 'USER') ON CONFLICT ON CONSTRAINT guacamole_entity_name_scope DO NOTHING`
	// The password is known to nobody: a login sets another.
	makeUser = `
INSERT INTO guacamole_user (entity_id, password_hash, password_salt, password_date)
SELECT entity_id, $2::bytea, $3::bytea, now() FROM guacamole_entity WHERE type = 'USER' AND name = $1::text
ON CONFLICT ON CONSTRAINT guacamole_user_single_entity DO NOTHING`
	mendUser = `
UPDATE guacamole_user SET disabled = false, expired = false`
	mayReadItself = `
INSERT INTO guacamole_user_permission (entity_id, affected_user_id, permission)
SELECT entity_id, user_id, 'READ' FROM guacamole_user
WHERE entity_id = (SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $1::text) ON CONFLICT DO NOTHING`
	mayReadGroup = `
INSERT INTO guacamole_connection_group_permission (entity_id, connection_group_id, permission)
SELECT ` + ourEntity + `, ` + ourGroup + `, 'READ' ON CONFLICT DO NOTHING`
	mayDoNoMore = `
DELETE FROM guacamole_system_permission
WHERE entity_id = (SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $1::text)`
	findUser = `SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $1::text`
)

// ensure makes sure of our group and our user, mends what a person changed of
// them, and gives the number of the user's entity. An entity that is there stays.
func (r *registry) ensure(ctx context.Context) (user int64, err error) {
	hash, salt := hashed(rand.Text())
	err = r.db.persist(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{}
		b.Queue(one, lockOf("owner", r.names.group))
		b.Queue(makeGroup, r.names.group)
		b.Queue(mendGroup, r.names.group)
		b.Queue(makeEntity, r.names.user)
		b.Queue(makeUser, r.names.user, hash, salt)
		b.Queue(r.mendUser(), r.names.user)
		b.Queue(mayReadItself, r.names.user)
		b.Queue(mayReadGroup, r.names.group, r.names.user)
		b.Queue(mayDoNoMore, r.names.user)
		b.Queue(findUser, r.names.user)
		return r.db.batch(ctx, b, &user)
	})
	if err == nil {
		r.session.belongsTo(user)
	}
	return user, err
}

// mendUser lifts what keeps our user out, and touches the row only then.
func (r *registry) mendUser() string {
	barred := "disabled OR expired"
	var lift strings.Builder
	for _, column := range r.limits { // of our own list
		lift.WriteString(", " + column + " = NULL")
		barred += " OR " + column + " IS NOT NULL"
	}
	return mendUser + lift.String() + `
WHERE entity_id = (SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $1::text) AND (` + barred + `)`
}
