package stack

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// engine is a container engine and the Compose that goes with it.
type engine struct {
	program string   // "docker" or "podman": what questions are put to
	compose []string // the command line that Compose's own arguments follow
}

// engines are what is looked for, the best first. Each but the last two answers
// for itself whether it has Compose.
var engines = []engine{
	{"docker", []string{"docker", "compose"}},
	{"podman", []string{"podman", "compose"}},
	{"docker", []string{"docker-compose"}},
	{"podman", []string{"podman-compose"}},
}

// findEngine gives the first engine that has Compose.
func (r *runner) findEngine(ctx context.Context) error {
	for _, e := range engines {
		if isInstalled(e.program) && isInstalled(e.compose[0]) && r.composes(ctx, e) {
			r.engine = e
			return nil
		}
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	return missing(isInstalled, installer())
}

func isInstalled(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func (r *runner) composes(ctx context.Context, e engine) bool {
	said, err := r.ask(ctx, append(slices.Clone(e.compose), "version")...)
	return err == nil && !isTooOld(said)
}

// isTooOld knows the podman-compose that gives a container two networks where it
// shall have that of the machine. 1.3.0 was seen to be right.
func isTooOld(version string) bool {
	_, number, found := strings.Cut(strings.ReplaceAll(version, "'", ""), "podman-compose version")
	number = strings.TrimLeft(number, ": ")
	for _, old := range []string{"0.", "1.0.", "1.1.", "1.2."} {
		if found && strings.HasPrefix(number, old) {
			return true
		}
	}
	return false
}

// missing says what to install.
func missing(has func(string) bool, install string) error {
	switch {
	case has("docker"):
		return lab.Errorf(lab.KindUnavailable, "Docker is here, but its compose plugin is missing").WithHint("%s", install)
	case has("podman") && has("podman-compose"):
		return lab.Errorf(lab.KindUnavailable, "podman-compose is too old, it can not give a container the network of this machine").
			WithHint("Install podman-compose 1.3 or newer, or Docker: %s", install)
	case has("podman"):
		return lab.Errorf(lab.KindUnavailable, "Podman is here, but it has no compose").
			WithHint("Install podman-compose 1.3 or newer, or Docker: %s", install)
	}
	return lab.Errorf(lab.KindUnavailable, "there is no container engine, the gateway's containers need Docker or Podman").
		WithHint("%s", install)
}

// installers are the commands that install Docker with Compose, by the ID of the
// system in os-release.
var installers = map[string]string{
	"debian": "sudo apt install docker.io docker-compose",
	"ubuntu": "sudo apt install docker.io docker-compose-v2",
	"fedora": "sudo dnf install moby-engine docker-compose",
	"arch":   "sudo pacman -S docker docker-compose",
}

// installer gives the command for this system or what it is like.
func installer() string {
	content, _ := os.ReadFile("/etc/os-release") // without it, nothing is known
	return installerFor(string(content))
}

func installerFor(release string) string {
	var names []string
	for line := range strings.Lines(release) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch value = strings.Trim(value, `"'`); name {
		case "ID":
			names = slices.Insert(names, 0, value)
		case "ID_LIKE":
			names = append(names, strings.Fields(value)...)
		}
	}
	for _, name := range names {
		if command := installers[name]; command != "" {
			return command
		}
	}
	return "See docs.docker.com/engine/install."
}
