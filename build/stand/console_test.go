package stand

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func asClose(err error, end *websocket.CloseError) bool { return errors.As(err, end) }

func (g *gateway) mustDial(t *testing.T, query url.Values) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.Dial(context.Background(), g.URL()+"/websocket-tunnel?"+query.Encode(),
		&websocket.DialOptions{Subprotocols: []string{"guacamole"}, HTTPClient: g.client})
	if err != nil {
		t.Fatal(err)
	}
	if got := ws.Subprotocol(); got != "guacamole" {
		t.Errorf("subprotocol %q", got)
	}
	ws.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() }) // it may be closed
	return ws
}

var sharedGuacd = sync.OnceValues(func() (*Guacd, error) { return NewGuacd("") })

func mustGuacd(t *testing.T) *Guacd {
	t.Helper()
	skipIfShort(t)
	g, err := sharedGuacd()
	if err != nil {
		t.Fatal(err)
	}
	guacd = g
	return g
}

// mustQEMU starts a machine without a disk, whose firmware says so on its display.
func mustQEMU(t *testing.T, password string) (port int) {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("qemu-system-x86_64", "-nodefaults", "-vga", "std", "-display", "none", "-m", "64",
		"-accel", "kvm", "-accel", "tcg", "-object", "secret,id=display,data="+password,
		"-vnc", fmt.Sprintf("127.0.0.1:%d,password-secret=display", port-5900))
	machine, err := run(cmd, t.TempDir()+"/log", syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = machine.end(syscall.SIGKILL, true) })
	listens := (&Guacd{port: port}).listens
	if err := machine.ready(listens); err != nil {
		t.Fatal(err)
	}
	return port
}

// mustConsole gives a gateway with a guacd, whose connection leads to a machine.
func mustConsole(t *testing.T, guacd *Guacd, port int, password string) (*gateway, url.Values) {
	t.Helper()
	g := mustWebApp(t, "1.6")
	g.guacd = guacd.Address()
	mustExec(t, g.db, `INSERT INTO guacamole_connection_parameter
		SELECT connection_id, name, value FROM guacamole_connection,
		(VALUES ('hostname', '127.0.0.1'), ('port', $1), ('password', $2)) AS p (name, value)`, strconv.Itoa(port), password)
	return g, url.Values{
		"token": {g.mustLogin(t)}, "GUAC_ID": {g.id}, "GUAC_TYPE": {"c"}, "GUAC_DATA_SOURCE": {"postgresql"},
		"GUAC_WIDTH": {"1024"}, "GUAC_HEIGHT": {"768"}, "GUAC_DPI": {"96"}, "GUAC_IMAGE": {"image/png", "image/jpeg"},
	}
}

// viewer is a person at a console.
type viewer struct {
	ws     *websocket.Conn
	unread []Instruction
}

// next gives the next instruction.
func (v *viewer) next(ctx context.Context) (Instruction, error) {
	for len(v.unread) == 0 {
		_, message, err := v.ws.Read(ctx)
		if err != nil {
			return Instruction{}, err
		}
		if v.unread, err = ReadMessage(message); err != nil {
			return Instruction{}, err
		}
	}
	i := v.unread[0]
	v.unread = v.unread[1:]
	if i.Opcode == "sync" {
		return i, v.say(ctx, i)
	}
	return i, nil
}

func (v *viewer) say(ctx context.Context, i Instruction) error {
	return v.ws.Write(ctx, websocket.MessageText, []byte(i.Encode()))
}

// await gives the next instruction with that opcode.
func (v *viewer) await(ctx context.Context, opcode string) (Instruction, error) {
	for {
		if i, err := v.next(ctx); err != nil || i.Opcode == opcode {
			return i, err
		}
	}
}

func (v *viewer) mustAwait(t *testing.T, opcode string) Instruction {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	i, err := v.await(ctx, opcode)
	if err != nil {
		t.Fatalf("%s did not come: %v", opcode, err)
	}
	return i
}

// mustEnd gives how the tunnel was closed.
func (v *viewer) mustEnd(t *testing.T) websocket.CloseError {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, err := v.await(ctx, "no such opcode")
	var end websocket.CloseError
	if !asClose(err, &end) {
		t.Fatalf("got %v, want it to be closed", err)
	}
	return end
}

func TestConsoleShowsAnImage(t *testing.T) {
	guacd := mustGuacd(t)
	g, query := mustConsole(t, guacd, mustQEMU(t, "abcdefgh"), "abcdefgh")
	started := time.Now()
	v := &viewer{ws: g.mustDial(t, query)}
	if first := v.mustAwait(t, ""); len(first.Args) != 1 || len(first.Args[0]) != 36 {
		t.Errorf("first came %v, want the UUID of the tunnel", first)
	}
	opened := time.Since(started)
	v.mustAwait(t, "img")
	v.mustAwait(t, "blob")
	t.Logf("opened in %v, first image after %v", opened, time.Since(started))
	v.mustAwait(t, "sync")
	if err := v.say(context.Background(), Instruction{"", []string{"ping", "42"}}); err != nil {
		t.Fatal(err)
	}
	if pong := v.mustAwait(t, ""); len(pong.Args) != 2 || pong.Args[1] != "42" {
		t.Errorf("ping was answered by %v", pong)
	}
	const history = "SELECT username || ' ' || connection_name || ' ' || (end_date IS NULL) FROM guacamole_connection_history"
	if got, want := mustAsk[string](t, g.db, history), "ann node true"; got != want {
		t.Errorf("history: %q, want %q", got, want)
	}
	if got := g.mustCode(t, 200, "GET", "/api/session/data/postgresql/connections/"+g.id, query.Get("token"), nil); got["activeConnections"] != 1.0 {
		t.Errorf("connection %v, want one active", got)
	}
	g.ExpireTokens()
	if end := v.mustEnd(t); end.Code != 1000 || end.Reason != "0" {
		t.Errorf("after the token: closed with %d %q", end.Code, end.Reason)
	}
	awaitTrue(t, g, "SELECT end_date IS NOT NULL FROM guacamole_connection_history")
}

func awaitTrue(t *testing.T, g *gateway, query string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !mustAsk[bool](t, g.db, query); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it is not so", query)
		}
	}
}

func TestWrongPasswordIsStatus519(t *testing.T) {
	g, query := mustConsole(t, mustGuacd(t), mustQEMU(t, "abcdefgh"), "wrong")
	v := &viewer{ws: g.mustDial(t, query)}
	if problem := v.mustAwait(t, "error"); len(problem.Args) != 2 || problem.Args[1] != "519" {
		t.Errorf("%v, want status 519", problem)
	}
	v.mustLeave(t, g)
}

// Of a port that refuses, guacd says 519 too, or nothing: it may know before it
// has anybody to tell.
func TestClosedPortEnds(t *testing.T) {
	closed, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	g, query := mustConsole(t, mustGuacd(t), closed, "wrong")
	v := &viewer{ws: g.mustDial(t, query)}
	v.mustAwait(t, "")
	v.mustLeave(t, g)
}

// mustLeave is what is left to do at a console that failed. guacd waits for a word
// of the client, says that it is done, and then waits for the client to go.
func (v *viewer) mustLeave(t *testing.T, g *gateway) {
	t.Helper()
	ctx, done := context.WithCancel(context.Background())
	go func() { // as a page does, only more often
		for ctx.Err() == nil && v.say(context.Background(), Instruction{"nop", nil}) == nil {
			time.Sleep(50 * time.Millisecond)
		}
	}()
	v.mustAwait(t, "disconnect")
	done()
	if err := v.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
	awaitTrue(t, g, "SELECT end_date IS NOT NULL FROM guacamole_connection_history")
}

func TestGuacdComesBack(t *testing.T) {
	skipIfShort(t)
	guacd, err := NewGuacd("")
	if err != nil {
		t.Fatal(err)
	}
	g, query := mustConsole(t, guacd, mustQEMU(t, "abcdefgh"), "abcdefgh")
	v := &viewer{ws: g.mustDial(t, query)}
	v.mustAwait(t, "blob")
	if err := guacd.Kill(); err != nil {
		t.Fatal(err)
	}
	if end := v.mustEnd(t); end.Code != 1000 {
		t.Errorf("closed with %d %q", end.Code, end.Reason)
	}
	if code, reason := g.refused(t, query); code != 1011 || reason != "512" {
		t.Errorf("without guacd: closed with %d %q", code, reason)
	}
	started := time.Now()
	if err := guacd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Logf("guacd is back after %v", time.Since(started))
	v = &viewer{ws: g.mustDial(t, query)}
	v.mustAwait(t, "blob")
	if err := guacd.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWebAppIsCutDown(t *testing.T) {
	g, query := mustConsole(t, mustGuacd(t), mustQEMU(t, "abcdefgh"), "abcdefgh")
	v := &viewer{ws: g.mustDial(t, query)}
	v.mustAwait(t, "blob")
	if err := g.Down(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := v.await(ctx, "no such opcode")
	var end websocket.CloseError
	if err == nil || ctx.Err() != nil || asClose(err, &end) {
		t.Errorf("got %v, want it to be cut without a word", err)
	}
}

func TestManyConsolesAtOnce(t *testing.T) {
	g, query := mustConsole(t, mustGuacd(t), mustQEMU(t, "abcdefgh"), "abcdefgh")
	started := time.Now()
	const many = 12
	var all sync.WaitGroup
	for range many {
		v := &viewer{ws: g.mustDial(t, query)}
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if _, err := v.await(ctx, "blob"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	t.Logf("%d consoles in %v", many, time.Since(started))
}
