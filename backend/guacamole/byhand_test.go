package guacamole

import (
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// number gives the number of a node's connection, wherever it is.
func (s *site) number(t *testing.T, id string) int {
	t.Helper()
	return ask[int](t, s, "SELECT coalesce(max(connection_id), 0) FROM guacamole_connection WHERE connection_name LIKE '%' || $1", id)
}

// TestChangedByHand changes one thing in the database, wants that to be seen,
// and registers again.
func TestChangedByHand(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	ours := "(SELECT connection_group_id FROM guacamole_connection_group WHERE connection_group_name LIKE 'SandBoxLabs%')"
	for what, tt := range map[string]struct {
		change string // $1: the connection
		keeps  bool   // the number
	}{
		"renamed":        {"UPDATE guacamole_connection SET connection_name = 'x' || right(connection_name, 37) WHERE connection_id = $1", true},
		"a protocol":     {"UPDATE guacamole_connection SET protocol = 'ssh' WHERE connection_id = $1", true},
		"a parameter":    {"UPDATE guacamole_connection_parameter SET parameter_value = '1' WHERE connection_id = $1 AND parameter_name = 'port'", true},
		"one more":       {"INSERT INTO guacamole_connection_parameter VALUES ($1, 'enable-sftp', 'true')", true},
		"one less":       {"DELETE FROM guacamole_connection_parameter WHERE connection_id = $1 AND parameter_name = 'autoretry'", true},
		"all less":       {"DELETE FROM guacamole_connection_parameter WHERE connection_id = $1", true},
		"its permission": {"DELETE FROM guacamole_connection_permission WHERE connection_id = $1", true},
		"doubled": {"INSERT INTO guacamole_connection (connection_name, parent_id, protocol) SELECT 'copy of ' || connection_name, parent_id, protocol " +
			"FROM guacamole_connection WHERE connection_id = $1", true},
		"deleted":      {"DELETE FROM guacamole_connection WHERE connection_id = $1", false},
		"out of reach": {"UPDATE guacamole_connection SET parent_id = NULL WHERE connection_id = $1", false},
		"its group":    {"DELETE FROM guacamole_connection_group WHERE connection_group_id = " + ours + " AND $1 > 0", false},
		"group renamed": {"UPDATE guacamole_connection_group SET connection_group_name = 'mine' WHERE connection_group_id = " +
			ours + " AND $1 > 0", false},
		"its user": {"DELETE FROM guacamole_entity WHERE name LIKE 'sandboxlabs-%' AND $1 > 0", true},
	} {
		t.Run(what, func(t *testing.T) {
			c := labtest.Connection("web")
			r.must(t, c)
			number := s.number(t, c.ID)
			s.do(t, tt.change, number)
			got, err := r.Connections(t.Context())
			if err != nil || len(got) == 1 && lab.SameConnection(got[0], c) {
				t.Errorf("got %v, %v, want it to differ", got, err)
			}
			r.must(t, c)
			wantOnly(t, r, c)
			if now := s.number(t, c.ID); now == number != tt.keeps {
				t.Errorf("it was number %d and is %d, want it kept: %v", number, now, tt.keeps)
			}
			if link, err := r.Link(t.Context(), c.ID); err != nil || link == "" {
				t.Errorf("linking: %q, %v", link, err)
			}
			if err := r.Remove(t.Context(), c.ID); err != nil {
				t.Error(err)
			}
			wantOnly(t, r)
		})
	}
}

// TestRowsThatNameNoNode are those a person renamed: they can be removed by what
// Connections calls them.
func TestRowsThatNameNoNode(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1.5")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	name := "Ann's \"web\" ${x} äöü"
	s.do(t, "UPDATE guacamole_connection SET connection_name = $1", name)
	got, err := r.Connections(t.Context())
	if err != nil || len(got) != 1 || got[0].ID != name {
		t.Fatalf("got %v, %v, want one with the ID %q", got, err, name)
	}
	r.must(t, c)
	for range 2 {
		if err := r.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
		wantOnly(t, r, c)
	}
	for _, id := range []string{"", strings.Repeat("x", longest+1), "\xff"} {
		if err := r.Remove(t.Context(), id); lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%q: got %v, want it invalid", id, err)
		}
	}
}

// TestForeignRowsStay has connections of the same name in the root, in another
// group and below ours.
func TestForeignRowsStay(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	name := connectionName(c)
	s.do(t, `INSERT INTO guacamole_connection_group (connection_group_name, type) VALUES ('others', 'ORGANIZATIONAL');
		INSERT INTO guacamole_connection_group (connection_group_name, type, parent_id)
			SELECT 'below', 'ORGANIZATIONAL', connection_group_id FROM guacamole_connection_group WHERE connection_group_name LIKE 'SandBoxLabs%'`)
	s.do(t, `INSERT INTO guacamole_connection (connection_name, protocol, parent_id)
		SELECT $1, 'ssh', connection_group_id FROM guacamole_connection_group WHERE connection_group_name IN ('others', 'below') UNION ALL SELECT $1, 'ssh', NULL`, name)
	s.do(t, `INSERT INTO guacamole_connection_parameter SELECT connection_id, 'port', '22' FROM guacamole_connection`)
	r.must(t, c)
	wantOnly(t, r, c)
	if err := r.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, r)
	const foreign = `SELECT count(*)::int FROM guacamole_connection c JOIN guacamole_connection_parameter p USING (connection_id)
		WHERE connection_name = $1 AND protocol = 'ssh' AND parameter_value = '22'`
	if got := ask[int](t, s, foreign, name); got != 3 {
		t.Errorf("%d of 3 foreign connections are as they were", got)
	}
}

// TestColumnsWeDoNotSpeakOfStay are limits and a guacd of its own.
func TestColumnsWeDoNotSpeakOfStay(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	s.do(t, "UPDATE guacamole_connection SET max_connections = 3, proxy_hostname = 'guacd.example.org'")
	c.Name, c.VNC = "renamed", nil
	r.must(t, c)
	if got := ask[string](t, s, "SELECT max_connections || proxy_hostname FROM guacamole_connection"); got != "3guacd.example.org" {
		t.Errorf("got %q, want them as they were", got)
	}
}

// TestRestoredBackup brings an old database back under our feet, in which our
// numbers belong to others.
func TestRestoredBackup(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	link, err := r.Link(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, `DELETE FROM guacamole_connection_group; DELETE FROM guacamole_entity;
		INSERT INTO guacamole_connection_group (connection_group_id, connection_group_name, type) VALUES (1, 'others', 'ORGANIZATIONAL');
		INSERT INTO guacamole_connection (connection_id, connection_name, protocol, parent_id) VALUES (1, 'theirs', 'ssh', 1);
		INSERT INTO guacamole_entity (entity_id, name, type) VALUES (1, 'bob', 'USER');
		INSERT INTO guacamole_user (user_id, entity_id, password_hash, password_date) VALUES (1, 1, '', now())`)
	wantOnly(t, r)
	if _, err := r.Link(t.Context(), c.ID); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want it not found", err)
	}
	r.must(t, c)
	wantOnly(t, r, c)
	now, err := r.Link(t.Context(), c.ID)
	if err != nil || now == link {
		t.Errorf("got %v, want a link with another number and token", err)
	}
	tunnel, err := r.Tunnel(t.Context(), c.ID, lab.TunnelRequest{})
	if err != nil {
		t.Fatalf("the new user may not open its console: %v", err)
	}
	if err := tunnel.Close(); err != nil {
		t.Error(err)
	}
	if got := ask[string](t, s, "SELECT protocol FROM guacamole_connection WHERE connection_id = 1"); got != "ssh" {
		t.Errorf("another's connection is %q now", got)
	}
}

// TestUserChangedByHand is mended at the next opening and the next login.
func TestUserChangedByHand(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	entity := ask[int](t, s, "SELECT entity_id FROM guacamole_entity")
	const changes = `UPDATE guacamole_user SET disabled = true, expired = true, valid_until = '2001-01-01', access_window_start = '01:00', access_window_end = '02:00';
		INSERT INTO guacamole_system_permission SELECT entity_id, 'ADMINISTER' FROM guacamole_entity;
		DELETE FROM guacamole_user_permission; DELETE FROM guacamole_connection_group_permission;
		UPDATE guacamole_connection_group SET type = 'BALANCING'`
	const mended = `SELECT count(*)::int FROM guacamole_user u JOIN guacamole_user_permission p ON p.affected_user_id = u.user_id
		JOIN guacamole_connection_group_permission g ON g.entity_id = u.entity_id AND g.permission = 'READ'
		JOIN guacamole_connection_group USING (connection_group_id)
		WHERE u.entity_id = $1 AND NOT disabled AND NOT expired AND valid_until IS NULL AND access_window_start IS NULL AND access_window_end IS NULL
		AND p.permission = 'READ' AND type = 'ORGANIZATIONAL' AND NOT EXISTS (SELECT FROM guacamole_system_permission)`
	for what, mend := range map[string]func(){
		"opening": func() { mustOpen(t, s.access) },
		"login": func() {
			if err := r.Login(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		s.do(t, changes)
		mend()
		if got := ask[int](t, s, mended, entity); got != 1 {
			t.Errorf("%s: got %d users as they should be, want 1", what, got)
		}
	}
}
