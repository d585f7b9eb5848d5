package lab

import (
	"maps"
	"net/netip"
	"strings"
)

// noExpansion begins what Guacamole replaces within the value of a parameter.
const noExpansion = "${"

// Check checks what a registry of that access can be told; a breach is
// KindInvalid, names the rule, and does not repeat the password.
func (c Connection) Check(a GatewayAccess) error {
	if err := CheckID(c.ID); err != nil {
		return err
	}
	if err := CheckName(c.Name); err != nil {
		return err
	}
	switch {
	case c.VNC != nil && (c.VNC.Port < 1 || c.VNC.Port > 65535):
		return Errorf(KindInvalid, "the display of %s has no port: %d", c.Name, c.VNC.Port)
	case c.VNC != nil && strings.Contains(c.VNC.Host, noExpansion), strings.Contains(a.DisplayHost, noExpansion):
		return Errorf(KindInvalid, "the host of the display of %s is not a host's name or address", c.Name)
	case strings.Contains(c.Password, noExpansion):
		return Errorf(KindInvalid, "the password of the display of %s can not be given to Guacamole", c.Name).
			WithHint("Make it of letters and digits: Guacamole replaces what looks like a token.")
	}
	if err := CheckParameters(c.Parameters); err != nil {
		return err
	}
	if c.Parameters["recording-name"] != "" && a.Recordings == "" {
		return Errorf(KindInvalid, "%s is to be recorded, and there is no folder for recordings", c.Name).
			WithHint("Set the folder for recordings in the settings of the gateway, or leave recording-name out.")
	}
	return nil
}

// SameConnection reports whether two connections say the same: parameters that
// go without saying (PlainParameters) make no difference, nor do the names by
// which a machine calls itself.
func SameConnection(a, b Connection) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Password == b.Password && sameDisplay(a.VNC, b.VNC) &&
		maps.Equal(PlainParameters(a.Parameters), PlainParameters(b.Parameters))
}

func sameDisplay(a, b *VNC) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Port == b.Port && (a.Host == b.Host || here(a.Host) && here(b.Host))
}

// here reports whether host means the machine that says it.
func here(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}
