package labtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sandboxlabs/backend/lab"
)

// Fault is how a call to a fake goes wrong.
type Fault string

// The faults. A process that dies takes the goroutine of the call with it, and
// every goroutine that calls a fake afterwards, until Reboot.
const (
	FailBefore Fault = "fail before" // the call fails and has done nothing
	FailAfter  Fault = "fail after"  // the call has done its work and fails all the same
	DieBefore  Fault = "die before"  // the process dies before the work
	DieAfter   Fault = "die after"   // the process dies after the work
)

// ErrPlanned is the cause of the errors that Script makes by itself.
var ErrPlanned = errors.New("this was planned")

// Script is shared by fakes: it records the calls made to them, in order, and
// makes chosen ones go wrong.
type Script struct {
	mu     sync.Mutex
	calls  []string
	faults []planned
	hooks  map[string]func()
	dead   bool
	onDie  []func()
}

type planned struct {
	call  string // its beginning; empty: counts
	after int    // this many calls from now
	fault Fault
	err   error
}

// Fail makes the next call whose record begins with call ("Pool.CreateOverlay")
// go wrong with err; nil stands for a KindUnavailable.
func (s *Script) Fail(call string, fault Fault, err error) {
	s.plan(planned{call: call, fault: fault, err: err})
}

// FailAt makes the call go wrong that comes after n others.
func (s *Script) FailAt(n int, fault Fault) {
	s.plan(planned{after: n, fault: fault})
}

// After runs do, once, when the next call whose record is this has done its work.
func (s *Script) After(call string, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hooks == nil {
		s.hooks = make(map[string]func())
	}
	s.hooks[call] = do
}

// hook takes what is to be run after a call.
func (s *Script) hook(call string) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	do, ok := s.hooks[call]
	if !ok {
		return func() {}
	}
	delete(s.hooks, call)
	return do
}

func (s *Script) plan(p planned) {
	if p.err == nil {
		p.err = lab.Errorf(lab.KindUnavailable, "the call failed").WithCause(ErrPlanned)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, p)
}

// Calls gives the calls made so far, each as "Port.Method argument".
func (s *Script) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Dead reports whether a planned death has happened.
func (s *Script) Dead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// Reboot forgets the calls and what was planned, and lets a new process begin.
func (s *Script) Reboot() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.faults, s.hooks, s.dead = nil, nil, nil, false
}

// call does the work of one call, unless the script wants it otherwise.
func (s *Script) call(ctx context.Context, work func() error, method string, args ...any) error {
	record := strings.TrimSpace(method + " " + fmt.Sprintln(args...))
	fault := s.record(record)
	switch fault.fault {
	case DieBefore:
		s.die()
	case FailBefore:
		return fault.err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	err := work()
	s.hook(record)()
	switch {
	case fault.fault == DieAfter:
		s.die()
	case fault.fault == FailAfter && err == nil:
		return fault.err
	}
	return err
}

// record notes the call and takes the fault that is planned for it.
func (s *Script) record(call string) (found planned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return planned{fault: DieBefore}
	}
	s.calls = append(s.calls, call)
	var rest []planned
	for _, p := range s.faults {
		hit := p.call == "" && p.after == 0 || p.call != "" && strings.HasPrefix(call, p.call)
		switch {
		case hit && found.fault == "":
			found = p
			continue
		case p.call == "":
			p.after--
		}
		rest = append(rest, p)
	}
	s.faults = rest
	return found
}

// die ends the goroutine; what the kernel takes back from a dead process
// (locks, connections) is given back first.
func (s *Script) die() {
	s.mu.Lock()
	first := !s.dead
	s.dead = true
	s.mu.Unlock()
	if first {
		for _, give := range s.onDie {
			give()
		}
	}
	runtime.Goexit()
}
