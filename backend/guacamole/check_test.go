package guacamole

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/build/stand"
)

// wantFailure wants all steps well up to the one that fails, which says why.
func wantFailure(t *testing.T, checks []lab.Check, step, says string) {
	t.Helper()
	for i, c := range checks {
		last := i == len(checks)-1
		if c.Name != lab.GatewaySteps[i] || !last && c.Status != lab.CheckOK || c.Message == "" {
			t.Errorf("got %+v, want step %s well", c, lab.GatewaySteps[i])
		}
		if last && (c.Name != step || c.Status != lab.CheckFailed || c.Remedy == "" || !strings.Contains(c.Message, says)) {
			t.Errorf("got %+v, want step %s failed with a remedy and %q", c, step, says)
		}
	}
}

func TestStepsThatFail(t *testing.T) {
	t.Parallel()
	s, other, none, poor := newSite(t, "1.6"), newSite(t, "1.6"), newSite(t, "none"), newSite(t, "1.5")
	role := userOf(t, poor.Ours)
	poor.do(t, "REVOKE INSERT ON guacamole_connection FROM "+role+"; REVOKE ALL ON SEQUENCE guacamole_entity_entity_id_seq FROM "+role)
	secure, _, err := stand.NewTLSWebApp(s.WebApp, newGuacd(t))
	if err != nil {
		t.Fatal(err)
	}
	defer secure.Close() //nolint:errcheck // nothing can be lost
	alone, err := stand.NewWebApp(s.WebApp, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close() //nolint:errcheck // nothing can be lost
	for _, tt := range []struct {
		name, dsn, url string
		step, says     string
	}{
		{"no server", edited(t, s.Ours, func(u *url.URL) { u.Host = "127.0.0.1:1" }), s.web.URL(), lab.StepTCP, "127.0.0.1:1"},
		{"no host", edited(t, s.Ours, func(u *url.URL) { u.Host = "nosuch.invalid" }), s.web.URL(), lab.StepTCP, "does not answer"},
		{"no address", "x", s.web.URL(), lab.StepTCP, "not one"},
		{"no TLS", edited(t, s.Ours, func(u *url.URL) { u.RawQuery = "sslmode=require" }), s.web.URL(), lab.StepTLS, "speaks no TLS"},
		{"a wrong password", edited(t, s.Ours, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrongPassword4") }), s.web.URL(), lab.StepLogin, "does not let us in"},
		{"no database", edited(t, s.Admin, func(u *url.URL) { u.Path = "/nosuch" }), s.web.URL(), lab.StepLogin, "no database of that name"},
		{"no tables", none.Ours, s.web.URL(), lab.StepSchema, "no tables of Guacamole"},
		{"no rights", poor.Ours, s.web.URL(), lab.StepRights, "INSERT ON guacamole_connection, USAGE ON SEQUENCE guacamole_entity_entity_id_seq"},
		{"may only read", s.ReadOnly, s.web.URL(), lab.StepRights, "INSERT ON guacamole_user,"},
		{"no web application", s.Ours, "http://127.0.0.1:1", lab.StepWebApp, "does not answer"},
		{"a wrong path", s.Ours, s.web.URL() + "/x", lab.StepWebApp, "has no Guacamole"},
		{"an unknown certificate", s.Ours, secure.URL(), lab.StepWebApp, "can not be trusted"},
		{"another database", s.Ours, other.web.URL(), lab.StepToken, "does not know our user"},
		{"no guacd", s.Ours, alone.URL(), lab.StepGuacd, "did not open the console"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			access := s.access
			access.DSN, access.URL = tt.dsn, tt.url
			checks := newOpen().Test(t.Context(), access)
			wantFailure(t, checks, tt.step, tt.says)
			wantNoTrace(t, s)
		})
	}
	wantNoTrace(t, other)
}

// TestRemedyForRightsMends runs what Test tells a person to run.
func TestRemedyForRightsMends(t *testing.T) {
	s := newSite(t, "1.6")
	access := s.access
	access.DSN = s.ReadOnly
	checks := newOpen().Test(t.Context(), access)
	s.do(t, checks[len(checks)-1].Remedy)
	if checks = newOpen().Test(t.Context(), access); len(checks) != len(lab.GatewaySteps) {
		t.Errorf("got %+v, want all steps", checks)
	}
	wantNoTrace(t, s)
}

func userOf(t *testing.T, dsn string) (name string) {
	t.Helper()
	edited(t, dsn, func(u *url.URL) { name = u.User.Username() })
	return name
}

// wantNoTrace wants nothing of ours in the database, and nobody logged in.
func wantNoTrace(t *testing.T, s *site) {
	t.Helper()
	for _, table := range []string{
		"guacamole_connection_group", "guacamole_connection", "guacamole_connection_parameter", "guacamole_entity", "guacamole_user",
		"guacamole_connection_permission", "guacamole_user_permission", "guacamole_connection_group_permission",
	} {
		if got := ask[int](t, s, "SELECT count(*)::int FROM "+table); got != 0 {
			t.Errorf("%d rows of %s are left, want none", got, table)
		}
	}
	if got := s.web.Tokens(); got != 0 {
		t.Errorf("%d tokens are left, want none", got)
	}
}

// TestStepsLeaveNoTrace goes through all steps, and is cancelled in the middle.
func TestStepsLeaveNoTrace(t *testing.T) {
	s := newSite(t, "1.5")
	checks := newOpen().Test(t.Context(), s.access)
	if len(checks) != len(lab.GatewaySteps) || checks[len(checks)-1].Status != lab.CheckOK {
		t.Errorf("got %+v, want all steps well", checks)
	}
	wantNoTrace(t, s)
	g := newOpen()
	ctx, cancel := context.WithCancel(t.Context())
	run := &trial{gateway: g.Gateway, access: s.access}
	run.access.Owner = "test"
	for _, step := range []func(context.Context) (string, error){run.tcp, run.tls, run.login, run.schema, run.rights, run.webApp, run.token} {
		if _, err := step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	run.sweep(ctx)
	wantNoTrace(t, s)
}

// TestStepsLeaveOursAlone goes through all steps beside an open gateway.
func TestStepsLeaveOursAlone(t *testing.T) {
	s := newSite(t, "1.6")
	r := mustOpen(t, s.access)
	c := labtest.Connection("web")
	r.must(t, c)
	r.mustLogin(t)
	newOpen().Test(t.Context(), s.access)
	wantOnly(t, r, c)
	r.age()
	r.mustLogin(t)
	wantLogins(t, s, 2) // ours, and that of the test
}
