package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	idleNodes = 50
	idleFor   = 20 * time.Second
	tick      = 10 * time.Millisecond // of the times in /proc/PID/stat: USER_HZ is 100 on Linux
)

// idle looks at the server, then at the window, while nothing happens. The
// nodes stay: the list wants them.
func (b *bed) idle(ctx context.Context) ([]row, error) {
	if err := b.upTo(ctx, idleNodes); err != nil {
		return nil, err
	}
	served, err := observe(ctx, b.server.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	opened, windowed, err := b.windows(ctx)
	if err != nil {
		return nil, err
	}
	return []row{
		{what: fmt.Sprintf("window, start to first paint with %d nodes", idleNodes), ours: opened, aim: "< 800 ms"},
		note(fmt.Sprintf("serve, idle with %d nodes", idleNodes), served),
		note(fmt.Sprintf("window, idle with %d nodes, all its processes", idleNodes), windowed),
	}, nil
}

// upTo makes as many nodes as are missing.
func (b *bed) upTo(ctx context.Context, many int) error {
	var nodes []lab.Node
	err := b.server.call(ctx, "List", &nodes)
	for i := len(nodes); i < many && err == nil; i++ {
		_, err = b.node(ctx, fmt.Sprintf("idle-%d", i))
	}
	return err
}

// observe tells of a process and its descendants what memory they hold and what
// share of one core they use.
func observe(ctx context.Context, pid int) (string, error) {
	return observeWith(ctx, pid, func() {})
}

// observeWith looks at something else each second as well.
func observeWith(ctx context.Context, pid int, look func()) (string, error) {
	before, _, err := usage(pid)
	if err != nil {
		return "", err
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for range int(idleFor.Seconds()) {
		select {
		case <-second.C:
			look()
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	after, kib, err := usage(pid)
	if err != nil {
		return "", err
	}
	share := 100 * float64((after-before)*tick) / float64(idleFor)
	return fmt.Sprintf("%.2f %% CPU, %d MiB resident (PSS)", share, kib/1024), nil
}

// usage sums processor time in ticks and proportional memory in KiB over a
// process and its descendants.
func usage(pid int) (ticks time.Duration, kib int, err error) {
	for _, p := range family(pid) {
		t, err := cpuTicks(p)
		if err != nil {
			return 0, 0, err
		}
		k, err := pss(p)
		if err != nil {
			return 0, 0, err
		}
		ticks += t
		kib += k
	}
	return ticks, kib, nil
}

// family lists a process and its descendants.
func family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i])) // the pattern is right
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // the thread has ended
			}
			for _, word := range strings.Fields(string(text)) {
				if child, err := strconv.Atoi(word); err == nil {
					all = append(all, child)
				}
			}
		}
	}
	return all
}

// cpuTicks reads utime and stime, the fields 14 and 15 of proc(5); the second,
// the name, may hold spaces.
func cpuTicks(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var sum int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum), nil
}

func pss(pid int) (kib int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "Pss:"); ok {
			return strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		}
	}
	return 0, fmt.Errorf("process %d has no Pss", pid)
}
