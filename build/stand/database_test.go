package stand

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What is shared by the tests that do not stop it, once it is there.
var (
	database *Database
	guacd    *Guacd
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	code := m.Run()
	if guacd != nil {
		if err := guacd.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if database != nil {
		if err := database.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		_ = os.RemoveAll(database.dir) // it is in the temporary directory
	}
	return code
}

var sharedDatabase = sync.OnceValues(func() (*Database, error) {
	dir, err := os.MkdirTemp("", "stand")
	if err != nil {
		return nil, err
	}
	return NewDatabase(dir)
})

func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs PostgreSQL and guacd; run without -short")
	}
}

// mustDatabase gives the shared server, or skips what needs one.
func mustDatabase(t *testing.T) *Database {
	t.Helper()
	skipIfShort(t)
	d, err := sharedDatabase()
	if err != nil {
		t.Fatal(err)
	}
	database = d
	return d
}

func mustGateway(t *testing.T, d *Database, version string) *Schema {
	t.Helper()
	s, err := d.NewGateway(version)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustConnect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the test may have killed it
	return conn
}

func mustExec(t *testing.T, conn *pgx.Conn, statement string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// mustAsk gives the one value that a query answers with.
func mustAsk[T any](t *testing.T, conn *pgx.Conn, query string, args ...any) T {
	t.Helper()
	var answer T
	if err := conn.QueryRow(context.Background(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// denied is the code of PostgreSQL for a missing right.
const denied = "42501"

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != code {
		t.Errorf("got %v, want code %s", err, code)
	}
}

func TestSchemasDifferInOneValue(t *testing.T) {
	d := mustDatabase(t)
	const audit = "SELECT 'AUDIT' = ANY (enum_range(NULL::guacamole_system_permission_type)::text[])"
	for version, want := range map[string]bool{"1.5": false, "1.6": true, "0.9": false} {
		conn := mustConnect(t, mustGateway(t, d, version).Admin)
		if got := mustAsk[bool](t, conn, audit); got != want {
			t.Errorf("%s: AUDIT is there: %v, want %v", version, got, want)
		}
	}
	conn := mustConnect(t, mustGateway(t, d, "none").Ours)
	if got := mustAsk[int](t, conn, "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'"); got != 0 {
		t.Errorf("none: %d tables, want 0", got)
	}
	if _, err := d.NewGateway("2.0"); err == nil {
		t.Error("2.0: a schema, want an error")
	}
}

func TestOurRightsAreExactlyThese(t *testing.T) {
	d := mustDatabase(t)
	s := mustGateway(t, d, "1.6")
	conn := mustConnect(t, s.Ours)
	const rights = `SELECT string_agg(privilege_type, ' ' ORDER BY privilege_type) FROM information_schema.role_table_grants
		WHERE grantee = current_user AND table_name = $1`
	ours := map[string]string{"guacamole_system_permission": "DELETE SELECT"}
	for _, table := range strings.Split(ourTables, ", ") {
		ours[table] = "DELETE INSERT SELECT UPDATE"
	}
	rows, _ := conn.Query(context.Background(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) != 23 {
		t.Fatalf("%d tables, error %v, want 23", len(tables), err)
	}
	for _, table := range tables {
		got := mustAsk[*string](t, conn, rights, table)
		if got == nil {
			got = new(string)
		}
		if *got != ours[table] {
			t.Errorf("%s: may %q, want %q", table, *got, ours[table])
		}
	}
}

func TestWhatIsNotOursIsDenied(t *testing.T) {
	d := mustDatabase(t)
	s := mustGateway(t, d, "1.5")
	for dsn, statements := range map[string][]string{
		s.Ours: {
			"SELECT * FROM guacamole_connection_history",
			"INSERT INTO guacamole_system_permission VALUES (1, 'ADMINISTER')",
			"UPDATE guacamole_system_permission SET permission = 'ADMINISTER'",
			"CREATE TABLE mine ()",
			"TRUNCATE guacamole_connection",
		},
		s.ReadOnly: {"DELETE FROM guacamole_entity", "SELECT nextval('guacamole_entity_entity_id_seq')"},
		s.WebApp:   {"DROP TABLE guacamole_entity", "CREATE TABLE mine ()"},
	} {
		conn := mustConnect(t, dsn)
		for _, statement := range statements {
			if _, err := conn.Exec(context.Background(), statement); err == nil {
				t.Errorf("%s: it was done", statement)
			} else if !strings.Contains(err.Error(), "must be owner") {
				wantCode(t, err, denied)
			}
		}
	}
	stranger := strings.TrimSuffix(s.Ours, s.Name) + mustGateway(t, d, "1.5").Name
	_, err := pgx.Connect(context.Background(), stranger)
	wantCode(t, err, denied)
}

func TestWrongPasswordIsRefused(t *testing.T) {
	s := mustGateway(t, mustDatabase(t), "1.6")
	_, err := pgx.Connect(context.Background(), strings.Replace(s.Ours, "@", "x@", 1))
	wantCode(t, err, "28P01")
}

func TestHistoryOutlivesItsConnection(t *testing.T) {
	conn := mustConnect(t, mustGateway(t, mustDatabase(t), "1.6").WebApp)
	mustExec(t, conn, "INSERT INTO guacamole_connection (connection_name, protocol) VALUES ('a', 'vnc')")
	mustExec(t, conn, `INSERT INTO guacamole_connection_history (username, connection_id, connection_name, start_date)
		SELECT 'u', connection_id, connection_name, now() FROM guacamole_connection`)
	mustExec(t, conn, "DELETE FROM guacamole_connection")
	if got := mustAsk[*int](t, conn, "SELECT connection_id FROM guacamole_connection_history"); got != nil {
		t.Errorf("history is of %d, want of none", *got)
	}
}

func TestGatewaysAreMadeAtOnce(t *testing.T) {
	d := mustDatabase(t)
	mustGateway(t, d, "1.6") // makes the template
	started := time.Now()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := d.NewGateway("1.6"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	t.Logf("8 gateways in %v", time.Since(started))
	started = time.Now()
	mustGateway(t, d, "1.6")
	t.Logf("another one in %v", time.Since(started))
}

func TestDatabaseComesBack(t *testing.T) {
	skipIfShort(t)
	started := time.Now()
	d, err := NewDatabase(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("new in %v", time.Since(started))
	s := mustGateway(t, d, "1.5")
	port := d.Port()
	for name, end := range map[string]func() error{"stop": d.Stop, "kill": d.Kill, "close": d.Close} {
		open := mustConnect(t, s.Ours)
		if err := errors.Join(end(), end()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := open.Ping(context.Background()); err == nil {
			t.Errorf("%s: an open connection is still good", name)
		}
		if conn, err := pgx.Connect(context.Background(), s.Ours); err == nil {
			t.Errorf("%s: somebody still answers", name)
			_ = conn.Close(context.Background())
		}
		started := time.Now()
		if err := d.Start(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("back after %s in %v", name, time.Since(started))
		mustAsk[int](t, mustConnect(t, s.Ours), "SELECT count(*)::int FROM guacamole_connection")
	}
	if d.Port() != port {
		t.Errorf("port %d, want %d as before", d.Port(), port)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
