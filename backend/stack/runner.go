package stack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
)

// passed are the variables that an engine's programs may need of ours. Those that
// Compose or docker-compose.yml read are not among them: .env alone has them.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR",
	"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS",
	"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "CONTAINER_HOST",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
}

// runner runs the programs of one engine, for one stack.
type runner struct {
	*Stack
	env    *env
	engine engine
}

func (s *Stack) runner(ctx context.Context, e *env) (*runner, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	r := &runner{Stack: s, env: e}
	return r, r.findEngine(ctx)
}

func (r *runner) project() string { return r.env.get(projectName) }

// command is a program with its arguments, that dies with all it has started when
// ctx ends.
func (r *runner) command(ctx context.Context, line ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PODMAN_COMPOSE_WARNING_LOGS=false"}
	for _, name := range passed {
		if value, found := os.LookupEnv(name); found {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for what left the group and kept our pipes
	return cmd
}

// ask runs a program that answers soon, and gives what it says. Its error is an
// *lab.Error.
func (r *runner) ask(ctx context.Context, line ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, r.answers)
	defer cancel()
	cmd := r.command(limited, line...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if err == nil {
		return out.String(), nil
	}
	if cancelled := lab.Cancelled(ctx); cancelled != nil {
		return "", cancelled
	}
	if limited.Err() != nil {
		return "", engine{program: line[0]}.silent()
	}
	return out.String(), r.explain(err, complaint.String())
}

// compose runs Compose on our project, and gives each line it says to progress.
func (r *runner) compose(ctx context.Context, progress func(string), args ...string) error {
	line := slices.Concat(r.engine.compose, []string{"-p", r.project(), "-f", composeFile}, args)
	cmd := r.command(ctx, line...)
	cmd.Dir = r.dir
	said := &lines{redact: r.env.redact, tell: progress}
	cmd.Stdout, cmd.Stderr = said, said
	err := cmd.Run()
	said.end()
	if err == nil {
		return nil
	}
	if cancelled := lab.Cancelled(ctx); cancelled != nil {
		return cancelled
	}
	return r.explain(err, said.last())
}

// explain makes a sentence of what an engine complained of, or of how it ended if
// it said nothing.
func (r *runner) explain(err error, complaint string) error {
	complaint = r.env.redact(strings.TrimSpace(plain(complaint)))
	if complaint == "" {
		complaint = err.Error()
	}
	return r.engine.trouble(complaint)
}

// wake starts the containers anew that run and are not healthy, as after the
// machine slept: Compose takes them for running and leaves them alone.
func (r *runner) wake(ctx context.Context, there []container, progress func(string)) error {
	for _, c := range there {
		if c.state != "running" || c.health != "unhealthy" {
			continue
		}
		if err := r.compose(ctx, progress, "restart", c.service); err != nil {
			return r.blame(ctx, err)
		}
	}
	return nil
}

// up starts the containers and waits until they are healthy.
func (r *runner) up(ctx context.Context, progress func(string)) error {
	err := r.compose(ctx, progress, "up", "-d", "--remove-orphans")
	if err != nil {
		return r.blame(ctx, err)
	}
	return r.await(ctx, progress)
}

func (r *runner) down(ctx context.Context, progress func(string)) error {
	return r.compose(ctx, progress, "down", "--remove-orphans")
}

// mustBeNew refuses a volume that a lost .env has left: nobody knows its passwords.
func (r *runner) mustBeNew(ctx context.Context) error {
	volume := r.project() + "_database"
	names, err := r.ask(ctx, r.engine.program, "volume", "ls", "--format", "{{.Name}}", "--filter", "name="+volume)
	if err != nil || !slices.Contains(strings.Fields(names), volume) {
		return err
	}
	return lab.Errorf(lab.KindExists, "the gateway's database is there from before, but its passwords in %s are lost", r.envPath()).
		WithHint("Put that file back as it was. To delete the old database instead: %s", r.deletion())
}

// deletion is the command that deletes the database and nothing else of the stack.
func (r *runner) deletion() string {
	return fmt.Sprintf("%[1]s rm -f $(%[1]s ps -aq --filter label=%[2]s=%[3]s); %[1]s volume rm %[3]s_database",
		r.engine.program, projectLabel, r.project())
}
