package stand

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to start or to end.
const patience = 30 * time.Second

// process is a program that ends with us, however we end.
type process struct {
	cmd   *exec.Cmd
	log   string // path of what it writes
	ended chan struct{}
	err   error // why it ended, once it has
}

// run starts a program that writes into the file log. When this process is gone,
// it gets the signal last.
func run(cmd *exec.Cmd, log string, last syscall.Signal) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close() //nolint:errcheck // the program has it now
	cmd.Stdout, cmd.Stderr = out, out
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = last
	p := &process{cmd: cmd, log: log, ended: make(chan struct{})}
	started := make(chan error)
	go p.own(started)
	return p, <-started
}

// own starts the program and waits for its end in one thread, since Linux sends
// the last signal when the thread that started it ends.
func (p *process) own(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// ready asks again and again whether the program is up, until it is.
func (p *process) ready(is func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := is()
		switch {
		case err == nil:
			return nil
		case p.hasEnded():
			return fmt.Errorf("it ended (%v): %s", p.err, p.lastWords()) //nolint:errorlint // nobody asks what it is, and it may be nil
		case time.Now().After(deadline):
			return fmt.Errorf("it did not within %v: %w: %s", patience, err, p.lastWords())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// lastWords is the end of what the program wrote.
func (p *process) lastWords() string {
	text, _ := os.ReadFile(p.log) // without it there is less to say
	const most = 1000
	return string(bytes.TrimSpace(text[max(0, len(text)-most):]))
}

// end sends a signal, to the children too if they would not notice, and waits
// until the program and they are gone. What has ended already is left alone.
func (p *process) end(s syscall.Signal, childrenToo bool) error {
	if p.hasEnded() {
		return nil
	}
	below := children(p.cmd.Process.Pid)
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	for _, child := range below {
		if childrenToo {
			_ = syscall.Kill(child, s) // it may have ended by itself
		}
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		return fmt.Errorf("it did not end within %v of %v", patience, s)
	}
	return awaitGone(below)
}

// awaitGone waits until all of the processes have ended.
func awaitGone(pids []int) error {
	for deadline := time.Now().Add(patience); slices.ContainsFunc(pids, isAlive); {
		if time.Now().After(deadline) {
			return fmt.Errorf("of the processes %v below it, some remain after %v", pids, patience)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// children gives the processes whose parent is pid.
func children(pid int) []int {
	var found []int
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is good
	for _, folder := range all {
		if _, parent := stat(folder); parent == pid {
			child, _ := strconv.Atoi(filepath.Base(folder)) // the pattern has digits
			found = append(found, child)
		}
	}
	return found
}

// isAlive says whether a process is more than an entry that its parent has yet to read.
func isAlive(pid int) bool {
	state, _ := stat(fmt.Sprintf("/proc/%d", pid))
	return state != "" && state != "Z" && state != "X"
}

// stat gives the state letter and the parent of a process, or nothing if it is gone.
func stat(folder string) (state string, parent int) {
	text, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return "", 0
	}
	// The name, in brackets, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1]) // the kernel wrote it
	return fields[0], parent
}

// freePort gives a port of 127.0.0.1 that nobody listened on a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
