package guacamole

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// The schemas we know.
const (
	schema15 = "1.5" // and all since 1.0
	schema16 = "1.6"
)

// table is what we need of one of Guacamole's tables.
type table struct {
	columns     []string
	constraints []string // by whose name or columns we insert
	rights      []string
	serial      string   // column that a sequence fills
	others      []string // columns we know and leave alone
}

var readWrite = []string{"SELECT", "INSERT", "UPDATE", "DELETE"}

// tables are those we need, by their name.
var tables = map[string]table{
	"guacamole_connection_group": {
		columns: []string{"connection_group_id", "parent_id", "connection_group_name", "type"}, rights: readWrite, serial: "connection_group_id",
		others: []string{"max_connections", "max_connections_per_user", "enable_session_affinity"},
	},
	"guacamole_connection": {
		columns: []string{"connection_id", "connection_name", "parent_id", "protocol"}, rights: readWrite, serial: "connection_id",
		constraints: []string{"connection_name_parent"},
		others: []string{
			"max_connections", "max_connections_per_user", "connection_weight", "failover_only",
			"proxy_port", "proxy_hostname", "proxy_encryption_method",
		},
	},
	"guacamole_connection_parameter": {
		columns: []string{"connection_id", "parameter_name", "parameter_value"}, rights: readWrite,
		constraints: []string{"guacamole_connection_parameter_pkey"},
	},
	"guacamole_connection_permission":       {columns: []string{"entity_id", "connection_id", "permission"}, rights: readWrite},
	"guacamole_connection_group_permission": {columns: []string{"entity_id", "connection_group_id", "permission"}, rights: readWrite},
	"guacamole_entity": {
		columns: []string{"entity_id", "name", "type"}, rights: readWrite, serial: "entity_id",
		constraints: []string{"guacamole_entity_name_scope"},
	},
	"guacamole_user": {
		columns: []string{"user_id", "entity_id", "password_hash", "password_salt", "password_date", "disabled", "expired"},
		rights:  readWrite, serial: "user_id", constraints: []string{"guacamole_user_single_entity"},
		others: append([]string{"timezone", "full_name", "email_address", "organization", "organizational_role"}, windows...),
	},
	"guacamole_user_permission":   {columns: []string{"entity_id", "affected_user_id", "permission"}, rights: readWrite},
	"guacamole_system_permission": {columns: []string{"entity_id", "permission"}, rights: []string{"SELECT", "DELETE"}},
}

// windows are the columns that limit when a user may log in.
var windows = []string{"access_window_start", "access_window_end", "valid_from", "valid_until"}

// permissions15 are the system permissions of 1.5; 1.6 knows one more.
var (
	permissions15 = []string{"CREATE_CONNECTION", "CREATE_CONNECTION_GROUP", "CREATE_SHARING_PROFILE", "CREATE_USER", "CREATE_USER_GROUP", "ADMINISTER"}
	permission16  = "AUDIT"
)

// foundTable is what is there of a table.
type foundTable struct {
	Columns     []string `json:"columns"`
	Mandatory   []string `json:"mandatory"` // columns that an INSERT must name
	Constraints []string `json:"constraints"`
}

// found is what is there of Guacamole's tables.
type found struct {
	Tables      map[string]foundTable `json:"tables"` // of those we need, those that our role finds
	Permissions []string              `json:"permissions"`
	All         []string              `json:"all"` // names of all of Guacamole's, wherever they are
}

const findSchema = `
SELECT json_build_object(
	'tables', (
		SELECT coalesce(json_object_agg(t.name, json_build_object(
			'columns', (SELECT json_agg(attname) FROM pg_attribute
				WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped),
			'mandatory', (SELECT json_agg(attname) FROM pg_attribute
				WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = ''),
			'constraints', (SELECT json_agg(conname) FROM pg_constraint WHERE conrelid = t.oid))), '{}')
		FROM (SELECT name, to_regclass(name) AS oid FROM unnest($1::text[]) AS name) t WHERE t.oid IS NOT NULL),
	'permissions', (SELECT json_agg(enumlabel) FROM pg_enum WHERE enumtypid = (
		SELECT atttypid FROM pg_attribute WHERE attrelid = to_regclass('guacamole_system_permission') AND attname = 'permission')),
	'all', (SELECT json_agg(DISTINCT relname) FROM pg_class WHERE relkind IN ('r', 'p') AND relname LIKE 'guacamole\_%'))`

// schema finds out which version the tables are of, and which columns limit
// when a user may log in.
func (d *database) schema(ctx context.Context) (version string, limits []string, err error) {
	var f found
	err = d.do(ctx, func(ctx context.Context) error {
		return d.pool.QueryRow(ctx, findSchema, slices.Sorted(maps.Keys(tables))).Scan(&f)
	})
	if err != nil {
		return "", nil, err
	}
	version, err = f.version()
	for _, column := range windows {
		if slices.Contains(f.Tables["guacamole_user"].Columns, column) {
			limits = append(limits, column)
		}
	}
	return version, limits, err
}

// version tells the version of a schema; one that can not be used is KindInvalid.
func (f found) version() (string, error) {
	version, missing := f.name(), f.missing()
	switch {
	case len(f.All) == 0:
		return "", lab.Errorf(lab.KindInvalid, "the gateway's database has no tables of Guacamole").
			WithHint("Give the database that Guacamole's web application uses, or write the tables into it: /opt/guacamole/bin/initdb.sh --postgresql | psql DATABASE")
	case len(f.Tables) == 0:
		return "", lab.Errorf(lab.KindInvalid, "the gateway's database has Guacamole's tables where our role does not look").
			WithHint("Give the role their schema: ALTER ROLE ... SET search_path = ...")
	case f.isOld():
		return "", lab.Errorf(lab.KindInvalid, "the tables in the gateway's database are older than Guacamole 1.0").
			WithHint("Upgrade Guacamole, and its tables with the scripts in its schema/upgrade folder, to 1.5 or 1.6.")
	case len(missing) > 0:
		return "", lab.Errorf(lab.KindInvalid, "the tables in the gateway's database (%s) are not those we know: %s", version, strings.Join(missing, ", ")).
			WithHint("Use Guacamole 1.5 or 1.6, or look for a newer SandBoxLabs.")
	}
	return version, nil
}

// isOld tells tables of 0.9, whose users are no entities.
func (f found) isOld() bool {
	_, entities := f.Tables["guacamole_entity"]
	return !entities && slices.Contains(f.Tables["guacamole_user"].Columns, "username")
}

// name tells the version by the system permissions that there are.
func (f found) name() string {
	audit := slices.Contains(f.Permissions, permission16)
	for _, p := range f.Permissions {
		if p != permission16 && !slices.Contains(permissions15, p) {
			return "newer than " + schema16
		}
	}
	switch {
	case !audit:
		return schema15
	case f.hasMore():
		return "newer than " + schema16
	}
	return schema16
}

// more are the tables of 1.6 that we do not need.
var more = []string{
	"guacamole_user_group", "guacamole_user_group_member", "guacamole_user_group_attribute", "guacamole_user_group_permission",
	"guacamole_sharing_profile", "guacamole_sharing_profile_parameter", "guacamole_sharing_profile_attribute", "guacamole_sharing_profile_permission",
	"guacamole_user_attribute", "guacamole_connection_attribute", "guacamole_connection_group_attribute",
	"guacamole_connection_history", "guacamole_user_history", "guacamole_user_password_history",
}

// hasMore reports whether there are tables or columns that 1.6 has not.
func (f found) hasMore() bool {
	for _, name := range f.All {
		if _, needed := tables[name]; !needed && !slices.Contains(more, name) {
			return true
		}
	}
	for name, have := range f.Tables {
		for _, column := range have.Columns {
			if !tables[name].knows(column) {
				return true
			}
		}
	}
	return false
}

func (t table) knows(column string) bool {
	return slices.Contains(t.columns, column) || slices.Contains(t.others, column)
}

// missing names what we rely on and do not find, and what we would have to fill
// in and do not know.
func (f found) missing() (what []string) {
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		need := tables[name]
		have, ok := f.Tables[name]
		if !ok {
			what = append(what, "there is no table "+name)
			continue
		}
		for _, column := range need.columns {
			if !slices.Contains(have.Columns, column) {
				what = append(what, fmt.Sprintf("%s has no column %s", name, column))
			}
		}
		for _, constraint := range need.constraints {
			if !slices.Contains(have.Constraints, constraint) {
				what = append(what, fmt.Sprintf("%s has no constraint %s", name, constraint))
			}
		}
		for _, column := range have.Mandatory {
			if !need.knows(column) {
				what = append(what, fmt.Sprintf("%s wants %s", name, column))
			}
		}
	}
	return what
}
