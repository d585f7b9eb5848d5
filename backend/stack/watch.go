package stack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// tooManyRestarts is how often a container may have started anew before it is
// given up.
const tooManyRestarts = 3

// Of as many lines of a container's log, an error quotes the last few that tell of
// trouble.
const (
	logLines  = 200
	lastWords = 4
)

var trouble = regexp.MustCompile(`(?i)error|fatal|severe|panic|exception|denied|fail|unable|cannot|can't|in use|no space|not found`)

// await looks at the containers until all are as they must be, and says what it
// waits for. Compose's own --wait takes the end of the first one for a failure.
func (r *runner) await(ctx context.Context, progress func(string)) error {
	deadline := time.Now().Add(r.healthy)
	told := ""
	for {
		there, err := r.containers(ctx)
		if err != nil {
			return err
		}
		for _, c := range there {
			if why := c.failure(); why != "" {
				return r.failed(ctx, c, why)
			}
		}
		missing := unready(there)
		if len(missing) == 0 {
			return nil
		}
		if line := "Waiting for " + strings.Join(missing, ", "); line != told {
			progress(line)
			told = line
		}
		if time.Now().After(deadline) {
			return r.late(ctx, there, missing)
		}
		if err := rest(ctx, r.pause); err != nil {
			return err
		}
	}
}

func rest(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return lab.Cancelled(ctx)
	case <-time.After(pause):
		return nil
	}
}

// unready says which services are not yet as they must be, and how they are.
func unready(there []container) []string {
	var missing []string
	for _, service := range services {
		i := slices.IndexFunc(there, func(c container) bool { return c.service == service })
		switch {
		case i < 0:
			missing = append(missing, service+" (not there yet)")
		case !there[i].isReady():
			missing = append(missing, fmt.Sprintf("%s (%s)", service, there[i].condition()))
		}
	}
	return missing
}

func (c container) isReady() bool {
	if c.service == prepare {
		return c.state == "exited" && c.code == 0
	}
	return c.state == "running" && (c.health == "" || c.health == "healthy")
}

func (c container) condition() string {
	if c.state == "running" && c.health != "" {
		return c.health
	}
	return c.state
}

// failure says why the container will not get ready, or nothing.
func (c container) failure() string {
	switch {
	case c.isReady():
		return ""
	case c.state == "exited" || c.state == "dead":
		return fmt.Sprintf("ended with code %d", c.code)
	case c.state == "restarting" && c.restarts >= tooManyRestarts:
		return fmt.Sprintf("ended and was started anew %d times", c.restarts)
	case c.state == "running" && c.health == "unhealthy":
		return "is not healthy"
	case c.service == postgres && isForeignDatabase(c.check):
		return "does not know us" // that will not change, however long it is asked
	}
	return ""
}

// blame finds the container that made Compose fail, if it was one.
func (r *runner) blame(ctx context.Context, err error) error {
	if lab.Cancelled(ctx) != nil {
		return err
	}
	there, lookErr := r.containers(ctx)
	if lookErr != nil {
		return err // it tells more
	}
	for _, c := range there {
		if why := c.failure(); why != "" && c.started() {
			return r.failed(ctx, c, why)
		}
	}
	return err
}

// started tells a container that ran and failed from one that was never run.
func (c container) started() bool {
	return c.state != "created" && (c.code != 0 || c.state == "running")
}

// failed is the error of a container that will not get ready.
func (r *runner) failed(ctx context.Context, c container, why string) error {
	said := strings.TrimSpace(r.lastWords(ctx, c) + "\n" + c.check) // the check's words are not in the log
	e := lab.Errorf(lab.KindUnavailable, "the gateway's container %s %s", c.service, why).WithCause(errors.New(said))
	switch {
	case strings.Contains(strings.ToLower(said), "address already in use"), strings.Contains(said, "Address in use"):
		e.Kind = lab.KindBusy
		return e.WithHint("Another program has its port. Choose another one in the gateway's settings.")
	case c.service == postgres && isForeignDatabase(said):
		return e.WithHint("The database was made with other passwords, or only in part. To delete it and start anew: %s", r.deletion())
	}
	return e.WithHint("See all it says: %s logs %s", r.engine.program, c.name)
}

// lastWords gives the lines of the container's log that an error quotes.
func (r *runner) lastWords(ctx context.Context, c container) string {
	log, err := r.log(ctx, c, logLines)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(log), "\n")
	telling := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return !trouble.MatchString(line) })
	if len(telling) == 0 {
		telling = all
	}
	return strings.TrimSpace(strings.Join(telling[max(0, len(telling)-lastWords):], "\n"))
}

// isForeignDatabase knows the words of a database that does not go with .env.
func isForeignDatabase(said string) bool {
	return strings.Contains(said, "password authentication failed") ||
		strings.Contains(said, "does not exist") || strings.Contains(said, "permission denied for")
}

// late is the error of containers that take too long.
func (r *runner) late(ctx context.Context, there []container, missing []string) error {
	e := lab.Errorf(lab.KindUnavailable, "the gateway's containers are not up after %v, missing: %s", r.healthy, strings.Join(missing, ", ")).
		WithHint("They may be slow: try again, and look at their logs.")
	for _, c := range there {
		if c.isReady() {
			continue
		}
		if said := r.lastWords(ctx, c); said != "" {
			return e.WithCause(errors.New(said))
		}
	}
	return e
}
