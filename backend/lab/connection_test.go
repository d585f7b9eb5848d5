package lab

import (
	"maps"
	"testing"
)

func goodConnection() Connection {
	return Connection{
		ID: "11111111-2222-3333-4444-555555555555", Name: "web", VNC: &VNC{Host: "127.0.0.1", Port: 5901}, Password: "abcDEF12",
		Parameters: map[string]string{"read-only": "true"},
	}
}

func TestConnectionCheck(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(*Connection)
		access GatewayAccess
		want   Kind
	}{
		{"good", func(*Connection) {}, GatewayAccess{}, ""},
		{"off", func(c *Connection) { c.VNC, c.Password = nil, "" }, GatewayAccess{}, ""},
		{"no id", func(c *Connection) { c.ID = "" }, GatewayAccess{}, KindInvalid},
		{"no name", func(c *Connection) { c.Name = "a b" }, GatewayAccess{}, KindInvalid},
		{"no port", func(c *Connection) { c.VNC.Port = 0 }, GatewayAccess{}, KindInvalid},
		{"a token in the host", func(c *Connection) { c.VNC.Host = "${GUAC_USERNAME}" }, GatewayAccess{}, KindInvalid},
		{"a token in the access", func(*Connection) {}, GatewayAccess{DisplayHost: "${x}"}, KindInvalid},
		{"a token in the password", func(c *Connection) { c.Password = "a${b}c" }, GatewayAccess{}, KindInvalid},
		{"a bad parameter", func(c *Connection) { c.Parameters["enable-sftp"] = "true" }, GatewayAccess{}, KindInvalid},
		{"a recording", func(c *Connection) { c.Parameters["recording-name"] = "${GUAC_DATE}" }, GatewayAccess{Recordings: "/r"}, ""},
		{"a recording to nowhere", func(c *Connection) { c.Parameters["recording-name"] = "x" }, GatewayAccess{}, KindInvalid},
	}
	for _, tt := range tests {
		c := goodConnection()
		tt.spoil(&c)
		if err := c.Check(tt.access); KindOf(err) != tt.want {
			t.Errorf("%s: got %v, want kind %q", tt.name, err, tt.want)
		}
	}
}

func TestSameConnection(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Connection)
		want   bool
	}{
		{"the same", func(*Connection) {}, true},
		{"what goes without saying", func(c *Connection) {
			c.Parameters["disable-copy"], c.Parameters["disable-display-resize"] = "false", "true"
		}, true},
		{"another name of this machine", func(c *Connection) { c.VNC.Host = "::1" }, true},
		{"another machine", func(c *Connection) { c.VNC.Host = "192.0.2.1" }, false},
		{"another port", func(c *Connection) { c.VNC.Port++ }, false},
		{"off", func(c *Connection) { c.VNC = nil }, false},
		{"another password", func(c *Connection) { c.Password = "" }, false},
		{"another name", func(c *Connection) { c.Name = "db" }, false},
		{"another node", func(c *Connection) { c.ID = "" }, false},
		{"a parameter more", func(c *Connection) { c.Parameters["disable-display-resize"] = "false" }, false},
		{"a parameter less", func(c *Connection) { c.Parameters = nil }, false},
	}
	for _, tt := range tests {
		a, b := goodConnection(), goodConnection()
		b.Parameters = maps.Clone(b.Parameters)
		tt.change(&b)
		if got := SameConnection(a, b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if got := SameConnection(b, a); got != tt.want {
			t.Errorf("%s, the other way: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
