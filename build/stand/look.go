package stand

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
)

// Row is a connection as it stands in the database.
type Row struct {
	Number     int // connection_id
	Name       string
	Group      string            // of connections, empty at the root
	Parameters map[string]string // by their names
	Opened     int               // how often, by the history
}

// Rows gives every connection of the database, by number, as its administrator sees it.
func (s *Schema) Rows(ctx context.Context) ([]Row, error) {
	conn, err := pgx.Connect(ctx, s.Admin)
	if err != nil {
		return nil, fmt.Errorf("read connections: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing was written
	return rowsOf(ctx, conn)
}

func rowsOf(ctx context.Context, conn *pgx.Conn) ([]Row, error) {
	rows, _ := conn.Query(ctx, `
		SELECT c.connection_id, c.connection_name, coalesce(g.connection_group_name, ''),
			coalesce((SELECT json_object_agg(parameter_name, parameter_value)
				FROM guacamole_connection_parameter p WHERE p.connection_id = c.connection_id), '{}'),
			(SELECT count(*) FROM guacamole_connection_history h WHERE h.connection_id = c.connection_id)
		FROM guacamole_connection c LEFT JOIN guacamole_connection_group g ON g.connection_group_id = c.parent_id
		ORDER BY 1`)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Row])
	if err != nil {
		return nil, fmt.Errorf("read connections: %w", err)
	}
	return all, nil
}

// Follow calls seen with all connections whenever they are not what they were,
// about a millisecond after that, until ctx ends.
func (s *Schema) Follow(ctx context.Context, seen func(at time.Time, rows []Row)) error {
	conn, err := pgx.Connect(ctx, s.Admin)
	if err != nil {
		return fmt.Errorf("follow connections: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // nothing was written
	var before []Row
	for {
		rows, err := rowsOf(ctx, conn)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case !reflect.DeepEqual(rows, before):
			seen(time.Now(), rows)
			before = rows
		}
		time.Sleep(time.Millisecond / 2)
	}
}

// Pid is that of guacd; the consoles it carries are its children.
func (g *Guacd) Pid() int { return g.server.cmd.Process.Pid }
