package guacamole

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
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

// shared is a database server for the tests that do not stop it.
var shared = sync.OnceValues(func() (*stand.Database, error) {
	dir, err := os.MkdirTemp("", "guacamole")
	if err != nil {
		return nil, err
	}
	leave = append(leave, func() { _ = os.RemoveAll(dir) }) // it is in the temporary directory
	d, err := stand.NewDatabase(dir)
	if err == nil {
		leave = append(leave, func() { _ = d.Close() }) // a test may have killed it
	}
	return d, err
})

// leave is what is done after the last test.
var leave []func()

// told is every word that left the package in any test: errors, checks and the
// log. secrets are those that must not be in it.
var told, secrets words

type words struct {
	mu  sync.Mutex
	all []string
}

func (w *words) add(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, texts...)
}

// Write takes what is logged.
func (w *words) Write(line []byte) (int, error) {
	w.add(string(line))
	return len(line), nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, do := range slices.Backward(leave) {
		do()
	}
	for _, secret := range secrets.all {
		for _, text := range told.all {
			if strings.Contains(text, secret) {
				fmt.Fprintf(os.Stderr, "FAIL: the secret %q was told: %s\n", secret, text)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// tell notes an error, with all that can be got out of it.
func tell(err error) error {
	if err != nil {
		p := lab.ProblemOf(err)
		told.add(fmt.Sprintf("%v %+v %#v %s %s", err, err, err, p.Message, p.Hint))
	}
	return err
}

// open is a gateway whose every word is noted.
type open struct{ *Gateway }

func newOpen() open {
	return open{New(slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug})))}
}

func (o open) Open(ctx context.Context, a lab.GatewayAccess, lost func(error)) (lab.Registry, error) {
	noteSecrets(a)
	r, err := o.Gateway.Open(ctx, a, func(err error) { lost(tell(err)) })
	if err != nil {
		return nil, tell(err)
	}
	return openRegistry{r.(*registry)}, nil
}

func (o open) Test(ctx context.Context, a lab.GatewayAccess) []lab.Check {
	noteSecrets(a)
	checks := o.Gateway.Test(ctx, a)
	for _, c := range checks {
		told.add(fmt.Sprintf("%+v", c))
	}
	return checks
}

func noteSecrets(a lab.GatewayAccess) {
	if u, err := url.Parse(a.DSN); err == nil {
		if password, _ := u.User.Password(); password != "" {
			secrets.add(password)
		}
	}
}

// openRegistry is a registry whose every error is noted.
type openRegistry struct{ *registry }

func (r openRegistry) Connections(ctx context.Context) ([]lab.Connection, error) {
	all, err := r.registry.Connections(ctx)
	return all, tell(err)
}

func (r openRegistry) Register(ctx context.Context, c lab.Connection) error {
	if c.Password != "" {
		secrets.add(c.Password)
	}
	return tell(r.registry.Register(ctx, c))
}

func (r openRegistry) Remove(ctx context.Context, id string) error {
	return tell(r.registry.Remove(ctx, id))
}

func (r openRegistry) Login(ctx context.Context) error {
	defer r.noteToken()
	return tell(r.registry.Login(ctx))
}

func (r openRegistry) Link(ctx context.Context, id string) (string, error) {
	defer r.noteToken()
	link, err := r.registry.Link(ctx, id)
	return link, tell(err)
}

func (r openRegistry) Tunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	defer r.noteToken()
	t, err := r.registry.Tunnel(ctx, id, ask)
	return t, tell(err)
}

func (r openRegistry) Close(ctx context.Context) error { return tell(r.registry.Close(ctx)) }

func (r openRegistry) noteToken() {
	r.session.mu.Lock()
	defer r.session.mu.Unlock()
	if r.session.token != "" {
		secrets.add(r.session.token)
	}
}

// site is a database with Guacamole's tables, and the web application over it.
type site struct {
	*stand.Schema
	web    *stand.WebApp
	access lab.GatewayAccess
}

func mustDatabase(t *testing.T) *stand.Database {
	t.Helper()
	if testing.Short() {
		t.Skip("needs PostgreSQL: left out by -short")
	}
	d, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// newSite gives one whose tables are of that version of Guacamole.
func newSite(t *testing.T, version string) *site {
	t.Helper()
	return newSiteOn(t, mustDatabase(t), version)
}

func newSiteOn(t *testing.T, d *stand.Database, version string) *site {
	t.Helper()
	schema, err := d.NewGateway(version)
	if err != nil {
		t.Fatal(err)
	}
	web, err := stand.NewWebApp(schema.WebApp, newGuacd(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close() }) // a test may have killed its database
	web.SetVersion(version)
	return &site{schema, web, lab.GatewayAccess{URL: web.URL(), DSN: schema.Ours, Owner: "ann@lab (session)"}}
}

// newGuacd plays a guacd whose displays say what they hear.
func newGuacd(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // nothing can be lost
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go playDisplay(conn)
		}
	}()
	return l.Addr().String()
}

func playDisplay(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		heard, err := stand.ReadInstruction(in)
		if err != nil {
			return
		}
		say := heard
		switch heard.Opcode {
		case "select":
			say = stand.Instruction{Opcode: "args", Args: []string{"VERSION_1_5_0", "hostname", "port", "password"}}
		case "connect":
			say = stand.Instruction{Opcode: "ready", Args: []string{"$a display"}}
		case "size", "audio", "video", "image", "timezone", "name":
			continue
		}
		if _, err := io.WriteString(conn, say.Encode()); err != nil {
			return
		}
	}
}

// mustOpen opens a gateway that is not lost before the test ends.
func mustOpen(t *testing.T, a lab.GatewayAccess) openRegistry {
	t.Helper()
	r, err := newOpen().Open(t.Context(), a, func(err error) { t.Errorf("the gateway was lost: %v", err) })
	if err != nil {
		t.Fatalf("opening the gateway: %v", err)
	}
	t.Cleanup(func() { _ = r.Close(context.Background()) }) // a test may have taken the web application down
	return r.(openRegistry)
}

func (r openRegistry) must(t *testing.T, c lab.Connection) {
	t.Helper()
	if err := r.Register(t.Context(), c); err != nil {
		t.Fatalf("registering %s: %v", c.Name, err)
	}
}

// byHand gives a way into the database that may do everything.
func (s *site) byHand(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // a test may have killed it
	return conn
}

// do changes something by hand.
func (s *site) do(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.byHand(t).Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// ask gives the one value that a query answers with.
func ask[T any](t *testing.T, s *site, query string, args ...any) (answer T) {
	t.Helper()
	if err := s.byHand(t).QueryRow(t.Context(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// wantKind wants an error of that kind that tells a person what to do, and says so.
func wantKind(t *testing.T, what string, err error, kind lab.Kind, says string) {
	t.Helper()
	p := lab.ProblemOf(err)
	if p == nil || p.Kind != kind || p.Hint == "" || !strings.Contains(p.Message, says) {
		t.Errorf("%s: got %+v, want kind %q, a hint and %q", what, p, kind, says)
	}
}

// wantOnly compares what is there with what should be.
func wantOnly(t *testing.T, r lab.Registry, want ...lab.Connection) {
	t.Helper()
	got, err := r.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same := len(got) == len(want)
	for _, w := range want {
		same = same && slices.ContainsFunc(got, func(c lab.Connection) bool { return lab.SameConnection(c, w) })
	}
	if !same {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.5", "1.6"} {
		t.Run(version, func(t *testing.T) {
			s := newSite(t, version)
			owners := 0
			labtest.GatewaySuite(t, func(*testing.T) (lab.Gateway, lab.GatewayAccess) {
				owners++
				access := s.access
				access.Owner = fmt.Sprintf("owner %d", owners)
				return newOpen(), access
			})
		})
	}
}

// eventually waits for what takes at most as long as that.
func eventually(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// TestSecretsWouldBeSeen proves that what TestMain looks for would be found.
func TestSecretsWouldBeSeen(t *testing.T) {
	var all words
	log := slog.New(slog.NewTextHandler(&all, nil))
	log.Info("here", "is", "a secret")
	if len(all.all) != 1 || !bytes.Contains([]byte(all.all[0]), []byte("a secret")) {
		t.Errorf("got %q", all.all)
	}
}
