package lab

import "context"

// Stack is the gateway as containers on this machine. Every error is an *Error
// that says plainly what is missing: no container engine, no permission on its
// socket (KindDenied), a port in use (KindBusy).
type Stack interface {
	// Up brings the containers up and returns when all are healthy, or when that
	// has failed. Secrets and ports that are missing are chosen first, and kept.
	// progress is given one line at a time. Up of what is up MUST succeed.
	Up(ctx context.Context, s GatewaySettings, progress func(line string)) error
	// Down ends the containers and leaves their data. Down of what is down, or
	// never was up, MUST succeed.
	Down(ctx context.Context, progress func(line string)) error
	// Services tells of each container.
	Services(ctx context.Context) ([]StackService, error)
	// Logs gives the last lines of all containers.
	Logs(ctx context.Context, lines int) (string, error)
	// Access gives where the stack is, as Up has set it up. The owner is left
	// empty. KindNotFound if it never was.
	Access() (GatewayAccess, error)
}

// StackService is one container of the stack.
type StackService struct {
	Name   string `json:"name"`
	State  string `json:"state"`            // running, exited, ..., as the engine says
	Health string `json:"health,omitempty"` // healthy, unhealthy, starting; empty: it has no check
}
