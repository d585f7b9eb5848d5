package stand

import (
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed schema*.sql
var schemas embed.FS

// schemaFiles are what makes the schema of each version.
var schemaFiles = map[string][]string{
	"0.9":  {"schema_0.9.sql"},
	"1.5":  {"schema_1.5.sql", "schema.sql"},
	"1.6":  {"schema_1.6.sql", "schema.sql"},
	"none": nil,
}

// Tables and rights that the stack gives to our role, and no others.
const (
	ourTables = "guacamole_connection, guacamole_connection_parameter, guacamole_connection_permission, " +
		"guacamole_connection_group, guacamole_connection_group_permission, " +
		"guacamole_entity, guacamole_user, guacamole_user_permission"
	ourGrants = `
GRANT SELECT, INSERT, UPDATE, DELETE ON ` + ourTables + ` TO %[1]s;
GRANT SELECT, DELETE ON guacamole_system_permission TO %[1]s;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %[1]s;`
	webAppGrants = `
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %[1]s;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO %[1]s;`
	readOnlyGrants = `
GRANT SELECT ON ALL TABLES IN SCHEMA public TO %[1]s;`
)

// Schema is a database of its own, as Guacamole has it, and the ways into it:
// each a postgres://USER:PASSWORD@127.0.0.1:PORT/DATABASE, with a user who may
// get into this database alone.
type Schema struct {
	Version  string // as it was asked for
	Name     string // of the database
	Ours     string // has the rights that the stack gives to us, and no others
	WebApp   string // may read and write everything, as the web application
	ReadOnly string // may read everything
	Admin    string // superuser, of the whole server
}

// NewGateway makes a database with the schema of that version of Guacamole: "1.5"
// (which is that of 1.0 to 1.5), "1.6", "0.9" (only so much that it can be told
// from the later ones) or "none", which has no tables. There are no users in it.
// It may be called by many at once.
func (d *Database) NewGateway(version string) (*Schema, error) {
	files, known := schemaFiles[version]
	if !known {
		return nil, fmt.Errorf("make gateway: there is no schema %q, only %q", version, slices.Sorted(maps.Keys(schemaFiles)))
	}
	name := "gateway_" + strings.ToLower(rand.Text()[:10])
	s := &Schema{Version: version, Name: name, Admin: d.dsn(superuser, d.password, name)}
	err := d.as(superuser, func(conn *pgx.Conn) error {
		if err := d.template(conn, version, files); err != nil {
			return err
		}
		return execute(conn, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, templateName(version)))
	})
	if err == nil {
		err = d.as(name, func(conn *pgx.Conn) error { return execute(conn, d.roles(s)) })
	}
	if err != nil {
		return nil, fmt.Errorf("make gateway: %w", err)
	}
	return s, nil
}

// template makes the database that those of a version are copied from, once.
func (d *Database) template(conn *pgx.Conn, version string, files []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.templates[version] {
		return nil
	}
	if err := execute(conn, "CREATE DATABASE "+templateName(version)); err != nil {
		return err
	}
	err := d.as(templateName(version), func(conn *pgx.Conn) error {
		for _, file := range files {
			text, err := schemas.ReadFile(file)
			if err == nil {
				err = execute(conn, string(text))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		return nil
	})
	d.templates[version] = err == nil
	return err
}

func templateName(version string) string { return "template_" + strings.ReplaceAll(version, ".", "_") }

// roles makes the ways into the database, and gives the statements for them.
func (d *Database) roles(s *Schema) string {
	statements := fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC; REVOKE CREATE ON SCHEMA public FROM PUBLIC;", s.Name)
	for _, r := range []struct {
		suffix, grants string
		dsn            *string
	}{
		{"ours", ourGrants, &s.Ours},
		{"webapp", webAppGrants, &s.WebApp},
		{"reader", readOnlyGrants, &s.ReadOnly},
	} {
		role, password := s.Name+"_"+r.suffix, rand.Text()
		*r.dsn = d.dsn(role, password, s.Name)
		statements += fmt.Sprintf("\nCREATE ROLE %s LOGIN PASSWORD '%s'; GRANT CONNECT ON DATABASE %s TO %[1]s;", role, password, s.Name)
		if strings.HasPrefix(s.Version, "1.") {
			statements += fmt.Sprintf(r.grants, role)
		}
	}
	return statements
}

// execute runs statements that give nothing back, all or none of them.
func execute(conn *pgx.Conn, statements string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := conn.PgConn().Exec(ctx, statements).ReadAll()
	return err
}
