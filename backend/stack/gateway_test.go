package stack

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sandboxlabs/build/stand"
)

// gatewayDir has the scripts that run in the containers.
const gatewayDir = "../../build/gateway"

var (
	server    *stand.Database // shared by the tests, closed at their end
	serverDir string
)

func runTests(m *testing.M) int {
	code := m.Run()
	if server != nil {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	_ = os.RemoveAll(serverDir) // they are in the temporary directory
	_ = os.RemoveAll(parserDir)
	return code
}

var startServer = sync.OnceValue(func() (err error) {
	if serverDir, err = os.MkdirTemp("", "stack"); err != nil {
		return err
	}
	server, err = stand.NewDatabase(serverDir)
	return err
})

// postgresBench is an empty database, and the scripts that are to fill it.
type postgresBench struct {
	t     *testing.T
	dir   string
	admin *url.URL
	env   []string
}

func newPostgresBench(t *testing.T) *postgresBench {
	t.Helper()
	if testing.Short() {
		t.Skip("needs PostgreSQL; run without -short")
	}
	if err := startServer(); err != nil {
		t.Fatal(err)
	}
	s, err := server.NewGateway("none")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := url.Parse(s.Admin)
	if err != nil {
		t.Fatal(err)
	}
	b := &postgresBench{t: t, dir: t.TempDir(), admin: admin}
	password, _ := admin.User.Password()
	b.env = append(os.Environ(), "PGHOST="+admin.Hostname(), "PGPORT="+admin.Port(), "PGPASSWORD="+password,
		"POSTGRES_USER="+admin.User.Username(), "POSTGRES_DB="+s.Name)
	b.writeSchema()
	return b
}

// guacadmin is the user that Guacamole ships, with all that goes with it.
const guacadmin = `
INSERT INTO guacamole_entity (name, type) VALUES ('guacadmin', 'USER');
INSERT INTO guacamole_user (entity_id, password_hash, password_date) SELECT entity_id, '\x00', now() FROM guacamole_entity;
INSERT INTO guacamole_system_permission SELECT entity_id, 'ADMINISTER' FROM guacamole_entity;
INSERT INTO guacamole_user_permission SELECT e.entity_id, u.user_id, 'READ' FROM guacamole_entity e JOIN guacamole_user u USING (entity_id);
`

func (b *postgresBench) writeSchema() {
	b.t.Helper()
	text := mustRead(b.t, "../../build/stand/schema_1.6.sql") + mustRead(b.t, "../../build/stand/schema.sql") + guacadmin
	if err := os.WriteFile(filepath.Join(b.dir, "initdb.sql"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// entrypoint runs the scripts as that of the postgres image does.
const entrypoint = `
set -Eeo pipefail
docker_process_sql() {
	psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc --dbname "$POSTGRES_DB" "$@"
}
for f in "$0"/*; do
	case "$f" in
		*.sh) [ ! -x "$f" ]; . "$f" ;;
		*.sql) docker_process_sql -f "$f" ;;
	esac
done
`

// initialise runs the scripts with those passwords for the two roles.
func (b *postgresBench) initialise(web, ours string) (string, error) {
	b.t.Helper()
	scripts := filepath.Join(b.dir, "initdb.d")
	if err := os.MkdirAll(scripts, 0o700); err != nil {
		b.t.Fatal(err)
	}
	for _, name := range []string{"10-schema.sh", "20-roles.sql"} {
		text := strings.ReplaceAll(mustRead(b.t, filepath.Join(gatewayDir, "initdb.d", name)), "/schema/", b.dir+"/")
		if err := os.WriteFile(filepath.Join(scripts, name), []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	cmd := exec.Command("bash", "-c", entrypoint, scripts)
	cmd.Env = append(b.env, webPassword+"="+web, ourPassword+"="+ours)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// as asks the database something, as one of the roles.
func (b *postgresBench) as(role, password, statement string) (string, error) {
	cmd := exec.Command("psql", "-At", "--no-psqlrc", "--no-password", "-v", "ON_ERROR_STOP=1",
		"--username", role, "--dbname", strings.TrimPrefix(b.admin.Path, "/"), "--command", statement)
	cmd.Env = append(b.env, "PGPASSWORD="+password)
	said, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

func (b *postgresBench) mustAsk(statement string) string {
	b.t.Helper()
	password, _ := b.admin.User.Password()
	said, err := b.as(b.admin.User.Username(), password, statement)
	if err != nil {
		b.t.Fatalf("%s: %v: %s", statement, err, said)
	}
	return said
}

// dropRoles lets the scripts run once more on the same server.
func (b *postgresBench) dropRoles() {
	b.mustAsk("DROP OWNED BY guacamole, sandboxlabs; DROP ROLE guacamole, sandboxlabs")
}

// health runs the check of docker-compose.yml.
func (b *postgresBench) health(password string) error {
	compose := mustRead(b.t, "../../"+composeFile)
	_, after, _ := strings.Cut(compose, "PGPASSWORD=")
	check, _, _ := strings.Cut(after, "interval:")
	check = "PGPASSWORD=" + strings.ReplaceAll(strings.Join(strings.Fields(check), " "), "$$", "$")
	check = strings.Replace(check, "--dbname "+database, "--dbname "+strings.TrimPrefix(b.admin.Path, "/"), 1)
	cmd := exec.Command("/bin/sh", "-c", check)
	cmd.Env = append(b.env, ourPassword+"="+password)
	return cmd.Run()
}

func TestDatabaseIsInitialised(t *testing.T) {
	b := newPostgresBench(t)
	// The program chooses no such passwords; a person may.
	const web, ours = `it's "$web" \ :'x`, "o'; DROP ROLE guacamole; --"
	if b.health(ours) == nil {
		t.Error("the empty database is healthy")
	}
	if said, err := b.initialise(web, ours); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	defer b.dropRoles()
	if err := b.health(ours); err != nil {
		t.Errorf("it is not healthy: %v", err)
	}
	if b.health("wrong") == nil {
		t.Error("it is healthy with another password")
	}
	for _, table := range []string{"entity", "user", "system_permission", "user_permission"} {
		if got := b.mustAsk("SELECT count(*) FROM guacamole_" + table); got != "0" {
			t.Errorf("%s: got %s rows, want none of guacadmin", table, got)
		}
	}
	for role, password := range map[string]string{"guacamole": web, "sandboxlabs": ours} {
		if said, err := b.as(role, password, "SELECT count(*) FROM guacamole_connection"); err != nil || said != "0" {
			t.Errorf("%s: got %s, %v", role, said, err)
		}
		if said, err := b.as(role, "wrong", "SELECT 1"); err == nil || !strings.Contains(said, "password authentication failed") {
			t.Errorf("%s: got %s, %v with a wrong password", role, said, err)
		}
	}
}

func TestRolesHaveTheirRightsAndNoOthers(t *testing.T) {
	b := newPostgresBench(t)
	if said, err := b.initialise("webwebwebweb", "oursoursours"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	defer b.dropRoles()
	const full = "DELETE,INSERT,SELECT,UPDATE"
	ours := map[string]string{"guacamole_system_permission": "DELETE,SELECT"}
	for _, table := range []string{
		"connection", "connection_parameter", "connection_permission", "connection_group",
		"connection_group_permission", "entity", "user", "user_permission",
	} {
		ours["guacamole_"+table] = full
	}
	tables := strings.Fields(b.mustAsk("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
	if len(tables) != 23 {
		t.Fatalf("got %d tables, want 23", len(tables))
	}
	for _, table := range tables {
		for role, want := range map[string]string{"sandboxlabs": ours[table], "guacamole": full} {
			got := b.mustAsk(fmt.Sprintf(`SELECT string_agg(privilege_type, ',' ORDER BY privilege_type)
				FROM information_schema.role_table_grants WHERE grantee = '%s' AND table_name = '%s'`, role, table))
			if got != want {
				t.Errorf("%s on %s: got %q, want %q", role, table, got, want)
			}
		}
	}
	for role, want := range map[string]string{"sandboxlabs": "t f f", "guacamole": "t t f"} {
		got := b.mustAsk(fmt.Sprintf(`SELECT concat_ws(' ', bool_and(has_sequence_privilege('%[1]s', oid, 'USAGE')),
			bool_and(has_sequence_privilege('%[1]s', oid, 'SELECT')), bool_or(has_sequence_privilege('%[1]s', oid, 'UPDATE')))
			FROM pg_class WHERE relkind = 'S'`, role))
		if got != want {
			t.Errorf("%s on sequences: got %s, want %s", role, got, want)
		}
	}
	got := b.mustAsk(`SELECT string_agg(rolname || rolsuper || rolcreatedb || rolcreaterole || rolreplication || rolbypassrls, ' ' ORDER BY rolname)
		FROM pg_roles WHERE rolname IN ('guacamole', 'sandboxlabs')`)
	if want := "guacamolefalsefalsefalsefalsefalse sandboxlabsfalsefalsefalsefalsefalse"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, statement := range []string{"CREATE TABLE mine ()", "CREATE TEMPORARY TABLE mine ()", "TRUNCATE guacamole_entity"} {
		for role, password := range map[string]string{"guacamole": "webwebwebweb", "sandboxlabs": "oursoursours"} {
			if said, err := b.as(role, password, statement); err == nil || !strings.Contains(said, "permission denied") {
				t.Errorf("%s: %s: got %s, %v, want it denied", role, statement, said, err)
			}
		}
	}
}

func TestFailingInitialisationTellsNoPassword(t *testing.T) {
	b := newPostgresBench(t)
	if said, err := b.initialise("firstfirst", "secondsecond"); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	defer b.dropRoles()
	again := newPostgresBench(t) // the roles are the server's
	said, err := again.initialise("firstfirst", "secondsecond")
	if err == nil || !strings.Contains(said, "already exists") {
		t.Fatalf("got %s, %v, want an error", said, err)
	}
	if got := again.mustAsk("SELECT count(*) FROM guacamole_entity"); got != "1" {
		t.Errorf("half of it was done")
	}
	for _, text := range []string{said, mustRead(t, filepath.Join(serverDir, "log"))} {
		if strings.Contains(text, "firstfirst") || strings.Contains(text, "secondsecond") {
			t.Errorf("there is a password in %s", text)
		}
	}
}

func TestPrepareFillsTheVolumes(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	dir := t.TempDir()
	script := strings.NewReplacer("/schema", dir+"/schema", "/recordings", dir+"/recordings", "/opt/guacamole/bin", dir).
		Replace(mustRead(t, gatewayDir+"/prepare.sh"))
	for name, text := range map[string]string{
		"prepare.sh": script,
		"initdb.sh":  "#!/bin/sh\n[ \"$*\" = --postgresql ] && echo 'CREATE TABLE x ();'\n",
		"id":         "#!/bin/sh\n[ \"$*\" = '-g guacamole' ] && echo 1001\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir+"/schema", 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cmd := exec.Command("bash", dir+"/prepare.sh")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if got := mustRead(t, dir+"/schema/initdb.sql"); got != "CREATE TABLE x ();\n" {
			t.Errorf("got %q", got)
		}
		info, err := os.Stat(dir + "/recordings")
		if err != nil {
			t.Fatal(err)
		}
		owner := info.Sys().(*syscall.Stat_t)
		if info.Mode() != 0o750|os.ModeDir|os.ModeSetgid || owner.Uid != 1000 || owner.Gid != 1001 {
			t.Errorf("got %v of %d:%d, want guacd to write and the web application to read", info.Mode(), owner.Uid, owner.Gid)
		}
	}
}

// serverXML has the structure of that which Tomcat 9 ships.
const serverXML = `<?xml version="1.0" encoding="UTF-8"?>
<Server port="8005" shutdown="SHUTDOWN">
  <Service name="Catalina">
    <!-- <Connector protocol="AJP/1.3" address="::1" port="8009" /> -->
    <Connector port="8080" protocol="HTTP/1.1" redirectPort="8443" />
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps">
        <Valve className="org.apache.catalina.valves.RemoteIpValve" />
        <Valve className="org.apache.catalina.valves.AccessLogValve" directory="logs" />
      </Host>
    </Engine>
  </Service>
</Server>
`

// tomcat is what of it matters here.
type tomcat struct {
	Port    string `xml:"port,attr"`
	Service struct {
		Connector []struct {
			Address string `xml:"address,attr"`
			Port    string `xml:"port,attr"`
		}
		Engine struct {
			Host struct {
				Valve []struct {
					Class string `xml:"className,attr"`
				}
			}
		}
	}
}

// loopbackScript runs the script on a server.xml as the image's entrypoint does, and
// says whether Tomcat would be started then.
func loopbackScript(t *testing.T, text, number string) (config, said string, started bool) {
	t.Helper()
	if !isInstalled("xmlstarlet") {
		t.Fatal("there is no xmlstarlet here; build/setup.sh test installs it")
	}
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/conf", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/conf/server.xml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", `for SCRIPT in "$0"/*.sh; do source "$SCRIPT"; done; echo STARTED`, gatewayDir+"/entrypoint.d")
	cmd.Env = append(os.Environ(), "CATALINA_BASE="+dir, webPort+"="+number)
	out, _ := cmd.CombinedOutput() // what it said tells
	return mustRead(t, dir+"/conf/server.xml"), string(out), strings.HasSuffix(string(out), "STARTED\n")
}

func TestTomcatListensOnTheLoopback(t *testing.T) {
	config, said, started := loopbackScript(t, serverXML, "28085")
	var got tomcat
	if err := xml.Unmarshal([]byte(config), &got); err != nil || !started {
		t.Fatalf("%v: %s", err, said)
	}
	if c := got.Service.Connector; got.Port != "-1" || len(c) != 1 || c[0].Address != loopback || c[0].Port != "28085" {
		t.Errorf("got %+v", got)
	}
	if v := got.Service.Engine.Host.Valve; len(v) != 1 || !strings.HasSuffix(v[0].Class, "RemoteIpValve") {
		t.Errorf("got %+v, want no access log", v)
	}
	again, _, started := loopbackScript(t, config, "28085")
	if again != config || !started {
		t.Errorf("got %s, want the same again", again)
	}
}

func TestTomcatIsNotStartedElsewhere(t *testing.T) {
	const connector = `<Connector port="8080" protocol="HTTP/1.1" redirectPort="8443" />`
	for name, test := range map[string]struct{ xml, port string }{
		"no port":      {serverXML, ""},
		"bad port":     {serverXML, "1 x"},
		"no xml":       {"hello", "28085"},
		"no connector": {strings.Replace(serverXML, connector, "", 1), "28085"},
		"two":          {strings.Replace(serverXML, connector, connector+connector, 1), "28085"},
		"elsewhere":    {strings.Replace(serverXML, "<Engine", connector+"<Engine", 1), "28085"},
	} {
		if _, said, started := loopbackScript(t, test.xml, test.port); started || said == "" {
			t.Errorf("%s: Tomcat is started: %s", name, said)
		}
	}
}
