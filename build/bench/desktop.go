package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/bus"
)

// desktop looks at the program as one among others of a desktop: how soon the
// tray's menu has what happened, how often the program is woken while it is
// hidden, and what it weighs beside virt-manager. The nodes stay, as
// those of idle do.
func (b *bed) desktop(ctx context.Context) ([]row, error) {
	if err := b.upTo(ctx, idleNodes); err != nil {
		return nil, err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := b.inTray(ctx, d)
	if err == nil {
		var text string
		text, err = b.virtManager(ctx, d)
		rows = append(rows, note(fmt.Sprintf("virt-manager, idle with the same %d domains, all its processes", idleNodes), text))
	}
	return rows, errors.Join(err, d.close())
}

// inTray starts the program hidden, and then hides a window that was there.
func (b *bed) inTray(ctx context.Context, d *desk) (rows []row, err error) {
	session, err := bus.New(b.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	tray, err := session.NewTray()
	if err != nil {
		return nil, err
	}
	address := []string{"DBUS_SESSION_BUS_ADDRESS=" + session.Address}
	hidden, err := d.start(address, b.program, "--hidden")
	if err != nil {
		return nil, err
	}
	item, err := registered(ctx, tray)
	if err != nil {
		return nil, err
	}
	menu, err := b.untilMenu(ctx, session, item)
	if err != nil {
		return nil, err
	}
	never, err := observeWakes(ctx, hidden.Process.Pid)
	if err != nil {
		return nil, err
	}
	if err := d.end(hidden); err != nil {
		return nil, err
	}
	rows = []row{
		spread(fmt.Sprintf("tray, libvirt's event until its menu is told of, %d nodes", idleNodes), menu, "< 100 ms"),
		{what: fmt.Sprintf("hidden from the start, %d nodes", idleNodes), text: never, aim: "0 wake-ups"},
	}
	was, err := b.hideWindow(ctx, d, tray, address)
	return append(rows, row{what: fmt.Sprintf("hidden after the window was open, %d nodes", idleNodes), text: was, aim: "0 wake-ups"}), err
}

func registered(ctx context.Context, tray *bus.Tray) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case item := <-tray.Registered:
		return item, nil
	case <-ctx.Done():
		return "", fmt.Errorf("no icon came to the tray: %w", ctx.Err())
	}
}

// untilMenu starts and ends a node by virsh, paused, so that no guest runs
// meanwhile, and takes how long after libvirt's event, by virsh's clock, the bus
// is told that the menu is another.
func (b *bed) untilMenu(ctx context.Context, session *bus.Bus, item string) (s sample, err error) {
	told, stop, err := session.Told(item, "com.canonical.dbusmenu")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var nodes []lab.Node
	if err := b.server.call(ctx, "List", &nodes); err != nil {
		return nil, err
	}
	id := nodes[0].ID
	for range b.rounds {
		for _, way := range []struct {
			args []string
			word string
		}{{[]string{"start", "--paused", id}, "Started"}, {[]string{"destroy", id}, "Stopped"}} {
			time.Sleep(500 * time.Millisecond) // the menu has settled: it changes four times a second at most
			for len(told) > 0 {
				<-told
			}
			b.events.forget()
			if _, err := run(ctx, b.env, "virsh", way.args...); err != nil {
				return nil, err
			}
			heard, err := b.events.next(ctx, way.word)
			if err != nil {
				return nil, err
			}
			select {
			case at := <-told:
				s.add(at.Sub(heard))
			case <-time.After(time.Minute):
				return nil, errors.New("the bus was not told of another menu")
			}
		}
	}
	return s, nil
}

// hideWindow opens the window, closes it, which hides it, and observes it then.
func (b *bed) hideWindow(ctx context.Context, d *desk, tray *bus.Tray, address []string) (string, error) {
	window, err := d.start(address, b.program)
	if err != nil {
		return "", err
	}
	if _, err := registered(ctx, tray); err != nil {
		return "", err
	}
	if err := d.painted(ctx); err != nil {
		return "", err
	}
	err = eventually(ctx, "the window to hide", func() bool {
		shown, err := run(ctx, d.env, "xdotool", "search", "--onlyvisible", "--class", "sandboxlabs")
		if err != nil {
			return true // it finds none
		}
		first, _, _ := strings.Cut(string(shown), "\n")
		_, _ = run(ctx, d.env, "xdotool", "windowactivate", "--sync", first, "key", "alt+F4") // it may hide meanwhile
		time.Sleep(time.Second)
		return false
	})
	if err != nil {
		return "", err
	}
	return observeWakes(ctx, window.Process.Pid)
}

// virtManager opens the window that people know, on the same libvirt.
func (b *bed) virtManager(ctx context.Context, d *desk) (string, error) {
	uri, err := run(ctx, b.env, "virsh", "uri")
	if err != nil {
		return "", err
	}
	peer, err := d.start(nil, "dbus-run-session", "--", "virt-manager", "--no-fork", "--connect", strings.TrimSpace(string(uri)))
	if err != nil {
		return "", err
	}
	if _, err := run(ctx, d.env, "xdotool", "search", "--sync", "--onlyvisible", "--name", "Virtual Machine Manager"); err != nil {
		return "", err
	}
	return observe(ctx, peer.Process.Pid)
}

// settled is when what a program did last has ended.
const settled = 30 * time.Second

// observeWakes tells of a process and its descendants how often they are woken,
// the program's own and WebKit's apart, and what else observe tells. The libvirt daemon
// asks every 5 s whether its client is there, which wakes about four threads at once; so
// it is told as well in how many seconds nothing did: 16 of 20 if there was nothing else.
func observeWakes(ctx context.Context, pid int) (string, error) {
	time.Sleep(settled)
	var ours, webkit, quiet int
	last, name := wakes(family(pid)), ""
	for t := range last {
		if t.id == pid {
			name = t.name
		}
	}
	watch := func() {
		now, before := wakes(family(pid)), ours
		for t, n := range now {
			if t.pid == pid && t.name == name {
				ours += n - last[t]
			} else {
				webkit += n - last[t]
			}
		}
		if last = now; ours == before {
			quiet++
		}
	}
	text, err := observeWith(ctx, pid, watch)
	rate := func(n int) float64 { return float64(n) / idleFor.Seconds() }
	return fmt.Sprintf("%.1f wake-ups/s of ours, none in %d of %.0f s, %.1f of WebKit's, %s", rate(ours), quiet, idleFor.Seconds(), rate(webkit), text), err
}

// thread of a process; name is what it calls itself, which is the program's name unless it
// has chosen one, as WebKit's do.
type thread struct {
	pid, id int
	name    string
}

// wakes counts how often each thread of some processes has slept, which a
// wake-up ended (voluntary_ctxt_switches of proc_pid_status(5)).
func wakes(pids []int) map[thread]int {
	all := map[thread]int{}
	for _, pid := range pids {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid)) // the pattern is right
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // the thread has ended
			}
			t := thread{pid: pid}
			for line := range strings.Lines(string(text)) {
				name, value, _ := strings.Cut(line, ":")
				switch n, _ := strconv.Atoi(strings.TrimSpace(value)); name { // the kernel writes numbers
				case "Name":
					t.name = strings.TrimSpace(value)
				case "Pid":
					t.id = n
				case "voluntary_ctxt_switches":
					all[t] = n
				}
			}
		}
	}
	return all
}
