package main

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"time"
)

// watcher is virsh following libvirt's events in a process of its own: a clock
// that is not ours for when a domain has started.
type watcher struct {
	cmd     *exec.Cmd
	started chan time.Time
}

func watch(ctx context.Context, env []string) (*watcher, error) {
	// stdbuf, because virsh writes into a pipe by blocks
	w := &watcher{
		cmd:     exec.CommandContext(ctx, "stdbuf", "-oL", "virsh", "event", "--event", "lifecycle", "--loop"),
		started: make(chan time.Time, 64),
	}
	w.cmd.Env = env
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), "Started") {
				w.started <- time.Now()
			}
		}
	}()
	return w, nil
}

// forget drops what came before.
func (w *watcher) forget() {
	for len(w.started) > 0 {
		<-w.started
	}
}

func (w *watcher) next(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case at := <-w.started:
		return at, nil
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

func (w *watcher) stop() {
	_ = w.cmd.Process.Kill() // it may have ended with the context
	_ = w.cmd.Wait()
}
