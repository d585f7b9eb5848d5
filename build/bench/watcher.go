package main

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"time"
)

// watcher is virsh following libvirt's events in a process of its own: a clock
// that is not ours for when a domain has started, or paused.
type watcher struct {
	cmd   *exec.Cmd
	heard chan change
}

// change is what virsh said, and when.
type change struct {
	at   time.Time
	said string
}

func watch(ctx context.Context, env []string) (*watcher, error) {
	// stdbuf, because virsh writes into a pipe by blocks
	w := &watcher{
		cmd:   exec.CommandContext(ctx, "stdbuf", "-oL", "virsh", "event", "--event", "lifecycle", "--loop"),
		heard: make(chan change, 64),
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
			w.hear(change{time.Now(), lines.Text()})
		}
	}()
	return w, nil
}

// hear keeps the latest, whether or not somebody waits for them.
func (w *watcher) hear(c change) {
	for {
		select {
		case w.heard <- c:
			return
		default:
			w.drop()
		}
	}
}

// forget drops what came before.
func (w *watcher) forget() {
	for len(w.heard) > 0 {
		w.drop()
	}
}

// drop drops the oldest, if somebody has not just taken it.
func (w *watcher) drop() {
	select {
	case <-w.heard:
	default:
	}
}

// next gives when virsh said the next time that a domain has, say, Started.
func (w *watcher) next(ctx context.Context, word string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		select {
		case c := <-w.heard:
			if strings.Contains(c.said, word) {
				return c.at, nil
			}
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

func (w *watcher) stop() {
	_ = w.cmd.Process.Kill() // it may have ended with the context
	_ = w.cmd.Wait()
}
