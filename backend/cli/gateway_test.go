package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

const dsn = "postgres://ours:secret@127.0.0.1:5432/guacamole"

func TestGatewayStack(t *testing.T) {
	d := mustDesk(t)
	if o := d.mustRun(t, "gateway", "status"); !strings.Contains(o.out, "off") {
		t.Errorf("got %q of a gateway that is not set up, want it off", o.out)
	}
	time.AfterFunc(300*time.Millisecond, d.Stack.HoldUp()) // so long that its progress is told
	up := d.mustRun(t, "gateway", "up")
	if !strings.Contains(up.err, "Pulling the images") || !strings.Contains(up.out, "ready at "+labtest.GatewayAddress) {
		t.Errorf("got %q and %q, want how it went and where it is", up.err, up.out)
	}
	report := mustJSON[lab.GatewayReport](t, d, exitDone, "gateway", "status")
	if report.Status.State != lab.GatewayReady || len(report.Services) != 1 {
		t.Errorf("got %+v, want it ready, with its container", report)
	}
	if o := d.mustRun(t, "gateway", "logs"); !strings.HasPrefix(o.out, "a line\n") {
		t.Errorf("got the log %q", o.out)
	}
	status := mustJSON[lab.GatewayStatus](t, d, exitDone, "gateway", "down")
	if status.State != lab.GatewayIsOff || d.Keeper.Gateway().Mode != lab.GatewayOff {
		t.Errorf("got %+v and the mode %s, want it off", status, d.Keeper.Gateway().Mode)
	}
}

func TestGatewayThatCanNotBeBroughtUp(t *testing.T) {
	d := mustDesk(t)
	d.Fail("Stack.Up", labtest.FailBefore, lab.Errorf(lab.KindDenied, "Docker refuses you").WithHint("Join the group."))
	o := d.run(t.Context(), "gateway", "up")
	if o.code != exitFailed || !strings.Contains(o.err, "Docker refuses you\nhint: Join the group.") {
		t.Errorf("got %+v, want the problem and its remedy", o)
	}
}

func TestGatewayOfOthers(t *testing.T) {
	d := mustDesk(t)
	mustJSON[lab.GatewayStatus](t, d, exitDone, "gateway", "set", "--url", labtest.GatewayAddress, "--dsn", dsn)
	if got := d.Keeper.Gateway(); got.Mode != lab.GatewayExternal || got.DSN != dsn {
		t.Errorf("got %+v kept, want what was given", got.Mode)
	}
	d.mustRun(t, "gateway", "set", "--recordings", "/recordings")
	if got := d.Keeper.Gateway(); got.DSN != dsn || got.Recordings != "/recordings" {
		t.Error("got another DSN or no recordings kept, want the one to stay and the other to come")
	}
	if o := d.mustRun(t, "gateway", "status", "--json"); strings.Contains(o.out, "secret") {
		t.Errorf("got the password in %s", o.out)
	}
	checks := mustJSON[[]lab.Check](t, d, exitDone, "gateway", "test")
	if len(checks) != len(lab.GatewaySteps) {
		t.Errorf("got %d steps, want %d", len(checks), len(lab.GatewaySteps))
	}
	d.Gateway.SetWebApp(false)
	checks = mustJSON[[]lab.Check](t, d, exitFailed, "gateway", "test")
	if last := checks[len(checks)-1]; last.Name != lab.StepWebApp || last.Status != lab.CheckFailed || last.Remedy == "" {
		t.Errorf("got %+v last, want the web application's failure and its remedy", last)
	}
	if o := d.run(t.Context(), "gateway", "status"); o.code != exitFailed || !strings.Contains(o.out, "does not answer") {
		t.Errorf("got %+v, want what is wrong", o)
	}
}

// The DSN has a password: on the command line everybody on the machine could see it.
func TestGatewayDSNFromInput(t *testing.T) {
	d := mustDesk(t)
	f := &face{Program: Program{Open: d.open, Out: new(bytes.Buffer), Err: new(bytes.Buffer)}}
	root := f.root()
	root.SetIn(strings.NewReader(dsn + "\n"))
	root.SetArgs([]string{"gateway", "set", "--url", labtest.GatewayAddress, "--dsn", "-"})
	if err := root.ExecuteContext(t.Context()); err != nil || d.Keeper.Gateway().DSN != dsn {
		t.Errorf("got %v, want what was read kept", err)
	}
}

func TestGatewayRefusesNonsense(t *testing.T) {
	d := mustDesk(t)
	for _, args := range [][]string{
		{"--mode", "on"}, {"--mode", "external"}, {"--url", "guac.test", "--dsn", dsn}, {"--mode", "stack", "--web-port", "70000"},
	} {
		p := mustJSON[lab.Problem](t, d, exitFailed, append([]string{"gateway", "set"}, args...)...)
		if p.Kind != lab.KindInvalid || p.Hint == "" {
			t.Errorf("%v: got %+v, want it refused with a remedy", args, p)
		}
	}
	if got := d.Keeper.Gateway().Mode; got != lab.GatewayOff {
		t.Errorf("got the mode %s kept, want nothing changed", got)
	}
}

// A command registers what it makes, and tells how a console can be had.
func TestNodesAtTheGateway(t *testing.T) {
	d := mustDesk(t)
	d.mustRun(t, "gateway", "set", "--url", labtest.GatewayAddress, "--dsn", dsn)
	made := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny", "--start", "--guacamole", "read-only=true", "--guacamole", "color-depth=8")
	row, ok := d.Gateway.Row(made.ID)
	if !ok || row.VNC == nil || row.Parameters["color-depth"] != "8" {
		t.Errorf("got the connection %+v, want one of a running node", row)
	}
	if o := d.mustRun(t, "node", "show", "web"); !strings.Contains(o.out, "Guacamole") {
		t.Errorf("got %q, want the way to its console", o.out)
	}
	d.mustRun(t, "node", "set", "web", "--guacamole", "color-depth=", "--guacamole", "disable-paste=true")
	if row, _ := d.Gateway.Row(made.ID); row.Parameters["color-depth"] != "" || row.Parameters["read-only"] != "true" || row.Parameters["disable-paste"] != "true" {
		t.Errorf("got the parameters %v, want one taken away and one more", row.Parameters)
	}
	for _, bad := range []string{"read-only", "disable-server-input=true", "recording-path=/etc"} {
		if o := d.run(t.Context(), "node", "set", "web", "--guacamole", bad); o.code != exitFailed || !strings.Contains(o.err, "hint:") {
			t.Errorf("%s: got %+v, want it refused with a remedy", bad, o)
		}
	}
	d.Gateway.Disconnect()
	if o := d.mustRun(t, "node", "show", "web"); !strings.Contains(o.out, "direct; Guacamole could not be told") {
		t.Errorf("got %q without a database, want it said", o.out)
	}
	d.mustRun(t, "node", "off", "web")
	d.Gateway.Connect()
	d.mustRun(t, "node", "rm", "web")
	if rows := d.Gateway.Rows(); len(rows) > 0 {
		t.Errorf("got %+v after the node was removed, want nothing", rows)
	}
}
