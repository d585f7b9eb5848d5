package systest

import (
	"maps"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// gateway is a Guacamole of a world's own: a database, and a double of the web
// application. guacd is that of the site.
type gateway struct {
	*stand.Schema
	web  *stand.WebApp
	site *gatewaySite
}

// gatewaySite is the database server and the guacd of a run, made when they are
// first asked for.
type gatewaySite struct {
	once     sync.Once
	err      error
	database *stand.Database
	guacd    *stand.Guacd
}

func (s *gatewaySite) open(dir string) error {
	s.once.Do(func() {
		if s.database, s.err = stand.NewDatabase(dir); s.err == nil {
			s.guacd, s.err = stand.NewGuacd("")
		}
	})
	return s.err
}

func (s *gatewaySite) close() (err error) {
	if s.database != nil {
		err = s.database.Close()
	}
	if s.guacd != nil && err == nil {
		err = s.guacd.Close()
	}
	return err
}

// mustGateway makes a gateway and has the world take to it.
func (w *world) mustGateway(t *testing.T) *gateway {
	t.Helper()
	s := &w.site.gateway
	if err := s.open(w.site.path("pg")); err != nil {
		t.Fatal(err)
	}
	return w.mustGatewayAt(t, s, s.database)
}

func (w *world) mustGatewayAt(t *testing.T, s *gatewaySite, d *stand.Database) *gateway {
	t.Helper()
	schema, err := d.NewGateway("1.6")
	if err != nil {
		t.Fatal(err)
	}
	web, err := stand.NewWebApp(schema.WebApp, s.guacd.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := web.Close(); err != nil {
			t.Error(err)
		}
	})
	w.program(t, "gateway", "set", "--url", web.URL(), "--dsn", schema.Ours)
	return &gateway{schema, web, s}
}

// row gives the one connection of the database.
func (g *gateway) row(t *testing.T) stand.Row {
	t.Helper()
	rows, err := g.Rows(t.Context())
	if err != nil || len(rows) != 1 {
		t.Fatalf("got the connections %+v and %v, want one", rows, err)
	}
	return rows[0]
}

var (
	displayPattern = regexp.MustCompile(`<graphics type='vnc'[^>]*>`)
	portPattern    = regexp.MustCompile(` port='(\d+)'`)
	passwdPattern  = regexp.MustCompile(` passwd='([^']*)'`)
)

// live gives the port and the password of a running node's display, as virsh has them.
func (w *world) live(t *testing.T, node string) (port, password string) {
	t.Helper()
	display := displayPattern.FindString(w.virsh(t, "dumpxml", "--security-info", node))
	p, q := portPattern.FindStringSubmatch(display), passwdPattern.FindStringSubmatch(display)
	if p == nil || q == nil {
		t.Fatalf("got the display %q, want one with a port and a password", display)
	}
	return p[1], q[1]
}

// displayPassword gives what a node's display asks for, or would if it were started.
func (w *world) displayPassword(t *testing.T, node string) string {
	t.Helper()
	return passwdPattern.FindString(displayPattern.FindString(w.virsh(t, "dumpxml", "--security-info", node)))
}

// awaitLive waits until the connection leads to the node's display.
func (g *gateway) awaitLive(t *testing.T, w *world, node string) stand.Row {
	t.Helper()
	var row stand.Row
	var port, password string
	await(t, "the connection to lead to the display of "+node, func() bool {
		port, password = w.live(t, node)
		row = g.row(t)
		return row.Parameters["port"] == port && row.Parameters["password"] == password && row.Parameters["hostname"] == "127.0.0.1"
	})
	return row
}

// awaitOff waits until the connection leads nowhere.
func (g *gateway) awaitOff(t *testing.T) {
	t.Helper()
	await(t, "the connection to lead nowhere", func() bool {
		p := g.row(t).Parameters
		return p["port"] == "0" && p["password"] == ""
	})
}

// TestGateway starts a node by a command, by the page and by virsh, renames it,
// and deletes it, and looks into the gateway's database each time.
func TestGateway(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		node := w.node("seen")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGateway(t)
		p := mustPage(t, w)
		n := p.call(t, "Create", map[string]any{"name": node, "image": "tiny", "guacamole": map[string]string{"color-depth": "16"}})
		await(t, "the new node to be registered", func() bool { rows, err := g.Rows(t.Context()); return err == nil && len(rows) == 1 })
		g.awaitOff(t)
		first := g.row(t)
		if first.Name != node+" "+n.ID || !strings.HasPrefix(first.Group, "SandBoxLabs ") || first.Parameters["color-depth"] != "16" {
			t.Errorf("got the connection %+v, want the node's, in our group", first)
		}
		passwords := map[string]string{}
		for way, start := range map[string]func(){
			"a command": func() { w.program(t, "node", "start", node) },
			"the page":  func() { p.call(t, "Start", n.ID) },
			"virsh":     func() { w.virshStart(t, node) },
		} {
			before := w.displayPassword(t, node)
			start()
			if err := p.waitNode(n.ID, way+" to have it registered", func(n lab.Node) bool {
				return n.State == lab.Running && n.Gateway.State == lab.Registered
			}); err != nil {
				t.Fatal(err)
			}
			// What virsh starts has that of the definition for a moment.
			await(t, way+" to have a password of this boot", func() bool { return w.displayPassword(t, node) != before })
			row := g.awaitLive(t, w, node)
			if row.Number != first.Number {
				t.Errorf("%s: got the number %d, want it to stay %d", way, row.Number, first.Number)
			}
			passwords[row.Parameters["password"]] = way
			p.call(t, "Reboot", n.ID)
			if again := g.awaitLive(t, w, node); !maps.Equal(again.Parameters, row.Parameters) || again.Number != row.Number {
				t.Errorf("%s: got %+v after a reboot, want it as before, %+v", way, again, row)
			}
			p.call(t, "ForceOff", n.ID)
			g.awaitOff(t)
			if err := p.waitNode(n.ID, "it to be off", func(n lab.Node) bool { return n.State == lab.Stopped }); err != nil {
				t.Fatal(err)
			}
		}
		if len(passwords) != 3 {
			t.Errorf("got the passwords %v, want another at every boot", passwords)
		}
		w.program(t, "node", "rename", node, node+"2")
		await(t, "the new name", func() bool { return g.row(t).Name == node+"2 "+n.ID })
		if got := g.row(t).Number; got != first.Number {
			t.Errorf("got the number %d of the renamed node, want %d", got, first.Number)
		}
		p.call(t, "Delete", n.ID, false)
		await(t, "the deleted node's connection to go", func() bool { rows, err := g.Rows(t.Context()); return err == nil && len(rows) == 0 })
	})
}

// TestCommandsRegister has nothing run but the commands themselves.
func TestCommandsRegister(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		node := w.node("cmd")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGateway(t)
		n := mustDecode[lab.Node](t, w.program(t, "node", "create", node, "--image", "tiny", "--start", "--wait", "--json"))
		port, password := w.live(t, node)
		if p := g.row(t).Parameters; p["port"] != port || p["password"] != password {
			t.Errorf("got the parameters %v after the command, want port %s and the password of now", p, port)
		}
		if shown := w.program(t, "node", "show", node); !strings.Contains(shown, "Guacamole") {
			t.Errorf("got %q, want the way to its console", shown)
		}
		w.program(t, "node", "wipe", node)
		if got := g.awaitLive(t, w, node); got.Name != node+" "+n.ID {
			t.Errorf("got the name %q", got.Name)
		}
		w.program(t, "node", "rm", node)
		if rows, err := g.Rows(t.Context()); err != nil || len(rows) > 0 {
			t.Errorf("got %+v and %v after the node was removed, want nothing", rows, err)
		}
		if status := w.program(t, "gateway", "status"); !strings.Contains(status, "ready") || strings.Contains(status, "postgres://") {
			t.Errorf("got the status %q, want it ready, without the DSN", status)
		}
		w.program(t, "gateway", "test")
		bad := w.run("sandboxlabs", "gateway", "test", "--dsn", g.ReadOnly, "--json")
		checks := mustDecode[[]lab.Check](t, bad.out)
		if last := checks[len(checks)-1]; bad.code != 1 || last.Name != lab.StepRights || last.Status != lab.CheckFailed {
			t.Errorf("got the steps %+v and exit code %d with a role that may only read, want the rights to fail", checks, bad.code)
		}
		if got := g.web.Tokens(); got != 0 {
			t.Errorf("got %d tokens when every command had ended, want none", got)
		}
	})
}

// TestTwoPrograms has two of ours see what virsh starts: each gives the display a
// password, and the last of them must be the registered one.
func TestTwoPrograms(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		node := w.node("two")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGateway(t)
		first, second := mustPage(t, w), mustPage(t, w, "--socket", w.path(runtimeDir, "second.sock"))
		n := first.call(t, "Create", map[string]any{"name": node, "image": "tiny"})
		for range 3 {
			w.virshStart(t, node)
			for _, p := range []*page{first, second} {
				if err := p.waitNode(n.ID, "both to have it registered", func(n lab.Node) bool {
					return n.State == lab.Running && n.Gateway.State == lab.Registered
				}); err != nil {
					t.Fatal(err)
				}
			}
			g.awaitLive(t, w, node)
			w.virsh(t, "destroy", node)
			g.awaitOff(t)
		}
		if got := g.web.Tokens(); got != 2 {
			t.Errorf("got %d tokens of two programs, want one each", got)
		}
	})
}

// TestWithoutGateway stops the database: everything else works as before, and
// what was missed is made up for when it is back.
func TestWithoutGateway(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		var own gatewaySite
		t.Cleanup(func() {
			if err := own.close(); err != nil {
				t.Error(err)
			}
		})
		if err := own.open(w.site.path("pg-" + w.name)); err != nil {
			t.Fatal(err)
		}
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGatewayAt(t, &own, own.database)
		p := mustPage(t, w)
		gone, stays := w.node("gone"), w.node("stays")
		old := p.call(t, "Create", map[string]any{"name": gone, "image": "tiny"})
		if err := p.waitNode(old.ID, "it to be registered", func(n lab.Node) bool { return n.Gateway.State == lab.Registered }); err != nil {
			t.Fatal(err)
		}
		if err := own.database.Kill(); err != nil {
			t.Fatal(err)
		}
		n := p.call(t, "Create", map[string]any{"name": stays, "image": "tiny", "start": true})
		if err := p.waitNode(n.ID, "it to run, with the reason why it is not registered", func(n lab.Node) bool {
			return n.State == lab.Running && n.Problem == nil && n.Gateway.State == lab.Registering && n.Gateway.Problem != nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"off", stays}, {"start", stays}, {"wipe", stays}, {"undo", stays}, {"rm", gone}, {"show", stays}} {
			w.program(t, append([]string{"node"}, args...)...)
		}
		if r := w.run("sandboxlabs", "gateway", "status"); r.code != 1 || !strings.Contains(r.out, "failed") {
			t.Errorf("got %+v of a gateway without its database, want it failed", r)
		}
		if doctor := w.program(t, "doctor"); !strings.Contains(doctor, "WARNING  gateway") {
			t.Errorf("got %s, want a warning of the gateway", doctor)
		}
		if err := own.database.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "the gateway to be in step again", func() bool {
			rows, err := g.Rows(t.Context())
			return err == nil && len(rows) == 1 && rows[0].Name == stays+" "+n.ID
		})
		g.awaitLive(t, w, stays)
	})
}
