package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// The services of docker-compose.yml, in the order of their start.
const (
	prepare   = "prepare" // ends when it is done
	postgres  = "postgres"
	guacd     = "guacd"
	guacamole = "guacamole"
)

var services = []string{prepare, postgres, guacd, guacamole}

// The labels that every Compose puts on containers.
const (
	projectLabel = "com.docker.compose.project"
	serviceLabel = "com.docker.compose.service"
)

// container is one of our containers as the engine sees it.
type container struct {
	id, service, name string
	state             string // created, running, restarting, exited, ...
	health            string // healthy, unhealthy, starting; empty: it has no check
	check             string // what the last check said
	code              int    // it exited with
	restarts          int
}

// inspected is what both engines say of a container; Podman once called its health
// otherwise.
type inspected struct {
	ID           string `json:"Id"`
	Name         string
	RestartCount int
	State        struct {
		Status              string
		ExitCode            int
		Health, Healthcheck *health
	}
	Config struct{ Labels map[string]string }
}

type health struct {
	Status string
	Log    []struct{ Output string }
}

// containers gives those of our project, in the order of services.
func (r *runner) containers(ctx context.Context) ([]container, error) {
	for tries := 3; ; tries-- {
		found, err := r.look(ctx)
		var e *lab.Error
		if tries > 1 && errors.As(err, &e) && e.Err != nil && isGone(e.Err.Error()) {
			continue // it went between two questions
		}
		return found, err
	}
}

func isGone(said string) bool {
	said = strings.ToLower(said)
	return strings.Contains(said, "no such container") || strings.Contains(said, "no such object")
}

func (r *runner) look(ctx context.Context) ([]container, error) {
	said, err := r.ask(ctx, r.engine.program, "ps", "-a", "-q", "--no-trunc", "--filter", "label="+projectLabel+"="+r.project())
	ids := strings.Fields(said)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	said, err = r.ask(ctx, append([]string{r.engine.program, "inspect", "--type", "container"}, ids...)...)
	if err != nil {
		return nil, err
	}
	var all []inspected
	if err := json.Unmarshal([]byte(said), &all); err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "%s tells of containers what is not understood", r.engine.name()).WithCause(err)
	}
	var found []container
	for _, i := range all {
		if service := i.Config.Labels[serviceLabel]; slices.Contains(services, service) {
			found = append(found, i.container(service, r.env.redact))
		}
	}
	slices.SortFunc(found, func(a, b container) int {
		return cmp.Compare(slices.Index(services, a.service), slices.Index(services, b.service))
	})
	return found, nil
}

func (i inspected) container(service string, redact func(string) string) container {
	c := container{
		id: i.ID, service: service, name: strings.TrimPrefix(i.Name, "/"),
		state: i.State.Status, code: i.State.ExitCode, restarts: i.RestartCount,
	}
	h := cmp.Or(i.State.Health, i.State.Healthcheck)
	if h != nil && h.Status != "none" {
		c.health = h.Status
		if n := len(h.Log); n > 0 {
			c.check = strings.TrimSpace(redact(plain(h.Log[n-1].Output)))
		}
	}
	return c
}

func isRunning(there []container, service string) bool {
	return slices.ContainsFunc(there, func(c container) bool { return c.service == service && c.state == "running" })
}

// logs gives the last lines of each container, below one another.
func (r *runner) logs(ctx context.Context, count int) (string, error) {
	there, err := r.containers(ctx)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, c := range there {
		log, err := r.log(ctx, c, count)
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(log) {
			fmt.Fprintf(&all, "%s | %s\n", c.service, strings.TrimRight(line, "\n"))
		}
	}
	return all.String(), nil
}

// log gives the last lines of a container, what it said on either channel in the
// order it came.
func (r *runner) log(ctx context.Context, c container, count int) (string, error) {
	limited, cancel := context.WithTimeout(ctx, r.answers)
	defer cancel()
	cmd := r.command(limited, r.engine.program, "logs", "--tail", fmt.Sprint(count), c.id)
	said, err := cmd.CombinedOutput()
	if cancelled := lab.Cancelled(ctx); cancelled != nil {
		return "", cancelled
	}
	if limited.Err() != nil {
		return "", r.engine.silent()
	}
	if err != nil {
		return "", r.explain(err, string(said))
	}
	return r.env.redact(plain(string(said))), nil
}
