package stack

import (
	"errors"
	"strings"

	"sandboxlabs/backend/lab"
)

// complaint is something that engines say, and what it means.
type complaint struct {
	signs []string // any of them, in lower case
	kind  lab.Kind
	says  string // the sentence; {0} is the engine's name, as in the catalogues of words
	hint  string
}

// complaints are looked through in this order.
var complaints = []complaint{
	{
		[]string{"permission denied while trying to connect", "connect: permission denied", "permissionerror(13"},
		lab.KindDenied, "this user may not use {0}",
		"sudo usermod -aG docker $USER, then log out and in again.",
	},
	{
		[]string{"podman.sock"},
		lab.KindUnavailable, "Podman's service is not running, and its compose needs it",
		"systemctl --user enable --now podman.socket",
	},
	{
		[]string{"cannot connect to the docker daemon", "is the docker daemon running", "couldn't connect to docker daemon", "error while fetching server api version", "failed to connect to the docker api"},
		lab.KindUnavailable, "{0}'s daemon is not running",
		"sudo systemctl start docker",
	},
	{
		[]string{"port is already allocated", "address already in use", "address in use"},
		lab.KindBusy, "a port of the gateway is in use by another program",
		"Choose another port in the gateway's settings.",
	},
	{
		[]string{"no space left on device", "disk quota exceeded"},
		lab.KindUnavailable, "there is no space left for the gateway's containers",
		"Free some disk space, then try again.",
	},
	{
		[]string{"short-name", "unqualified-search"},
		lab.KindUnavailable, "Podman does not know where to fetch images from",
		"Name a registry under unqualified-search-registries in /etc/containers/registries.conf.",
	},
	{
		[]string{"toomanyrequests", "rate limit"},
		lab.KindUnavailable, "an image can not be fetched now, its registry lets us wait",
		"Try again in some hours, or log in to the registry.",
	},
	{
		[]string{"manifest unknown", "manifest for", "pull access denied", "no matching manifest"},
		lab.KindUnavailable, "an image of the gateway can not be had for this machine",
		"See whether docker-compose.yml and the registry speak of the same images.",
	},
	{
		[]string{"no such host", "name resolution", "server misbehaving", "i/o timeout", "tls handshake timeout", "network is unreachable", "no route to host", "failed to resolve reference", "failed to do request", "error pulling image", "initializing source", "request canceled while waiting for connection", "client.timeout exceeded", "connection reset by peer", "unexpected eof", "proxyconnect"},
		lab.KindUnavailable, "an image of the gateway can not be fetched",
		"See whether this machine reaches the internet, then try again.",
	},
}

// trouble makes a sentence of what the engine complained of.
func (e engine) trouble(said string) *lab.Error {
	lower := strings.ToLower(said)
	for _, c := range complaints {
		for _, sign := range c.signs {
			if strings.Contains(lower, sign) {
				return lab.Errorf(c.kind, "%s", strings.ReplaceAll(c.says, "{0}", e.name())).
					WithHint("%s", c.hint).WithCause(errors.New(said))
			}
		}
	}
	return lab.Errorf(lab.KindUnavailable, "%s failed", e.name()).
		WithHint("See what it says, mend that, then try again.").WithCause(errors.New(said))
}

// silent is the error of an engine that keeps us waiting.
func (e engine) silent() *lab.Error {
	hint := "sudo systemctl restart docker"
	if e.program == "podman" {
		hint = "Run podman info to see why."
	}
	return lab.Errorf(lab.KindUnavailable, "%s does not answer", e.name()).WithHint("%s", hint)
}

func (e engine) name() string {
	if strings.HasPrefix(e.program, "podman") {
		return "Podman"
	}
	return "Docker"
}
