package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"sandboxlabs/backend/document"
)

var external = Gateway{
	Mode: "external", URL: "https://guac.test/guacamole", DSN: `postgres://u:p%22'\@db.test/guacamole_db`, WebPort: 1,
}

func TestEditOfTheGateway(t *testing.T) {
	const other = "# mine\nconnect = \"qemu:///session\" # this one\n\n[node]\nvcpus = 2 # two\n"
	for what, before := range map[string]string{
		"an empty file":         "",
		"no table":              other,
		"a table at the end":    other + "\n[gateway]\nmode = \"stack\" # was it\n",
		"a table in the middle": "[gateway] # old\n  mode = \"stack\"\n\n" + strings.Replace(other, "connect", "[bulk]\nlimit = 3\n#", 1),
		"a quoted table":        other + "[\"gateway\"]\nweb_port = 7\n",
		"an inline table":       "gateway = { mode = \"stack\" } # was it\n",
		"dotted keys":           "gateway.mode = \"stack\"\n" + other,
		"no newline at the end": strings.TrimSuffix(other, "\n"),
	} {
		var e Edit
		e.Gateway(external)
		edited, s, err := e.Apply("config.toml", []byte(before))
		if err != nil || s.Gateway != external {
			t.Errorf("%s: got %+v and %v of\n%s", what, s.Gateway, err, edited)
			continue
		}
		for _, kept := range []string{"# mine", "# this one", "vcpus = 2 # two", "# old", "# was it"} {
			if strings.Contains(before, kept) && !strings.Contains(string(edited), kept) {
				t.Errorf("%s: %q is gone from\n%s", what, kept, edited)
			}
		}
		if again, _, err := e.Apply("config.toml", edited); err != nil || string(again) != string(edited) {
			t.Errorf("%s: set again got\n%s\nwant\n%s", what, again, edited)
		}
		var off Edit
		off.Gateway(Defaults().Gateway)
		if edited, s, err = off.Apply("config.toml", edited); err != nil || s.Gateway.Mode != "off" || strings.Contains(string(edited), "guac.test") {
			t.Errorf("%s: switched off got %v of\n%s", what, err, edited)
		}
	}
}

func mustEdit(t *testing.T, set map[string]string, reset ...string) *Edit {
	t.Helper()
	e := new(Edit)
	for key, value := range set {
		if err := e.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range reset {
		if err := e.Reset(key); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func TestEditOfEveryField(t *testing.T) {
	values := map[Kind]string{KindSwitch: "false", KindNumber: "33", KindText: "/x", KindList: "disk"}
	set := map[string]string{"connect": "a:///b", "pool.name": "mine", "first_boot.user": "ann", "serve.listen": "[::1]:1", "first_boot.ssh_keys": "ssh-ed25519 A \"a\", b\nauto"}
	var reset []string
	for _, f := range Defaults().Fields() {
		if reset = append(reset, f.Key); set[f.Key] == "" {
			set[f.Key] = values[f.Kind]
			if f.Kind == KindChoice {
				set[f.Key] = f.Choices[1]
			}
		}
	}
	content, s, err := mustEdit(t, set).Apply("config.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Fields() {
		if f.Value != set[f.Key] {
			t.Errorf("%s is %q, want %q", f.Key, f.Value, set[f.Key])
		}
	}
	content, s, err = mustEdit(t, nil, reset...).Apply("config.toml", content)
	if err != nil || !reflect.DeepEqual(s, Defaults()) {
		t.Errorf("reset got %+v, %v", s, err)
	}
	if strings.Contains(string(content), "=") {
		t.Errorf("reset left\n%s", content)
	}
}

func TestResetLeavesWhatIsSaid(t *testing.T) {
	const before = "[undo]\n# a small disk\nhours = 2\ngib = 3 # at most\n"
	const want = "[undo]\n# a small disk\nhours = 24\ngib = 10 # at most\n"
	got, _, err := mustEdit(t, nil, "undo.hours", "undo.gib").Apply("config.toml", []byte(before))
	if err != nil || string(got) != want {
		t.Errorf("got %v and\n%s", err, got)
	}
}

func TestEditRefuses(t *testing.T) {
	for key, value := range map[string]string{
		"colour": "red", "node": "1", "gateway.mode": "off", "node.vcpus": "0", "undo.hours": "many", "desktop.tray": "maybe",
		"desktop.close": "burn", "desktop.notices": "disk\nall", "connect": "here", "log_level": "",
	} {
		var fault *Fault
		if err := new(Edit).Set(key, value); !errors.As(err, &fault) || fault.Key != key {
			t.Errorf("%s = %q: got %v, want a fault of it", key, value, err)
		}
	}
	if err := new(Edit).Reset("gateway.dsn"); err == nil {
		t.Error("a part of the gateway is reset by itself")
	}
	var place *document.Error
	if _, _, err := mustEdit(t, map[string]string{"node.vcpus": "2"}).Apply("f", []byte("[undo]\nhours = x\n")); !errors.As(err, &place) || place.Line != 2 {
		t.Errorf("got %v of a file with a fault, want its line", err)
	}
	if got, _, err := mustEdit(t, map[string]string{"pool.path": "/\x7f"}).Apply("f", nil); err == nil {
		t.Errorf("got %q, want what TOML does not take refused", got)
	}
}
