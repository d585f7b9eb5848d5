package guacamole

import (
	"strconv"

	"sandboxlabs/backend/lab"
)

// Parameters that are ours, and their values where these are always the same
// (guacamole.apache.org/doc/gug/configuring-guacamole.html#vnc).
const (
	paramHost       = "hostname"
	paramPort       = "port"
	paramPassword   = "password"
	paramRetry      = "autoretry"
	paramResize     = "disable-display-resize"
	paramRecording  = "recording-name"
	paramFolder     = "recording-path"
	paramMakeFolder = "create-recording-path"

	loopback = "127.0.0.1"
	noPort   = "0" // of a node that is off
	retries  = "5"
	yes      = "true"
	no       = "false"
)

// Parameters that Guacamole does not know, by which Connections tells of what a
// lab.Connection can not express.
const (
	noPermission  = "(no permission)" // our user may not open it
	otherProtocol = "(protocol)"
	doubled       = "(doubled)" // the node has more than one connection
)

// parametersOf gives the parameters that are written for a connection.
func parametersOf(c lab.Connection, a lab.GatewayAccess) map[string]string {
	set := lab.PlainParameters(c.Parameters)
	switch set[paramResize] {
	case no:
		delete(set, paramResize)
	default:
		set[paramResize] = yes
	}
	set[paramHost], set[paramPort], set[paramRetry] = hostOf(c.VNC, a), noPort, retries
	if c.VNC != nil {
		set[paramPort] = strconv.Itoa(c.VNC.Port)
	}
	if c.Password != "" { // an empty value is an absent row
		set[paramPassword] = c.Password
	}
	if set[paramRecording] != "" {
		set[paramFolder], set[paramMakeFolder] = a.Recordings, yes
	}
	return set
}

// hostOf gives how guacd reaches a display.
func hostOf(vnc *lab.VNC, a lab.GatewayAccess) string {
	switch {
	case a.DisplayHost != "":
		return a.DisplayHost
	case vnc != nil && vnc.Host != "":
		return vnc.Host
	}
	return loopback
}

// stored is a connection as the database has it.
type stored struct {
	Name       string
	Protocol   string
	Parameters map[string]string
	Permitted  bool
}

// connections turns rows into what was registered. What somebody changed by hand
// makes it differ from that.
func (r *registry) connections(rows []stored) []lab.Connection {
	all := make([]lab.Connection, len(rows))
	first := make(map[string]int)
	for i, row := range rows {
		all[i] = row.connection(r.access)
		if before, ok := first[all[i].ID]; ok {
			all[i].Parameters[doubled], all[before].Parameters[doubled] = yes, yes
			continue
		}
		first[all[i].ID] = i
	}
	return all
}

// connection is the inverse of parametersOf.
func (s stored) connection(a lab.GatewayAccess) lab.Connection {
	set := s.Parameters
	var c lab.Connection
	c.ID, c.Name = parseName(s.Name)
	c.Password = set[paramPassword]
	delete(set, paramPassword)
	c.VNC = takeDisplay(set, a)
	if set[paramRetry] == retries {
		delete(set, paramRetry)
	} else if _, ok := set[paramRetry]; !ok {
		set[paramRetry] = "" // it should be there
	}
	takeRecording(set, a)
	if set[paramResize] != yes {
		set[paramResize] = no
	}
	if !s.Permitted {
		set[noPermission] = yes
	}
	if s.Protocol != "vnc" {
		set[otherProtocol] = s.Protocol
	}
	c.Parameters = lab.PlainParameters(set)
	return c
}

// takeDisplay takes where the display is out of the parameters. The access's
// host stands for this machine; in its place any other is one too many.
func takeDisplay(set map[string]string, a lab.GatewayAccess) *lab.VNC {
	host, port := set[paramHost], set[paramPort]
	switch {
	case host == "":
		set[paramHost] = "" // it should be there
	case a.DisplayHost == "":
		delete(set, paramHost)
	case host == a.DisplayHost:
		delete(set, paramHost)
		host = loopback
	}
	delete(set, paramPort)
	if port == noPort {
		return nil
	}
	n, _ := strconv.Atoi(port) // 0 is the port of nobody: guacd would take one of its own
	return &lab.VNC{Host: host, Port: n}
}

// takeRecording takes the folder for recordings out of the parameters if it is
// as it should be, and notes if it should be there.
func takeRecording(set map[string]string, a lab.GatewayAccess) {
	for name, want := range map[string]string{paramFolder: a.Recordings, paramMakeFolder: yes} {
		got, ok := set[name]
		switch recorded := set[paramRecording] != ""; {
		case recorded && ok && got == want:
			delete(set, name)
		case recorded && !ok:
			set[name] = ""
		}
	}
}
