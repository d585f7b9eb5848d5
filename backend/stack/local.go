package stack

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// info is what the engines tell of themselves: Docker above, Podman below.
type info struct {
	OperatingSystem string
	SecurityOptions []string
	ServerErrors    []string
	Host            *struct {
		ServiceIsRemote bool `json:"serviceIsRemote"`
	} `json:"host"`
}

// mustBeLocal refuses an engine whose containers do not share the loopback of this
// machine, where the displays are. Rootless Podman gives them the real one.
func (r *runner) mustBeLocal(ctx context.Context) error {
	said, err := r.ask(ctx, r.engine.program, "info", "--format", "{{json .}}")
	if err != nil {
		return err
	}
	var i info
	if err := json.Unmarshal([]byte(said), &i); err != nil {
		return lab.Errorf(lab.KindUnavailable, "%s tells of itself what is not understood", r.engine.name()).WithCause(err)
	}
	if len(i.ServerErrors) > 0 { // as older versions tell it, without failing
		return r.explain(errors.New("it answers with errors"), strings.Join(i.ServerErrors, "\n"))
	}
	if why := i.foreign(); why != "" {
		return foreign(why)
	}
	return r.mustEndHere(ctx, i)
}

// foreign says why the containers would have another loopback, or nothing.
func (i info) foreign() string {
	switch {
	case i.Host != nil && i.Host.ServiceIsRemote:
		return "Podman works through a service on another machine or in a virtual one"
	case i.OperatingSystem == "Docker Desktop":
		return "Docker Desktop runs containers in a virtual machine"
	case slices.ContainsFunc(i.SecurityOptions, isOption("rootless")):
		return "Docker runs without root"
	case slices.ContainsFunc(i.SecurityOptions, isOption("userns")):
		return "Docker runs with user namespaces (userns-remap)"
	}
	return ""
}

// isOption matches "name=rootless" and "name=rootless,more".
func isOption(name string) func(string) bool {
	return func(option string) bool {
		return option == "name="+name || strings.HasPrefix(option, "name="+name+",")
	}
}

// mustEndHere refuses a Docker that is spoken to over the network. Podman has told
// so already, and a Docker that does not know its address has no other than the usual.
func (r *runner) mustEndHere(ctx context.Context, i info) error {
	if i.Host != nil {
		return nil
	}
	said, err := r.ask(ctx, "docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil {
		return lab.Cancelled(ctx)
	}
	if !isHere(strings.TrimSpace(said)) {
		return foreign("Docker is on another machine")
	}
	return nil
}

func isHere(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme == "unix" || u.Scheme == "" {
		return err == nil
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Scheme != "ssh" && (u.Hostname() == "localhost" || err == nil && address.IsLoopback())
}

func foreign(why string) error {
	return lab.Errorf(lab.KindUnavailable, "%s, and its containers do not reach the displays of the nodes on this machine's 127.0.0.1", why).
		WithHint("Use Docker Engine as root's service on this machine or Podman, or set up a Guacamole of your own as external gateway.")
}
