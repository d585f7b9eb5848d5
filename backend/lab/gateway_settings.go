package lab

import (
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// GatewaySettings is what a person sets of the gateway.
type GatewaySettings struct {
	Mode        GatewayMode `json:"mode"`
	URL         string      `json:"url"`         // external: base address of the web application
	DSN         string      `json:"dsn"`         // external: its database, postgres://...; a secret
	DisplayHost string      `json:"displayHost"` // external: how guacd reaches this machine's displays; empty: 127.0.0.1
	Recordings  string      `json:"recordings"`  // external: folder for recordings, as guacd sees it; empty: none

	WebPort      int `json:"webPort"`      // stack: ports on 127.0.0.1; 0: the usual one or the next that is free
	GuacdPort    int `json:"guacdPort"`    // stack
	DatabasePort int `json:"databasePort"` // stack
}

// mask stands for the password of a DSN that is shown.
const mask = "********"

// Masked gives the settings as they can be shown.
func (s GatewaySettings) Masked() GatewaySettings {
	u, err := url.Parse(s.DSN)
	if err != nil || CheckDSN(s.DSN) != nil { // nothing of it is safe to show
		s.DSN = ""
		return s
	}
	if _, ok := u.User.Password(); ok {
		u.User = url.UserPassword(u.User.Username(), mask)
		s.DSN = strings.Replace(u.String(), url.UserPassword("", mask).String(), ":"+mask, 1)
	}
	return s
}

// Unmasked gives the settings with the password of the old ones where it is
// masked. The password goes to nobody else: another host or user, or another way
// to connect, needs its own, or it is KindInvalid.
func (s GatewaySettings) Unmasked(old GatewaySettings) (GatewaySettings, error) {
	u, err := url.Parse(s.DSN)
	if err != nil {
		return s, nil // Check tells
	}
	if password, _ := u.User.Password(); password != mask {
		return s, nil
	}
	before, err := url.Parse(old.DSN)
	if err == nil && u.Host == before.Host && u.RawQuery == before.RawQuery && u.User.Username() == before.User.Username() {
		if password, ok := before.User.Password(); ok {
			u.User = url.UserPassword(u.User.Username(), password)
			s.DSN = u.String()
			return s, nil
		}
	}
	return s, Errorf(KindInvalid, "the database's password is missing").WithHint("Type it in place of %s.", mask)
}

var hostPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$`)

// Check checks the settings' own rules; a breach is KindInvalid, names the rule,
// and repeats no password.
func (s GatewaySettings) Check() error {
	for name, port := range map[string]int{"web": s.WebPort, "guacd": s.GuacdPort, "database": s.DatabasePort} {
		if port < 0 || port > 65535 {
			return Errorf(KindInvalid, "the gateway's %s port %d is none", name, port).WithHint("Choose 1 to 65535, or 0 for one that is free.")
		}
	}
	switch s.Mode {
	case GatewayOff, GatewayStack:
		return nil
	case GatewayExternal:
		return s.checkExternal()
	}
	return Errorf(KindInvalid, "there is no gateway mode %q", s.Mode).WithHint("Choose one of %v.", GatewayModes)
}

func (s GatewaySettings) checkExternal() error {
	if err := s.checkURL(); err != nil {
		return err
	}
	if err := CheckDSN(s.DSN); err != nil {
		return err
	}
	_, err := netip.ParseAddr(s.DisplayHost)
	switch {
	case s.DisplayHost != "" && err != nil && !hostPattern.MatchString(s.DisplayHost):
		return Errorf(KindInvalid, "%q is not a host's name or address", s.DisplayHost).WithHint("Leave it empty where guacd runs on this machine.")
	case s.Recordings != "" && (!path.IsAbs(s.Recordings) || path.Clean(s.Recordings) != s.Recordings || strings.ContainsAny(s.Recordings, "$\n\x00")):
		return Errorf(KindInvalid, "%q is not a plain absolute folder", s.Recordings).WithHint("Give one such as /recordings, without a slash at its end, or leave it empty.")
	}
	return nil
}

func (s GatewaySettings) checkURL() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Errorf(KindInvalid, "the gateway's address is not that of a web application").
			WithHint("Give one such as https://guacamole.example.org/guacamole, without a user or a query.")
	}
	return nil
}

// dsnOptions are what a DSN may say behind its question mark
// (postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS): nothing
// that leads to another server or user than stands before it, and no secret.
var dsnOptions = []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "sslsni", "application_name", "connect_timeout", "target_session_attrs"}

// CheckDSN checks the address of a gateway's database; a breach is KindInvalid.
// What is wrong is not repeated: it may be a part of the password.
func CheckDSN(dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
		return Errorf(KindInvalid, "the address of the gateway's database is not one").
			WithHint("Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %%XX for special characters in the password.")
	}
	query, err := url.ParseQuery(u.RawQuery)
	for option := range query {
		if !slices.Contains(dsnOptions, option) {
			err = Errorf(KindInvalid, "the option is none")
		}
	}
	if err != nil {
		return Errorf(KindInvalid, "the address of the gateway's database has options that are not taken").
			WithHint("Use only %s behind the question mark.", strings.Join(dsnOptions, ", "))
	}
	return nil
}
