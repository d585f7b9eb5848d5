package stand

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// records is the database of the web application: one connection to it, which is
// made anew if it broke.
type records struct {
	dsn  string
	mu   sync.Mutex
	conn *pgx.Conn
}

// use does something in the database.
func (d *records) use(ctx context.Context, do func(*pgx.Conn) error) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil || d.conn.Ping(ctx) != nil {
		d.drop()
		if d.conn, err = pgx.Connect(ctx, d.dsn); err != nil {
			d.conn = nil
			return err
		}
	}
	return do(d.conn)
}

func (d *records) drop() {
	if d.conn != nil {
		_ = d.conn.Close(context.Background()) // it is broken
	}
	d.conn = nil
}

func (d *records) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return nil
	}
	return d.conn.Close(context.Background())
}

// ask gives the rows of a query.
func ask[T any](ctx context.Context, d *records, row pgx.RowToFunc[T], query string, args ...any) (all []T, err error) {
	err = d.use(ctx, func(conn *pgx.Conn) error {
		rows, _ := conn.Query(ctx, query, args...) // CollectRows has its error
		all, err = pgx.CollectRows(rows, row)
		return err
	})
	return all, err
}

// connection is one that a user may see.
type connection struct {
	ID       int32
	Name     string
	Parent   *int32
	Protocol string
	Last     *time.Time // when it was opened last
}

// group is a group of connections that a user may see.
type group struct {
	ID     int32
	Name   string
	Parent *int32
	Type   string
}

// Who administers everything may see everything.
const administers = `EXISTS (SELECT FROM guacamole_system_permission WHERE entity_id = $1 AND permission = 'ADMINISTER')`

func (w *WebApp) connections(ctx context.Context, s *session) ([]connection, error) {
	return ask(ctx, &w.records, pgx.RowToStructByPos[connection], `
		SELECT c.connection_id, c.connection_name, c.parent_id, c.protocol, max(h.start_date)
		FROM guacamole_connection c LEFT JOIN guacamole_connection_history h USING (connection_id)
		WHERE `+administers+` OR EXISTS (SELECT FROM guacamole_connection_permission p
			WHERE p.connection_id = c.connection_id AND p.entity_id = $1 AND p.permission = 'READ')
		GROUP BY c.connection_id ORDER BY c.connection_id`, s.EntityID)
}

func (w *WebApp) groups(ctx context.Context, s *session) ([]group, error) {
	return ask(ctx, &w.records, pgx.RowToStructByPos[group], `
		SELECT g.connection_group_id, g.connection_group_name, g.parent_id, g.type::text
		FROM guacamole_connection_group g
		WHERE `+administers+` OR EXISTS (SELECT FROM guacamole_connection_group_permission p
			WHERE p.connection_group_id = g.connection_group_id AND p.entity_id = $1 AND p.permission = 'READ')
		ORDER BY g.connection_group_id`, s.EntityID)
}

// readable gives the connection with that number, if the user may see it.
func (w *WebApp) readable(ctx context.Context, s *session, id string) (connection, bool, error) {
	all, err := w.connections(ctx, s)
	for _, c := range all {
		if identifier(&c.ID) == id {
			return c, true, nil
		}
	}
	return connection{}, false, err
}

// identifier is how a number appears in JSON; that of the root is a word.
func identifier(id *int32) string {
	if id == nil {
		return "ROOT"
	}
	return strconv.Itoa(int(*id))
}

// connection answers with one connection.
func (w *WebApp) connection(r *http.Request, s *session) (any, error) {
	id := r.PathValue("id")
	c, found, err := w.readable(r.Context(), s, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notFoundf("Not found: %q", id)
	}
	return w.describe(c), nil
}

func (w *WebApp) describe(c connection) map[string]any {
	w.mu.Lock()
	defer w.mu.Unlock()
	about := map[string]any{
		"name": c.Name, "identifier": identifier(&c.ID), "parentIdentifier": identifier(c.Parent),
		"protocol": c.Protocol, "attributes": map[string]string{}, "activeConnections": w.active[c.ID],
	}
	if c.Last != nil {
		about["lastActive"] = c.Last.UnixMilli()
	}
	return about
}

// tree answers with all that the user may see, below the root.
func (w *WebApp) tree(r *http.Request, s *session) (any, error) {
	groups, err := w.groups(r.Context(), s)
	if err != nil {
		return nil, err
	}
	connections, err := w.connections(r.Context(), s)
	if err != nil {
		return nil, err
	}
	below := map[string][]map[string]any{}
	for _, c := range connections {
		below[identifier(c.Parent)] = append(below[identifier(c.Parent)], w.describe(c))
	}
	root := map[string]any{"name": "ROOT", "identifier": "ROOT", "type": "ORGANIZATIONAL", "activeConnections": 0, "attributes": map[string]string{}}
	grow(root, groups, below)
	return root, nil
}

// grow hangs onto a branch what is below it. What is below a group that the user
// may not see, is not seen.
func grow(branch map[string]any, groups []group, connections map[string][]map[string]any) {
	here := branch["identifier"].(string)
	if len(connections[here]) > 0 {
		branch["childConnections"] = connections[here]
	}
	var below []map[string]any
	for _, g := range groups {
		if identifier(g.Parent) == here {
			child := map[string]any{
				"name": g.Name, "identifier": identifier(&g.ID), "parentIdentifier": here,
				"type": g.Type, "activeConnections": 0, "attributes": map[string]string{},
			}
			grow(child, groups, connections)
			below = append(below, child)
		}
	}
	if below != nil {
		branch["childConnectionGroups"] = below
	}
}

// permission is one of a user: on a thing of that kind, or, if it is on none, on all.
type permission struct {
	Kind, On, Permission string
}

// permissions answers with those of the user.
func (w *WebApp) permissions(r *http.Request, s *session) (any, error) {
	all, err := ask(r.Context(), &w.records, pgx.RowToStructByPos[permission], `
		SELECT 'connectionPermissions', connection_id::text, permission::text FROM guacamole_connection_permission WHERE entity_id = $1
		UNION SELECT 'connectionGroupPermissions', connection_group_id::text, permission::text FROM guacamole_connection_group_permission WHERE entity_id = $1
		UNION SELECT 'sharingProfilePermissions', sharing_profile_id::text, permission::text FROM guacamole_sharing_profile_permission WHERE entity_id = $1
		UNION SELECT 'userPermissions', e.name, p.permission::text FROM guacamole_user_permission p
			JOIN guacamole_user u ON u.user_id = p.affected_user_id JOIN guacamole_entity e ON e.entity_id = u.entity_id WHERE p.entity_id = $1
		UNION SELECT 'systemPermissions', '', permission::text FROM guacamole_system_permission WHERE entity_id = $1
		ORDER BY 1, 2, 3`, s.EntityID)
	if err != nil {
		return nil, err
	}
	system, answer := []string{}, map[string]any{}
	for _, kind := range []string{"connection", "connectionGroup", "sharingProfile", "activeConnection", "user", "userGroup"} {
		answer[kind+"Permissions"] = map[string][]string{}
	}
	for _, p := range all {
		if things, ok := answer[p.Kind].(map[string][]string); ok {
			things[p.On] = append(things[p.On], p.Permission)
		} else {
			system = append(system, p.Permission)
		}
	}
	answer["systemPermissions"] = system
	return answer, nil
}
