package guacamole

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func TestNamesBelongToOneOwner(t *testing.T) {
	n, err := namesOf("ann@lab (session)")
	if err != nil || n.group != "SandBoxLabs ann@lab (session)" || !strings.HasPrefix(n.user, "sandboxlabs-ann-lab-session-") {
		t.Errorf("got %+v, %v", n, err)
	}
	seen := map[string]string{}
	long := strings.Repeat("ö", 200)
	for _, owner := range []string{"ann@lab (session)", "Ann@lab (session)", "ann-lab-session", "ann@lab [session]", "äöü", "üöä", long + "a", long + "b"} {
		n, err := namesOf(owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{n.group, n.user} {
			if other, taken := seen[name]; taken || len([]rune(name)) > longest {
				t.Errorf("%q: got %q, want at most %d characters and not that of %q", owner, name, longest, other)
			}
			seen[name] = owner
		}
		if n.user != strings.ToLower(n.user) {
			t.Errorf("got user %q, want lower case", n.user)
		}
	}
	if _, err := namesOf(" \x00\xff"); lab.KindOf(err) != lab.KindInvalid {
		t.Errorf("nobody: got %v, want it invalid", err)
	}
}

func TestNameOfConnectionIsFoundAgain(t *testing.T) {
	c := labtest.Connection("web")
	for stored, want := range map[string][2]string{
		connectionName(c):                   {c.ID, "web"},
		"my web " + c.ID:                    {c.ID, "my web"},
		"web" + c.ID:                        {c.ID, "web" + c.ID}, // not as it was registered
		c.ID:                                {c.ID, c.ID},
		"web":                               {"web", "web"},
		"web " + strings.ToUpper(c.ID):      {"web " + strings.ToUpper(c.ID), "web " + strings.ToUpper(c.ID)},
		strings.Repeat("ö", idLength/2):     {strings.Repeat("ö", idLength/2), strings.Repeat("ö", idLength/2)},
		connectionName(c) + " and the rest": {connectionName(c) + " and the rest", connectionName(c) + " and the rest"},
	} {
		if id, name := parseName(stored); id != want[0] || name != want[1] {
			t.Errorf("%q: got %q, %q, want %q", stored, id, name, want)
		}
	}
}

func TestParametersComeBack(t *testing.T) {
	plain, off, full := labtest.Connection("web"), labtest.Connection("web"), labtest.Connection("web")
	off.VNC, off.Password = nil, ""
	full.Parameters = map[string]string{"disable-display-resize": "false", "read-only": "true", "disable-copy": "false", "recording-name": "x"}
	for _, a := range []lab.GatewayAccess{{Recordings: "/r"}, {DisplayHost: "lab.example.org", Recordings: "/recordings"}} {
		for _, c := range []lab.Connection{plain, off, full} {
			got := stored{connectionName(c), "vnc", parametersOf(c, a), true}.connection(a)
			if !lab.SameConnection(got, c) {
				t.Errorf("%+v: got %v with %v, want %v with %v", a, got, got.Parameters, c, c.Parameters)
			}
		}
	}
}

func TestParametersAsWritten(t *testing.T) {
	c := labtest.Connection("web")
	c.Parameters = map[string]string{"disable-copy": "false", "recording-name": "${GUAC_DATE}"}
	got := parametersOf(c, lab.GatewayAccess{DisplayHost: "192.0.2.1", Recordings: "/r"})
	want := map[string]string{
		"hostname": "192.0.2.1", "port": "5901", "password": "abcDEF12", "autoretry": "5", "disable-display-resize": "true",
		"recording-name": "${GUAC_DATE}", "recording-path": "/r", "create-recording-path": "true",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestDeviationsAreSeen changes one thing of what is stored at a time.
func TestDeviationsAreSeen(t *testing.T) {
	c := labtest.Connection("web")
	c.Parameters = map[string]string{"read-only": "true", "recording-name": "x"}
	for what, spoil := range map[string]func(*stored){
		"name":               func(s *stored) { s.Name = "x" + s.Name },
		"protocol":           func(s *stored) { s.Protocol = "ssh" },
		"permission":         func(s *stored) { s.Permitted = false },
		"host":               func(s *stored) { s.Parameters["hostname"] = "192.0.2.1" },
		"this machine":       func(s *stored) { s.Parameters["hostname"] = "localhost" },
		"no host":            func(s *stored) { delete(s.Parameters, "hostname") },
		"port":               func(s *stored) { s.Parameters["port"] = "5902" },
		"no port":            func(s *stored) { delete(s.Parameters, "port") },
		"bad port":           func(s *stored) { s.Parameters["port"] = "vnc" },
		"off":                func(s *stored) { s.Parameters["port"] = "0" },
		"password":           func(s *stored) { s.Parameters["password"] = "x" },
		"no password":        func(s *stored) { delete(s.Parameters, "password") },
		"retries":            func(s *stored) { s.Parameters["autoretry"] = "6" },
		"no retries":         func(s *stored) { delete(s.Parameters, "autoretry") },
		"resized":            func(s *stored) { delete(s.Parameters, "disable-display-resize") },
		"another folder":     func(s *stored) { s.Parameters["recording-path"] = "/etc" },
		"no folder":          func(s *stored) { delete(s.Parameters, "recording-path") },
		"no folder made":     func(s *stored) { delete(s.Parameters, "create-recording-path") },
		"a file server":      func(s *stored) { s.Parameters["enable-sftp"] = "true" },
		"what is not shown":  func(s *stored) { s.Parameters["disable-server-input"] = "true" },
		"a parameter less":   func(s *stored) { delete(s.Parameters, "read-only") },
		"a name that is new": func(s *stored) { s.Parameters["x y"] = "" },
	} {
		a := lab.GatewayAccess{DisplayHost: "lab.example.org", Recordings: "/r"}
		s := stored{connectionName(c), "vnc", parametersOf(c, a), true}
		spoil(&s)
		if got := s.connection(a); lab.SameConnection(got, c) {
			t.Errorf("%s: got %v with %v, want it to differ", what, got, got.Parameters)
		}
	}
}

func TestDoubledConnectionsDiffer(t *testing.T) {
	c := labtest.Connection("web")
	rows := make([]stored, 3)
	for i := range rows {
		rows[i] = stored{connectionName(c), "vnc", parametersOf(c, lab.GatewayAccess{}), true}
	}
	for _, got := range (&registry{}).connections(rows) {
		if lab.SameConnection(got, c) {
			t.Errorf("got %v with %v, want it to differ", got, got.Parameters)
		}
	}
}

// known gives the tables of 1.6.
func known() found {
	f := found{Tables: map[string]foundTable{}, Permissions: append(slices.Clone(permissions15), permission16), All: slices.Clone(more)}
	for name, t := range tables {
		f.Tables[name] = foundTable{Columns: append(slices.Clone(t.columns), t.others...), Constraints: t.constraints}
		f.All = append(f.All, name)
	}
	return f
}

func TestSchemaVersions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*found)
		want  string
		says  string
	}{
		{"1.6", func(*found) {}, "1.6", ""},
		{"1.5", func(f *found) { f.Permissions = permissions15 }, "1.5", ""},
		{"1.5 and a table of somebody", func(f *found) { f.Permissions, f.All = permissions15, append(f.All, "guacamole_mine") }, "1.5", ""},
		{"a permission more", func(f *found) { f.Permissions = append(f.Permissions, "FLY") }, "newer than 1.6", ""},
		{"a table more", func(f *found) { f.All = append(f.All, "guacamole_vault") }, "newer than 1.6", ""},
		{"a column more", func(f *found) { f.add("guacamole_user", "shoe_size") }, "newer than 1.6", ""},
		{"a column more that must be filled", func(f *found) {
			f.add("guacamole_user", "shoe_size")
			u := f.Tables["guacamole_user"]
			u.Mandatory = []string{"shoe_size"}
			f.Tables["guacamole_user"] = u
		}, "", "(newer than 1.6) are not those we know: guacamole_user wants shoe_size"},
		{"a column less", func(f *found) {
			f.Permissions = append(f.Permissions, "FLY")
			f.Tables["guacamole_connection"] = foundTable{Columns: []string{"connection_id", "connection_name", "protocol"}}
		}, "", "guacamole_connection has no column parent_id, guacamole_connection has no constraint connection_name_parent"},
		{"a table less", func(f *found) { delete(f.Tables, "guacamole_user_permission") }, "", "no table guacamole_user_permission"},
		{"no tables", func(f *found) { *f = found{} }, "", "no tables of Guacamole"},
		{"tables elsewhere", func(f *found) { f.Tables = nil }, "", "where our role does not look"},
	} {
		f := known()
		tt.spoil(&f)
		got, err := f.version()
		if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %q, %v, want %q, %q", tt.name, got, err, tt.want, tt.says)
		}
		if err != nil {
			wantKind(t, tt.name, err, lab.KindInvalid, tt.says)
		}
	}
}

func (f *found) add(name, column string) {
	t := f.Tables[name]
	t.Columns = append(t.Columns, column)
	f.Tables[name] = t
}

func TestCertificatesAreVerified(t *testing.T) {
	t.Setenv("PGSSLMODE", "disable") // it does not count
	for dsn, want := range map[string]string{
		"postgres://u:p@127.0.0.1/d":                                 "none needed",
		"postgres://u:p@[::1]:5432/d":                                "none needed",
		"postgres://u:p@localhost/d?sslmode=disable":                 "none needed",
		"postgres://u:p@db.example.org/d":                            "verified",
		"postgres://u:p@db.example.org/d?sslmode=prefer":             "verified",
		"postgres://u:p@db.example.org/d?sslmode=allow":              "verified",
		"postgres://u:p@127.0.0.1:5432,db.example.org:5432/d":        "verified",
		"postgres://u:p@192.0.2.1/d?sslmode=verify-full":             "verified",
		"postgres://u:p@db.example.org/d?sslmode=require":            "encrypted",
		"postgres://u:p@db.example.org/d?sslmode=disable":            "plain",
		"postgres://u:p@localhost.example.org/d?application_name=me": "verified",
	} {
		config, err := parseDSN(dsn)
		if err != nil {
			t.Fatalf("%s: %v", dsn, err)
		}
		got := "none needed"
		if c := config.ConnConfig; !onLoopback(config) {
			switch {
			case c.TLSConfig == nil:
				got = "plain"
			case c.TLSConfig.InsecureSkipVerify:
				got = "encrypted"
			default:
				got = "verified"
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", dsn, got, want)
		}
		if name := config.ConnConfig.RuntimeParams["application_name"]; name != "sandboxlabs" {
			t.Errorf("%s: got application_name %q", dsn, name)
		}
	}
}

func TestAddressIsNotRepeated(t *testing.T) {
	for _, dsn := range []string{"", "postgres://127.0.0.1/d", "postgres://u:sec/ret@127.0.0.1/d", "postgres://u:secret@127.0.0.1:x/d", "postgres://u:secret@h/d?sslmode=maybe", "postgres://u:secret@h/d?sslrootcert=/no/such", "host=h user=u password=secret", "postgres://u:%secret@h/d"} {
		_, err := parseDSN(dsn)
		wantKind(t, dsn, tell(err), lab.KindInvalid, "the address of the gateway's database")
		if strings.Contains(err.Error(), "sec") {
			t.Errorf("got %v, want it without the password", err)
		}
	}
}

func TestStatusOfTheEnd(t *testing.T) {
	for _, tt := range []struct {
		frame websocket.CloseError
		want  int
	}{
		{websocket.CloseError{Code: 1011, Reason: "519"}, 519},
		{websocket.CloseError{Code: 1000, Reason: "0"}, 0},
		{websocket.CloseError{Code: 1000}, 0},
		{websocket.CloseError{Code: 1001}, 520},
		{websocket.CloseError{Code: 1011, Reason: "oops"}, 512},
		{websocket.CloseError{Code: 1011, Reason: "-1"}, 512},
	} {
		if got := endOf(tt.frame); got.Status != tt.want || got.Reason == "" {
			t.Errorf("%+v: got %+v, want %d", tt.frame, got, tt.want)
		}
	}
}

func TestOpenTellsWhetherOthersListen(t *testing.T) {
	for base, want := range map[string]bool{
		"http://127.0.0.1:8080/guacamole": false, "http://localhost/guacamole": false, "http://[::1]:1": false,
		"https://guac.test/guacamole": false, "http://guac.test/guacamole": true,
	} {
		if got := newWeb(base).open(); got != want {
			t.Errorf("%s: got %v, want %v", base, got, want)
		}
	}
}

// A database that ends while it refuses TLS is gone, where we would have spoken plainly too.
func TestDatabaseThatEndsWhileItIsAsked(t *testing.T) {
	refused := errors.New("server refused TLS connection")
	gone := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	if got := fault(fmt.Errorf("connect: %w", errors.Join(refused, gone))); lab.KindOf(got) != lab.KindUnavailable {
		t.Errorf("got %v, want that it is gone", got)
	}
	if got := fault(refused); !errors.Is(got, errPlain) {
		t.Errorf("got %v, want %v", got, errPlain)
	}
}
