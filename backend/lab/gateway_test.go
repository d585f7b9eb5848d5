package lab

import (
	"strings"
	"testing"
)

func outside() GatewaySettings {
	return GatewaySettings{
		Mode: GatewayExternal, URL: "https://guac.test/guacamole", DSN: "postgres://ours:s%40cret@db.test:5432/guacamole_db?sslmode=require",
	}
}

func TestGatewaySettings(t *testing.T) {
	for what, tt := range map[string]struct {
		change func(*GatewaySettings)
		ok     bool
	}{
		"external":               {func(*GatewaySettings) {}, true},
		"off":                    {func(s *GatewaySettings) { *s = GatewaySettings{Mode: GatewayOff} }, true},
		"the stack":              {func(s *GatewaySettings) { *s = GatewaySettings{Mode: GatewayStack, WebPort: 65535} }, true},
		"an address":             {func(s *GatewaySettings) { s.DisplayHost = "fe80::1" }, true},
		"a name":                 {func(s *GatewaySettings) { s.DisplayHost = "lab-1.test" }, true},
		"recordings":             {func(s *GatewaySettings) { s.Recordings = "/var/recordings" }, true},
		"no mode":                {func(s *GatewaySettings) { s.Mode = "" }, false},
		"another mode":           {func(s *GatewaySettings) { s.Mode = "on" }, false},
		"a negative port":        {func(s *GatewaySettings) { s.GuacdPort = -1 }, false},
		"no address of the app":  {func(s *GatewaySettings) { s.URL = "" }, false},
		"a file for the app":     {func(s *GatewaySettings) { s.URL = "file:///x" }, false},
		"a password in its URL":  {func(s *GatewaySettings) { s.URL = "https://a:b@guac.test/" }, false},
		"a token in its URL":     {func(s *GatewaySettings) { s.URL += "?token=x" }, false},
		"no database":            {func(s *GatewaySettings) { s.DSN = "" }, false},
		"words for a database":   {func(s *GatewaySettings) { s.DSN = "host=db.test user=ours password=secret" }, false},
		"nobody at the database": {func(s *GatewaySettings) { s.DSN = "postgres://db.test/guacamole_db" }, false},
		"another host behind":    {func(s *GatewaySettings) { s.DSN += "&host=evil.test" }, false},
		"a file of passwords":    {func(s *GatewaySettings) { s.DSN += "&passfile=/etc/passwd" }, false},
		"a bad query":            {func(s *GatewaySettings) { s.DSN += "&%zz" }, false},
		"a certificate":          {func(s *GatewaySettings) { s.DSN += "&sslrootcert=/etc/ssl/lab.pem" }, true},
		"no name of a database":  {func(s *GatewaySettings) { s.DSN = "postgres://ours:secret@db.test" }, false},
		"a bad escape":           {func(s *GatewaySettings) { s.DSN = "postgres://ours:se%cret@db.test/x" }, false},
		"a host with a space":    {func(s *GatewaySettings) { s.DisplayHost = "lab 1" }, false},
		"a host with a token":    {func(s *GatewaySettings) { s.DisplayHost = "${GUAC_USERNAME}" }, false},
		"a relative folder":      {func(s *GatewaySettings) { s.Recordings = "recordings" }, false},
		"a folder that climbs":   {func(s *GatewaySettings) { s.Recordings = "/a/../etc" }, false},
		"a folder with a token":  {func(s *GatewaySettings) { s.Recordings = "/${GUAC_USERNAME}" }, false},
	} {
		s := outside()
		tt.change(&s)
		p := ProblemOf(s.Check())
		if tt.ok != (p == nil) || p != nil && (p.Kind != KindInvalid || p.Hint == "") {
			t.Errorf("%s: got %+v, want ok %v, or a remedy", what, p, tt.ok)
		}
		if p != nil && strings.Contains(p.Message+p.Hint, "cret") {
			t.Errorf("%s: got the password in %+v", what, p)
		}
	}
}

func TestMasked(t *testing.T) {
	for _, dsn := range []string{
		outside().DSN, "postgres://ours@db.test/x?password=s%40cret", "postgres://ours:x@db.test/x?sslpassword=s%40cret", "postgres://ours:s@cret@db.test/x", "postgres://ours:s%zzcret@db.test/x", "password=s@cret",
	} {
		s := outside()
		s.DSN = dsn
		shown := s.Masked().DSN
		if strings.Contains(shown, "cret") {
			t.Errorf("got %q of %q, want it without the password", shown, dsn)
		}
	}
}

func TestUnmasked(t *testing.T) {
	old := outside()
	shown := old.Masked()
	if want := "postgres://ours:********@db.test:5432/guacamole_db?sslmode=require"; shown.DSN != want {
		t.Errorf("got %q shown, want %q", shown.DSN, want)
	}
	if got, err := shown.Unmasked(old); err != nil || got != old {
		t.Errorf("got %+v and %v of what was shown, want what was kept", got, err)
	}
	moved := shown
	moved.DSN = strings.Replace(shown.DSN, "guacamole_db", "other_db", 1)
	if got, err := moved.Unmasked(old); err != nil || got.DSN != strings.Replace(old.DSN, "guacamole_db", "other_db", 1) {
		t.Errorf("got %q and %v for another database of that server, want the password kept", got.DSN, err)
	}
	typed := outside()
	typed.DSN = "postgres://ours:new@db.test:5432/guacamole_db"
	if got, err := typed.Unmasked(old); err != nil || got != typed {
		t.Errorf("got %+v and %v of what was typed, want it as it is", got, err)
	}
	for what, change := range map[string][2]string{
		"another host": {"db.test", "evil.test"}, "another port": {"5432", "5433"}, "another user": {"ours", "admin"},
		"another host behind": {"sslmode=require", "host=evil.test"}, "no encryption": {"sslmode=require", "sslmode=disable"},
	} {
		theirs := shown
		theirs.DSN = strings.Replace(shown.DSN, change[0], change[1], 1)
		if got, err := theirs.Unmasked(old); KindOf(err) != KindInvalid || strings.Contains(got.DSN, "cret") {
			t.Errorf("%s: got %q and %v, want the password kept from it", what, got.DSN, err)
		}
	}
}

func TestParametersThatMayBeSet(t *testing.T) {
	for name, values := range map[string][]string{
		"read-only": {"true", "false"}, "disable-copy": {"true"}, "disable-paste": {"true"}, "color-depth": {"8", "32"},
		"disable-display-resize": {"false"}, "cursor": {"remote"}, "quality-level": {"0", "9"}, "encodings": {"zrle ultra copyrect"},
		"clipboard-encoding": {"UTF-8"}, "recording-name": {"web", "web-${GUAC_DATE}-${GUAC_TIME}.guac"},
	} {
		for _, value := range values {
			if err := CheckParameters(map[string]string{name: value}); err != nil {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	if err := CheckParameters(nil); err != nil {
		t.Error(err)
	}
}

func TestParametersThatMayNot(t *testing.T) {
	for _, set := range []string{
		"hostname=db", "port=22", "password=x", "username=x", "autoretry=100", "disable-server-input=true", "recording-path=/etc",
		"create-recording-path=true", "reverse-connect=true", "dest-host=x", "enable-sftp=true", "sftp-private-key=x",
		"sftp-directory=/", "enable-audio=true", "audio-servername=x", "wol-send-packet=true", "listen-timeout=1", "=x",
		"colour-depth=8", "READ-ONLY=true", "read-only =true", "read-only=", "read-only=yes", "color-depth=12", "encodings=zrle;ultra",
		"recording-name=", "recording-name=../x", "recording-name=a/b", "recording-name=.hidden", "recording-name=${GUAC_PASSWORD}",
		"recording-name=$GUAC_DATE", "recording-name=" + strings.Repeat("${GUAC_DATE}", 80),
	} {
		name, value, _ := strings.Cut(set, "=")
		p := ProblemOf(CheckParameters(map[string]string{name: value}))
		if p == nil || p.Kind != KindInvalid || p.Hint == "" {
			t.Errorf("%s: got %+v, want it refused with a remedy", set, p)
		}
	}
}
