package stand

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
)

// gateway is a web application and its database, in which ann may see a connection.
type gateway struct {
	*WebApp
	db     *pgx.Conn
	id     string // of the connection
	client *http.Client
}

const password = "correct horse"

func mustWebApp(t *testing.T, version string) *gateway {
	t.Helper()
	s := mustGateway(t, mustDatabase(t), version)
	w, err := NewWebApp(s.WebApp, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	w.SetVersion(version)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &gateway{WebApp: w, db: mustConnect(t, s.WebApp), client: http.DefaultClient}
	g.addUser(t, "ann")
	g.id = mustAsk[string](t, g.db, `
		WITH c AS (INSERT INTO guacamole_connection (connection_name, protocol) VALUES ('node', 'vnc') RETURNING connection_id),
		p AS (INSERT INTO guacamole_connection_permission SELECT entity_id, connection_id, 'READ' FROM c, guacamole_entity WHERE name = 'ann')
		SELECT connection_id::text FROM c`)
	return g
}

func (g *gateway) addUser(t *testing.T, name string) {
	t.Helper()
	salt := []byte{1, 0xAB, 0}
	mustExec(t, g.db, `
		WITH e AS (INSERT INTO guacamole_entity (name, type) VALUES ($1, 'USER') RETURNING entity_id)
		INSERT INTO guacamole_user (entity_id, password_hash, password_salt, password_date)
		SELECT entity_id, $2, $3, now() FROM e`, name, hash(password, salt), salt)
}

// call gives the code and what is in the JSON that was answered.
func (g *gateway) call(t *testing.T, method, path, token string, form url.Values) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequest(method, g.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if token != "" {
		request.Header.Set("Guacamole-Token", token)
	}
	response, err := g.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if len(text) > 0 && strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
	}
	return response.StatusCode, answer
}

func (g *gateway) mustCode(t *testing.T, want int, method, path, token string, form url.Values) map[string]any {
	t.Helper()
	got, answer := g.call(t, method, path, token, form)
	if got != want {
		t.Fatalf("%s %s: code %d, want %d: %v", method, path, got, want, answer)
	}
	return answer
}

func credentials(name, password string) url.Values {
	return url.Values{"username": {name}, "password": {password}}
}

func (g *gateway) mustLogin(t *testing.T) string {
	t.Helper()
	answer := g.mustCode(t, 200, "POST", "/api/tokens", "", credentials("ann", password))
	return answer["authToken"].(string)
}

// The user that 1.5.5 and 1.6.0 ship has its name for a password.
func TestHashIsThatOfTheRealOne(t *testing.T) {
	salt, err := hex.DecodeString("FE24ADC5E11E2B25288D1704ABE67A79E342ECC26064CE69C5B3177795A82264")
	if err != nil {
		t.Fatal(err)
	}
	const want = "CA458A7D494E3BE824F5E1E175A1556C0F8EEF2C2D7DF3633BEC4A29C4411960"
	if got := fmt.Sprintf("%X", hash("guacadmin", salt)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParametersAreSubstituted(t *testing.T) {
	s := &session{account: account{Name: "ann"}, password: "p"}
	const text = "${GUAC_USERNAME} ${GUAC_PASSWORD} ${HISTORY_UUID} ${UNKNOWN} $${GUAC_USERNAME} $5"
	const want = "ann p id ${UNKNOWN} ${GUAC_USERNAME} $5"
	if got := s.substitute(text, "${HISTORY_UUID}", "id"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogin(t *testing.T) {
	g := mustWebApp(t, "1.6")
	answer := g.mustCode(t, 200, "POST", "/api/tokens", "", credentials("ann", password))
	token := answer["authToken"].(string)
	if len(token) != 64 || answer["username"] != "ann" || answer["dataSource"] != "postgresql" {
		t.Errorf("answer %v", answer)
	}
	again := g.mustCode(t, 200, "POST", "/api/tokens", "", url.Values{"token": {token}})
	if again["authToken"] != token || g.Tokens() != 1 || g.Logins() != 1 {
		t.Errorf("answer %v to a token that is good, %d tokens, %d logins", again, g.Tokens(), g.Logins())
	}
	for _, form := range []url.Values{credentials("ann", "wrong"), credentials("bob", password), {}, {"token": {"old"}}} {
		answer := g.mustCode(t, 403, "POST", "/api/tokens", "", form)
		if answer["type"] != "INVALID_CREDENTIALS" || answer["message"] != "Invalid login" {
			t.Errorf("%v: answer %v", form, answer)
		}
	}
	for column, kind := range map[string]string{"expired": "INSUFFICIENT_CREDENTIALS", "disabled": "INVALID_CREDENTIALS"} {
		mustExec(t, g.db, "UPDATE guacamole_user SET "+column+" = true")
		if answer := g.mustCode(t, 403, "POST", "/api/tokens", "", credentials("ann", password)); answer["type"] != kind {
			t.Errorf("%s: answer %v", column, answer)
		}
		mustExec(t, g.db, "UPDATE guacamole_user SET "+column+" = false")
	}
	if g.Tokens() != 1 || g.Logins() != 7 {
		t.Errorf("%d tokens, %d logins", g.Tokens(), g.Logins())
	}
}

func TestSessionEnds(t *testing.T) {
	g := mustWebApp(t, "1.6")
	for name, end := range map[string]func(token string){
		"session":  func(token string) { g.mustCode(t, 204, "DELETE", "/api/session", token, nil) },
		"token":    func(token string) { g.mustCode(t, 204, "DELETE", "/api/tokens/"+token, "", nil) },
		"expiry":   func(string) { g.ExpireTokens() },
		"in query": func(token string) { g.mustCode(t, 204, "DELETE", "/api/session?token="+token, "", nil) },
	} {
		token := g.mustLogin(t)
		g.mustCode(t, 204, "HEAD", "/api/session", token, nil)
		end(token)
		g.mustCode(t, 403, "HEAD", "/api/session", token, nil)
		g.mustCode(t, 403, "DELETE", "/api/session", token, nil)
		g.mustCode(t, 404, "DELETE", "/api/tokens/"+token, "", nil)
		if answer := g.mustCode(t, 403, "GET", "/api/session/data/postgresql/self/permissions", token, nil); answer["type"] != "PERMISSION_DENIED" {
			t.Errorf("%s: answer %v", name, answer)
		}
	}
	if g.Tokens() != 0 {
		t.Errorf("%d tokens are left", g.Tokens())
	}
}

func TestOldVersionHasNoHead(t *testing.T) {
	g := mustWebApp(t, "1.5")
	token := g.mustLogin(t)
	g.mustCode(t, 405, "HEAD", "/api/session", token, nil)
	g.mustCode(t, 405, "GET", "/api/session", token, nil)
	g.mustCode(t, 403, "HEAD", "/api/session", "none", nil)
}

func TestOnlyWhatIsPermittedIsSeen(t *testing.T) {
	g := mustWebApp(t, "1.6")
	mustExec(t, g.db, "INSERT INTO guacamole_connection_group (connection_group_name) VALUES ('labs'), ('secret')")
	mustExec(t, g.db, `INSERT INTO guacamole_connection (connection_name, protocol, parent_id)
		SELECT 'in ' || connection_group_name, 'vnc', connection_group_id FROM guacamole_connection_group`)
	mustExec(t, g.db, `INSERT INTO guacamole_connection_group_permission
		SELECT entity_id, connection_group_id, 'READ' FROM guacamole_entity, guacamole_connection_group WHERE connection_group_name = 'labs'`)
	mustExec(t, g.db, `INSERT INTO guacamole_connection_permission
		SELECT entity_id, connection_id, 'READ' FROM guacamole_entity, guacamole_connection WHERE connection_name LIKE 'in %'`)
	token := g.mustLogin(t)
	const data = "/api/session/data/postgresql/"
	names := func() []string {
		text, _ := json.Marshal(g.mustCode(t, 200, "GET", data+"connectionGroups/ROOT/tree", token, nil))
		var found []string
		for _, name := range []string{"node", "labs", "in labs", "secret", "in secret"} {
			if strings.Contains(string(text), `"name":"`+name+`"`) {
				found = append(found, name)
			}
		}
		return found
	}
	if got, want := names(), []string{"node", "labs", "in labs"}; !slices.Equal(got, want) {
		t.Errorf("tree has %q, want %q", got, want)
	}
	if answer := g.mustCode(t, 200, "GET", data+"connections/"+g.id, token, nil); answer["name"] != "node" || answer["parentIdentifier"] != "ROOT" {
		t.Errorf("connection %v", answer)
	}
	permissions := g.mustCode(t, 200, "GET", data+"self/permissions", token, nil)
	if got := permissions["connectionPermissions"].(map[string]any); len(got) != 3 || len(permissions["systemPermissions"].([]any)) != 0 {
		t.Errorf("permissions %v", permissions)
	}
	mustExec(t, g.db, "DELETE FROM guacamole_connection_permission")
	if got, want := names(), []string{"labs"}; !slices.Equal(got, want) {
		t.Errorf("without permissions, the tree has %q, want %q", got, want)
	}
	g.mustCode(t, 404, "GET", data+"connections/"+g.id, token, nil)
	mustExec(t, g.db, "INSERT INTO guacamole_system_permission SELECT entity_id, 'ADMINISTER' FROM guacamole_entity")
	if got := names(); len(got) != 5 {
		t.Errorf("who administers sees %q, want all", got)
	}
	g.mustCode(t, 404, "GET", "/api/session/data/mysql/self/permissions", token, nil)
}

func TestUserMadeAgainIsAnother(t *testing.T) {
	g := mustWebApp(t, "1.6")
	token := g.mustLogin(t)
	mustExec(t, g.db, "DELETE FROM guacamole_entity")
	g.addUser(t, "ann")
	mustExec(t, g.db, "INSERT INTO guacamole_connection_permission SELECT entity_id, connection_id, 'READ' FROM guacamole_entity, guacamole_connection")
	g.mustCode(t, 404, "GET", "/api/session/data/postgresql/connections/"+g.id, token, nil)
}

func TestFaultsOfTheWebApp(t *testing.T) {
	g := mustWebApp(t, "1.6")
	token := g.mustLogin(t)
	address := strings.TrimPrefix(strings.TrimSuffix(g.URL(), "/guacamole"), "http://")
	for range 2 {
		if err := g.Down(); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", address); err == nil {
			t.Error("down, and it still listens")
			_ = conn.Close()
		}
		if err := g.Up(); err != nil {
			t.Fatal(err)
		}
		g.mustCode(t, 204, "HEAD", "/api/session", token, nil)
	}
	const delay = 50 * time.Millisecond
	g.SetDelay(delay)
	started := time.Now()
	g.mustCode(t, 204, "HEAD", "/api/session", token, nil)
	if took := time.Since(started); took < delay {
		t.Errorf("answered after %v, want %v at least", took, delay)
	}
}

func TestDatabaseBehindTheWebAppComesBack(t *testing.T) {
	skipIfShort(t)
	d, err := NewDatabase(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // its folder goes
	w, err := NewWebApp(mustGateway(t, d, "1.6").WebApp, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() //nolint:errcheck // its database is gone
	g := &gateway{WebApp: w, client: http.DefaultClient}
	g.mustCode(t, 403, "POST", "/api/tokens", "", credentials("ann", password))
	if err := d.Kill(); err != nil {
		t.Fatal(err)
	}
	if answer := g.mustCode(t, 500, "POST", "/api/tokens", "", credentials("ann", password)); answer["type"] != "INTERNAL_ERROR" {
		t.Errorf("answer %v", answer)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	g.mustCode(t, 403, "POST", "/api/tokens", "", credentials("ann", password))
}

func TestCertificateIsChecked(t *testing.T) {
	w, ca, err := NewTLSWebApp("postgres://nobody@127.0.0.1:1/none", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close() //nolint:errcheck // nothing is lost
	if _, err := http.Get(w.URL() + "/"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v, want it to be about the certificate", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	g := &gateway{WebApp: w, client: client}
	g.mustCode(t, 200, "GET", "/", "", nil)
}

// refused opens a tunnel that must be closed at once, and gives how.
func (g *gateway) refused(t *testing.T, query url.Values) (websocket.StatusCode, string) {
	t.Helper()
	ws := g.mustDial(t, query)
	_, message, err := ws.Read(context.Background())
	var end websocket.CloseError
	if err == nil || !asClose(err, &end) {
		t.Fatalf("%v: got %q, error %v, want it to be closed", query, message, err)
	}
	return end.Code, end.Reason
}

func TestTunnelIsRefused(t *testing.T) {
	g := mustWebApp(t, "1.6")
	token := g.mustLogin(t)
	good := url.Values{"token": {token}, "GUAC_ID": {g.id}, "GUAC_TYPE": {"c"}, "GUAC_DATA_SOURCE": {"postgresql"}}
	for _, test := range []struct {
		key, value string
		code       websocket.StatusCode
		reason     string
	}{
		{"token", "none", 1008, "769"},
		{"GUAC_ID", "99", 1002, "516"},
		{"GUAC_ID", "x", 1002, "516"},
		{"GUAC_DATA_SOURCE", "mysql", 1002, "516"},
		{"GUAC_TYPE", "g", 1002, "516"},
		{"GUAC_TYPE", "x", 1002, "768"},
		{"GUAC_TYPE", "", 1002, "768"},
		{"GUAC_WIDTH", "wide", 1002, "768"},
		{"GUAC_DPI", "96", 1011, "512"}, // all is well, but guacd is not there
	} {
		query := url.Values{}
		for key, values := range good {
			query[key] = values
		}
		query.Set(test.key, test.value)
		if code, reason := g.refused(t, query); code != test.code || reason != test.reason {
			t.Errorf("%s=%s: closed with %d %q, want %d %q", test.key, test.value, code, reason, test.code, test.reason)
		}
	}
	mustExec(t, g.db, "DELETE FROM guacamole_connection_permission")
	if code, reason := g.refused(t, good); code != 1002 || reason != "516" {
		t.Errorf("without READ: closed with %d %q", code, reason)
	}
}
