package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// logLines is how much of the containers' log is shown.
const logLines = 200

// stackJob is what is being done with the containers.
type stackJob struct {
	state    lab.GatewayState    // GatewayStarting or GatewayStopping
	settings lab.GatewaySettings // that hold once it is done
	cancel   context.CancelFunc
	ended    chan struct{}
}

// GatewayUp brings the containers of the gateway up and takes to it. It returns
// at once, with the gateway starting; how it goes is told by events.
func (s *Service) GatewayUp(ctx context.Context) (lab.GatewayStatus, error) {
	s.mu.Lock()
	in := s.gate.settings
	s.mu.Unlock()
	in.Mode = lab.GatewayStack
	return s.stackUp(ctx, in)
}

// GatewayDown takes the containers down, also while they are coming up, and
// leaves their data. Consoles go straight over VNC then.
func (s *Service) GatewayDown(ctx context.Context) (lab.GatewayStatus, error) {
	s.mu.Lock()
	in := s.gate.settings
	s.mu.Unlock()
	if in.Mode == lab.GatewayStack {
		in.Mode = lab.GatewayOff
	}
	return s.stackDown(ctx, in)
}

// stackUp keeps what was set first, such as ports: what fails for them can be
// tried again. Only the mode waits until the containers are up.
func (s *Service) stackUp(ctx context.Context, in lab.GatewaySettings) (lab.GatewayStatus, error) {
	return s.beginStack(ctx, lab.GatewayStarting, in, func(ctx context.Context) error {
		s.mu.Lock()
		before, first := s.gate.settings, in
		s.mu.Unlock()
		if first.Mode = before.Mode; first != before {
			if _, err := s.applyGateway(ctx, first); err != nil {
				return err
			}
		}
		if err := s.o.Stack.Up(ctx, in, s.stackProgress); err != nil {
			return err
		}
		_, err := s.applyGateway(context.WithoutCancel(ctx), in)
		return err
	})
}

// stackDown keeps the settings first: a gateway that is going should be used by nobody.
func (s *Service) stackDown(ctx context.Context, in lab.GatewaySettings) (lab.GatewayStatus, error) {
	return s.beginStack(ctx, lab.GatewayStopping, in, func(ctx context.Context) error {
		if _, err := s.applyGateway(ctx, in); err != nil {
			return err
		}
		s.stackProgress("Stopping the containers")
		return s.o.Stack.Down(ctx, s.stackProgress)
	})
}

// beginStack does work on the containers, one at a time. Taking them down ends
// bringing them up.
func (s *Service) beginStack(ctx context.Context, state lab.GatewayState, in lab.GatewaySettings, work func(context.Context) error) (lab.GatewayStatus, error) {
	if err := s.hasStack(); err != nil {
		return lab.GatewayStatus{}, err
	}
	if err := s.endStarting(ctx, state); err != nil {
		return lab.GatewayStatus{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return lab.GatewayStatus{}, errClosing
	case s.gate.stack != nil:
		return lab.GatewayStatus{}, lab.Errorf(lab.KindBusy, "the gateway is %s", s.gate.stack.state).WithHint("Wait until that is done.")
	}
	life, cancel := context.WithCancel(s.ctx)
	job := &stackJob{state: state, settings: in, cancel: cancel, ended: make(chan struct{})}
	s.gate.stack, s.gate.stackUp = job, nil
	s.setGateway(lab.GatewayStatus{Mode: lab.GatewayStack, State: state})
	s.unsettle()
	if s.gate.shut != nil {
		s.gate.shut()
	}
	s.work.Go(func() {
		defer cancel()
		s.endStack(life, job, work(life))
	})
	return s.gate.status, nil
}

// endStarting ends bringing the containers up, for those who want them down.
func (s *Service) endStarting(ctx context.Context, state lab.GatewayState) error {
	s.mu.Lock()
	job := s.gate.stack
	s.mu.Unlock()
	if job == nil || state != lab.GatewayStopping || job.state != lab.GatewayStarting {
		return nil
	}
	job.cancel()
	select {
	case <-job.ended:
		return nil
	case <-ctx.Done():
		return lab.Cancelled(ctx)
	}
}

// endStack tells what came of the work on the containers.
func (s *Service) endStack(ctx context.Context, job *stackJob, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &s.gate
	g.stack = nil
	close(job.ended)
	status := g.fresh()
	if err != nil && ctx.Err() == nil {
		g.stackUp = lab.ProblemOf(err)
		status.Mode, status.State, status.Problem = lab.GatewayStack, lab.GatewayFailed, g.stackUp
	}
	s.setGateway(status)
	ring(g.wake)
}

// stackProgress tells a line of what the containers' engine says.
func (s *Service) stackProgress(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if job := s.gate.stack; job != nil {
		s.setGateway(lab.GatewayStatus{Mode: lab.GatewayStack, State: job.state, Progress: line})
	}
}

// GatewayLogs gives the last lines of the containers' log.
func (s *Service) GatewayLogs(ctx context.Context) (string, error) {
	if err := s.hasStack(); err != nil {
		return "", err
	}
	return s.o.Stack.Logs(ctx, logLines)
}

func (s *Service) hasStack() error {
	if err := s.hasGateway(); err != nil {
		return err
	}
	if s.o.Stack == nil {
		return lab.Errorf(lab.KindUnavailable, "this SandBoxLabs has no containers for a gateway")
	}
	return nil
}
