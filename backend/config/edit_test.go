package config

import (
	"strings"
	"testing"
)

var external = Gateway{
	Mode: "external", URL: "https://guac.test/guacamole", DSN: `postgres://u:p%22'\@db.test/guacamole_db`, WebPort: 1,
}

func TestWithGateway(t *testing.T) {
	const other = "# mine\nconnect = \"qemu:///session\" # this one\n\n[node]\nvcpus = 2 # two\n"
	for what, before := range map[string]string{
		"an empty file":         "",
		"no table":              other,
		"a table at the end":    other + "\n[gateway]\nmode = \"stack\"\n",
		"a table in the middle": "[gateway] # old\n  mode = \"stack\"\n\n" + strings.Replace(other, "connect", "[bulk]\nlimit = 3\n#", 1),
		"a quoted table":        other + "[\"gateway\"]\nweb_port = 7\n",
		"no newline at the end": strings.TrimSuffix(other, "\n"),
	} {
		edited, err := WithGateway([]byte(before), external)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		s, err := parse("", edited)
		if err != nil || s.Gateway != external {
			t.Errorf("%s: got %+v and %v of\n%s", what, s.Gateway, err, edited)
		}
		for _, kept := range []string{"# mine", "# this one", "vcpus = 2 # two"} {
			if strings.Contains(before, kept) && !strings.Contains(string(edited), kept) {
				t.Errorf("%s: %q is gone from\n%s", what, kept, edited)
			}
		}
		if again, err := WithGateway(edited, external); err != nil || string(again) != string(edited) {
			t.Errorf("%s: set again got\n%s\nwant\n%s", what, again, edited)
		}
	}
}

// What can not be edited by lines is refused, not spoilt.
func TestWithGatewayRefuses(t *testing.T) {
	for what, before := range map[string]string{
		"an inline table": "gateway = { mode = \"stack\" }\n",
		"dotted keys":     "gateway.mode = \"stack\"\n",
		"a fault":         "[node]\nvcpus = many\n",
	} {
		if got, err := WithGateway([]byte(before), external); err == nil {
			t.Errorf("%s: got %q, want it refused", what, got)
		}
	}
}
