package guacamole

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/build/stand"
)

// edited gives a DSN with a part of it changed.
func edited(t *testing.T, dsn string, edit func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	edit(u)
	return u.String()
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1.6")
	none, old, broken, narrow := newSite(t, "none"), newSite(t, "0.9"), newSite(t, "1.6"), newSite(t, "1.6")
	broken.do(t, "ALTER TABLE guacamole_connection DROP CONSTRAINT connection_name_parent")
	narrow.do(t, "CREATE SCHEMA elsewhere; ALTER TABLE guacamole_entity SET SCHEMA elsewhere")
	for _, tt := range []struct {
		name, dsn string
		kind      lab.Kind
		says      string
	}{
		{"no server", edited(t, s.Ours, func(u *url.URL) { u.Host = "127.0.0.1:1" }), lab.KindUnavailable, "does not answer: dial tcp 127.0.0.1:1"},
		{"no host", edited(t, s.Ours, func(u *url.URL) { u.Host = "nosuch.invalid" }), lab.KindUnavailable, "does not answer"},
		{"no TLS", edited(t, s.Ours, func(u *url.URL) { u.RawQuery = "sslmode=verify-full" }), lab.KindInvalid, "speaks no TLS"},
		{"no such user", edited(t, s.Ours, func(u *url.URL) { u.User = url.UserPassword("nobody", "wrongPassword1") }), lab.KindDenied, "does not let us in"},
		{"a wrong password", edited(t, s.Ours, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrongPassword2") }), lab.KindDenied, "does not let us in"},
		{"no password", edited(t, s.Ours, func(u *url.URL) { u.User = url.User(u.User.Username()) }), lab.KindDenied, "does not let us in"},
		{"no such database", edited(t, s.Admin, func(u *url.URL) { u.Path = "/nosuch" }), lab.KindInvalid, "no database of that name"},
		{"another's database", edited(t, s.Ours, func(u *url.URL) { u.Path = "/" + none.Name }), lab.KindDenied, "does not let us"},
		{"an address that is none", "postgres://u:wrongPassword3@host:port/db", lab.KindInvalid, "not one"},
		{"no tables", none.Ours, lab.KindInvalid, "no tables of Guacamole"},
		{"tables of 0.9", old.Admin, lab.KindInvalid, "older than Guacamole 1.0"},
		{"tables without a constraint", broken.Ours, lab.KindInvalid, "guacamole_connection has no constraint connection_name_parent"},
		{"a table elsewhere", narrow.Ours, lab.KindInvalid, "there is no table guacamole_entity"},
		{"a role that may only read", s.ReadOnly, lab.KindDenied, "permission denied for table guacamole_connection_group"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			access := s.access
			access.DSN = tt.dsn
			r, err := newOpen().Open(t.Context(), access, func(error) {})
			wantKind(t, tt.name, err, tt.kind, tt.says)
			if r != nil {
				t.Error("got a registry")
			}
		})
	}
	if got := ask[int](t, s, "SELECT count(*)::int FROM guacamole_connection_group"); got != 0 {
		t.Errorf("%d groups were made, want none", got)
	}
}

func TestNewerSchemaIsUsedIfItHasWhatWeNeed(t *testing.T) {
	s := newSite(t, "1.6")
	s.do(t, `ALTER TYPE guacamole_system_permission_type ADD VALUE 'FLY'; ALTER TABLE guacamole_user DROP COLUMN valid_from, ADD COLUMN shoe_size int`)
	r := mustOpen(t, s.access)
	if got := r.Schema(); got != "newer than 1.6" {
		t.Errorf("got schema %q", got)
	}
	c := labtest.Connection("web")
	r.must(t, c)
	wantOnly(t, r, c)
}

// TestKilledDatabase kills the server while many register.
func TestKilledDatabase(t *testing.T) {
	t.Parallel()
	mustDatabase(t) // for its reasons to skip
	d := newDatabase(t)
	s := newSiteOn(t, d, "1.6")
	lost := make(chan error, 2)
	r, err := newOpen().Open(t.Context(), s.access, func(err error) { lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	var many sync.WaitGroup
	var mu sync.Mutex
	done, failed := 0, 0
	first := make(chan struct{})
	for range 100 {
		many.Go(func() {
			for range 50 {
				err := r.Register(t.Context(), labtest.Connection("web"))
				mu.Lock()
				if err == nil {
					if done++; done == 20 {
						close(first)
					}
				} else {
					failed++
					wantKind(t, "registering", err, lab.KindUnavailable, "")
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	<-first
	killed := time.Now()
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-lost:
		wantKind(t, "lost", err, lab.KindUnavailable, "does not answer")
		t.Logf("lost after %v", time.Since(killed))
	case <-time.After(time.Second):
		t.Fatal("nobody was told within 1 s")
	}
	many.Wait()
	if waited := time.Since(killed); failed == 0 || waited > callLimit {
		t.Errorf("%d failed, the last after %v, want some, and soon", failed, waited)
	}
	for what, err := range map[string]error{"login": r.Login(t.Context()), "remove": r.Remove(t.Context(), "x")} {
		wantKind(t, what, err, lab.KindUnavailable, "")
	}
	_, err = newOpen().Open(t.Context(), s.access, func(error) {})
	wantKind(t, "opening", err, lab.KindUnavailable, "does not answer")
	if err := r.Close(t.Context()); err != nil || s.web.Tokens() != 0 {
		t.Errorf("closing: %v, %d tokens are left, want none", err, s.web.Tokens())
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, s.access)
	all, err := again.Connections(t.Context())
	if err != nil || len(all) < done {
		t.Errorf("got %d connections, %v, want at least the %d that were made", len(all), err, done)
	}
	for _, c := range all {
		if !lab.SameConnection(c, lab.Connection{ID: c.ID, Name: "web", VNC: &lab.VNC{Port: 5901}, Password: "abcDEF12"}) {
			t.Errorf("got half a connection: %v with %v", c, c.Parameters)
		}
	}
	if len(lost) > 0 {
		t.Error("somebody was told twice")
	}
}

// newDatabase gives a server that the test may kill.
func newDatabase(t *testing.T) *stand.Database {
	t.Helper()
	dir, err := os.MkdirTemp("", "guacamole")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is in the temporary directory
	d, err := stand.NewDatabase(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // the test may have killed it
	return d
}

func TestLostWhenOurConnectionIsEnded(t *testing.T) {
	s := newSite(t, "1.5")
	lost := make(chan error, 2)
	r, err := newOpen().Open(t.Context(), s.access, func(err error) { lost <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(t.Context()) //nolint:errcheck // it is lost
	s.do(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sandboxlabs' AND datname = current_database()")
	select {
	case err := <-lost:
		wantKind(t, "lost", err, lab.KindUnavailable, "terminating connection")
	case <-time.After(time.Second):
		t.Fatal("nobody was told within 1 s")
	}
}

func TestLockDelaysAndDoesNotHang(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	before := labtest.Connection("before")
	r.must(t, before)
	conn := s.byHand(t)
	held := time.Now()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE guacamole_connection IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var waiting []lab.Connection
	for range 20 { // more than there are connections
		c := labtest.Connection("web")
		waiting = append(waiting, c)
		all.Go(func() {
			if err := r.Register(t.Context(), c); err != nil {
				t.Errorf("registering: %v", err)
			}
		})
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = r.Connections(short)
	if lab.KindOf(err) != lab.KindUnavailable || time.Since(held) > time.Second {
		t.Errorf("got %v after %v, want the caller's own limit to hold", err, time.Since(held))
	}
	const hold = 5 * time.Second
	time.Sleep(time.Until(held.Add(hold)))
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if took := time.Since(held); took < hold || took > callLimit {
		t.Errorf("it took %v, want it done when the lock was gone", took)
	}
	wantOnly(t, r, append(waiting, before)...)
}

func TestLockThatStaysIsTold(t *testing.T) {
	s := newSite(t, "1.6")
	setting := settings["lock_timeout"]
	settings["lock_timeout"] = "100ms"
	defer func() { settings["lock_timeout"] = setting }()
	r := mustOpen(t, s.access)
	tx, err := s.byHand(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE guacamole_connection IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "registering", r.Register(t.Context(), labtest.Connection("web")), lab.KindUnavailable, "busy")
}

// TestTwoProgramsRegisterOneNode has two programs with their own connections
// tell of the same node at the same time.
func TestTwoProgramsRegisterOneNode(t *testing.T) {
	s := newSite(t, "1.6")
	one, two := mustOpen(t, s.access), mustOpen(t, s.access)
	for i := range 50 {
		c := labtest.Connection("web")
		other := c
		other.Name, other.VNC, other.Password = "renamed", nil, ""
		c.Parameters = map[string]string{"read-only": "true"}
		var both sync.WaitGroup
		for r, c := range map[*openRegistry]lab.Connection{&one: c, &two: other} {
			both.Go(func() {
				if err := r.Register(t.Context(), c); err != nil {
					t.Errorf("round %d: %v", i, err)
				}
			})
		}
		both.Wait()
		got, err := two.Connections(t.Context())
		if err != nil || len(got) != 1 || !lab.SameConnection(got[0], c) && !lab.SameConnection(got[0], other) {
			t.Fatalf("round %d: got %v, %v, want one of the two, whole", i, got, err)
		}
		if err := one.Remove(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyOpenAtOnce proves trap 1: one group, though nothing but our lock keeps
// it the only one.
func TestManyOpenAtOnce(t *testing.T) {
	s := newSite(t, "1.5")
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			r, err := newOpen().Open(t.Context(), s.access, func(err error) { t.Errorf("lost: %v", err) })
			if err != nil {
				t.Errorf("opening: %v", err)
				return
			}
			if err := r.Close(t.Context()); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
	}
	all.Wait()
	for _, table := range []string{"guacamole_connection_group", "guacamole_entity", "guacamole_user", "guacamole_user_permission", "guacamole_connection_group_permission"} {
		if got := ask[int](t, s, "SELECT count(*)::int FROM "+table); got != 1 {
			t.Errorf("%d rows of %s, want 1", got, table)
		}
	}
}

// TestHowLongRegisteringTakes logs what DESIGN.md and the facts speak of.
func TestHowLongRegisteringTakes(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	took := make([]time.Duration, 0, 300)
	c := labtest.Connection("web")
	for i := range cap(took) {
		if i%3 == 0 {
			c = labtest.Connection("web")
		}
		c.VNC.Port = 5900 + i
		start := time.Now()
		r.must(t, c)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	start := time.Now()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if err := r.Register(t.Context(), labtest.Connection("many")); err != nil {
				t.Errorf("registering: %v", err)
			}
		})
	}
	all.Wait()
	at100 := time.Since(start)
	start = time.Now()
	got, err := r.Connections(t.Context())
	if err != nil || len(got) != 200 {
		t.Errorf("got %d connections, %v, want 200", len(got), err)
	}
	t.Logf("Register: p50 %v, p90 %v; 100 at once: %v; reading %d: %v", took[150], took[270], at100, len(got), time.Since(start))
}

func TestReadOnlyAtEachCall(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	ours, err := pgx.ParseConfig(s.Ours)
	if err != nil {
		t.Fatal(err)
	}
	s.do(t, "REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM "+ours.User)
	wantKind(t, "register", r.Register(t.Context(), c), lab.KindDenied, "permission denied for table")
	wantKind(t, "remove", r.Remove(t.Context(), c.ID), lab.KindDenied, "permission denied for table")
	wantKind(t, "login", r.Login(t.Context()), lab.KindDenied, "permission denied for table")
	wantOnly(t, r, c)
	s.do(t, "REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM "+ours.User)
	_, err = r.Connections(t.Context())
	wantKind(t, "connections", err, lab.KindDenied, "permission denied for table")
	_, err = r.Link(t.Context(), c.ID)
	wantKind(t, "link", err, lab.KindDenied, "permission denied for table")
	s.do(t, "DROP TABLE guacamole_connection_permission")
	_, err = r.Connections(t.Context())
	wantKind(t, "without a table", err, lab.KindInvalid, "lacks what Guacamole has")
}

func TestNoValueIsInTheErrors(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	s.do(t, "ALTER TABLE guacamole_connection_parameter ADD CHECK (parameter_value <> 'hiddenPW')")
	c := labtest.Connection("web")
	c.Password = "hiddenPW"
	err := r.Register(t.Context(), c)
	if lab.KindOf(err) != lab.KindInternal || !strings.Contains(err.Error(), "violates check constraint") {
		t.Errorf("a row that PostgreSQL repeats: got %v, want it refused", err)
	}
	if strings.Contains(err.Error(), c.Password) {
		t.Errorf("got %v, want it without the password", err)
	}
}
