package virt

import (
	"net/url"
	"strings"
)

// uri is what a connection URI says about where libvirt runs.
type uri struct {
	text   string
	driver string // qemu, test
	host   string // empty: this machine
	system bool
	socket string // of the daemon; empty: the usual one
}

func parseURI(text string) uri {
	u, err := url.Parse(text)
	if err != nil {
		return uri{text: text}
	}
	driver, _, _ := strings.Cut(u.Scheme, "+")
	return uri{text: text, driver: driver, host: u.Hostname(), system: u.Path == "/system", socket: u.Query().Get("socket")}
}

// local reports whether libvirt's files and devices are those of this machine.
func (u uri) local() bool { return u.driver == "qemu" && u.host == "" }

// profile is the name of the profile: session or system.
func (u uri) profile() string {
	if u.system {
		return "system"
	}
	return "session"
}
