package stack

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// What docker-compose.yml and the scripts beside it call by these names.
const (
	database   = "guacamole_db"
	role       = "sandboxlabs"
	recordings = "/recordings"
)

// Stack implements lab.Stack.
type Stack struct {
	files fs.FS
	dir   string

	answers time.Duration // how long the engine may take to answer a question
	healthy time.Duration // how long the containers may take to get healthy
	pause   time.Duration // between two looks at them
}

// New gives the stack of the folder dir, which is made when it is needed. files
// holds docker-compose.yml and build/gateway.
func New(files fs.FS, dir string) *Stack {
	return &Stack{files: files, dir: dir, answers: 30 * time.Second, healthy: 5 * time.Minute, pause: time.Second}
}

// Up implements lab.Stack.
func (s *Stack) Up(ctx context.Context, settings lab.GatewaySettings, progress func(string)) error {
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	e, err := s.env()
	if err != nil {
		return err
	}
	r, err := s.runner(ctx, e)
	if err != nil {
		return err
	}
	if err := r.mustBeLocal(ctx); err != nil {
		return err
	}
	there, err := s.setUp(ctx, r, e, settings)
	if err != nil {
		return err
	}
	if err := r.wake(ctx, there, progress); err != nil {
		return err
	}
	return r.up(ctx, progress)
}

// setUp writes all that Compose reads, and gives the containers there are already.
func (s *Stack) setUp(ctx context.Context, r *runner, e *env, settings lab.GatewaySettings) ([]container, error) {
	if !s.wasSetUp() {
		if err := r.mustBeNew(ctx); err != nil {
			return nil, err
		}
	}
	there, err := r.containers(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.choosePorts(settings, there); err != nil {
		return nil, err
	}
	if err := s.writeFiles(); err != nil {
		return nil, err
	}
	return there, s.writeEnv(e)
}

// Down implements lab.Stack.
func (s *Stack) Down(ctx context.Context, progress func(string)) error {
	if !s.wasSetUp() {
		return nil
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	r, err := s.existing(ctx)
	if err != nil {
		return err
	}
	if there, err := r.containers(ctx); err != nil || len(there) == 0 {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	return r.down(ctx, progress)
}

// Services implements lab.Stack.
func (s *Stack) Services(ctx context.Context) ([]lab.StackService, error) {
	services := []lab.StackService{}
	if !s.wasSetUp() {
		return services, nil
	}
	r, err := s.existing(ctx)
	if err != nil {
		return nil, err
	}
	there, err := r.containers(ctx)
	for _, c := range there {
		services = append(services, lab.StackService{Name: c.service, State: c.state, Health: c.health})
	}
	return services, err
}

// Logs implements lab.Stack.
func (s *Stack) Logs(ctx context.Context, lines int) (string, error) {
	if !s.wasSetUp() {
		return "", nil
	}
	r, err := s.existing(ctx)
	if err != nil {
		return "", err
	}
	return r.logs(ctx, max(lines, 1))
}

// Access implements lab.Stack.
func (s *Stack) Access() (lab.GatewayAccess, error) {
	if !s.wasSetUp() {
		return lab.GatewayAccess{}, lab.Errorf(lab.KindNotFound, "the gateway's containers were never set up").
			WithHint("Bring them up first.")
	}
	e, err := s.env()
	if err != nil {
		return lab.GatewayAccess{}, err
	}
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, e.get(ourPassword)),
		Host: net.JoinHostPort(loopback, e.get(databasePort)), Path: database, RawQuery: "sslmode=disable",
	}
	return lab.GatewayAccess{
		URL:        "http://" + net.JoinHostPort(loopback, e.get(webPort)) + "/guacamole",
		DSN:        dsn.String(),
		Recordings: recordings,
	}, nil
}

// existing gives the runner for what was set up before.
func (s *Stack) existing(ctx context.Context) (*runner, error) {
	e, err := s.env()
	if err != nil {
		return nil, err
	}
	return s.runner(ctx, e)
}

// lock keeps other processes from changing the same stack meanwhile.
func (s *Stack) lock() (unlock func(), err error) {
	unlock, err = durable.Lock(filepath.Join(s.dir, "lock"))
	var e *lab.Error
	if errors.As(err, &e) && e.Kind == lab.KindBusy {
		return nil, lab.Errorf(lab.KindBusy, "the gateway's containers are being changed already").
			WithHint("Wait until they are up or down, then try again.")
	}
	return unlock, err
}
