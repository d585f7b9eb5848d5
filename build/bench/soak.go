package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	soakNodes   = 6
	soakSamples = 30               // however long it lasts
	soakTurn    = 10 * time.Second // then it looks at something else
)

// gauge is something that must level off, and how fast it may still grow in the
// last half: more than a garbage collector's mood, less than a leak one would see
// in a day's work.
type gauge struct {
	what  string
	unit  string
	limit float64 // a minute
}

var gauges = []gauge{
	{"program", "MiB", 0.5},
	{"web processes", "MiB", 2},
	{"serve", "MiB", 0.5},
	{"JS heap in Chromium", "MiB", 0.3},
	{"DOM nodes in Chromium", "", 60},
	{"listeners in Chromium", "", 30},
}

// soak keeps the page busy, in the window and in Chromium, and fails if what the
// program and the page hold does not level off: nodes run, one of them prints,
// two consoles are open, states flip, and the screen changes.
func (b *bed) soak(ctx context.Context, minutes int) (err error) {
	nodes, err := b.soakNodes(ctx)
	if err != nil {
		return err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	var panes []*pane
	for _, f := range faces {
		p, err := f.open(b, ctx, d)
		if err != nil {
			return err
		}
		panes = append(panes, p)
		for _, n := range nodes[:2] {
			if err := p.console(ctx, n); err != nil {
				return err
			}
		}
	}
	samples, err := b.soakFor(ctx, time.Duration(minutes)*time.Minute, panes, nodes)
	if err != nil {
		return err
	}
	return levels(samples)
}

func (b *bed) soakNodes(ctx context.Context) (nodes []lab.Node, err error) {
	for i := range soakNodes {
		n, err := b.booted(ctx, fmt.Sprintf("soak-%d", i))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, b.typeSerial(ctx, nodes[0].ID, "while :; do dmesg; sleep 1; done >/dev/tty1 &\n")
}

// reading is what the gauges show after some minutes.
type reading struct {
	minute float64
	values []float64
}

// soakFor takes turns, and looks at the gauges from time to time.
func (b *bed) soakFor(ctx context.Context, long time.Duration, panes []*pane, nodes []lab.Node) (all []reading, err error) {
	fmt.Println(soakHeader())
	begin := time.Now()
	for turn := 0; len(all) < soakSamples; turn++ {
		if err := b.turn(ctx, turn, panes, nodes); err != nil {
			return nil, err
		}
		next := begin.Add(long * time.Duration(len(all)+1) / soakSamples)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(soakTurn, time.Until(next))):
		}
		if time.Now().Before(next) {
			continue
		}
		r := reading{minute: time.Since(begin).Minutes()}
		if r.values, err = b.read(ctx, panes); err != nil {
			return nil, err
		}
		all = append(all, r)
		fmt.Println(r)
	}
	return all, nil
}

// turn shows something else, and flips the state of a node whose console is open
// and of one whose thumbnail is seen.
func (b *bed) turn(ctx context.Context, turn int, panes []*pane, nodes []lab.Node) error {
	screens := []string{
		"#/nodes?view=cards", "#/console/" + nodes[0].ID, "#/nodes?view=table", "#/console/" + nodes[1].ID, "#/nodes/" + nodes[2].ID,
	}
	for i, p := range panes {
		hash := screens[(turn+i)%len(screens)]
		if err := p.Evaluate(fmt.Sprintf("location.hash = %q", hash), new(any)); err != nil {
			return err
		}
	}
	verb := []string{"suspend", "resume"}[turn%2]
	for _, n := range []lab.Node{nodes[1], nodes[3]} {
		if _, err := run(ctx, b.env, "virsh", verb, n.ID); err != nil {
			return err
		}
	}
	return nil
}

// read gives what each of the gauges shows.
func (b *bed) read(ctx context.Context, panes []*pane) ([]float64, error) {
	window, chromium := panes[0], panes[1]
	for p, method := range map[*pane]string{window: "Heap.gc", chromium: "HeapProfiler.collectGarbage"} {
		if _, err := p.Call(ctx, method, map[string]any{}); err != nil {
			return nil, err
		}
	}
	program, web, err := windowMemory(window.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	serve, err := pss(b.server.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	if _, err := chromium.Call(ctx, "Performance.enable", nil); err != nil {
		return nil, err
	}
	answer, err := chromium.Call(ctx, "Performance.getMetrics", nil)
	if err != nil {
		return nil, err
	}
	var said struct {
		Metrics []struct {
			Name  string
			Value float64
		}
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, err
	}
	of := map[string]float64{}
	for _, m := range said.Metrics {
		of[m.Name] = m.Value
	}
	return []float64{
		program / 1024, web / 1024, float64(serve) / 1024,
		of["JSHeapUsedSize"] / (1 << 20), of["Nodes"], of["JSEventListeners"],
	}, nil
}

// windowMemory tells the program's memory from its web processes', in KiB.
func windowMemory(pid int) (program, web float64, err error) {
	for _, p := range family(pid) {
		name, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(p), "comm"))
		if errors.Is(err, os.ErrNotExist) {
			continue // it has just ended
		}
		if err != nil {
			return 0, 0, err
		}
		kib, err := pss(p)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case strings.HasPrefix(string(name), "sandboxlabs"):
			program += float64(kib)
		case strings.HasPrefix(string(name), "WebKit"):
			web += float64(kib)
		}
	}
	if program == 0 || web == 0 {
		return 0, 0, errors.New("the window's processes were not found")
	}
	return program, web, nil
}

func soakHeader() string {
	line, rule := "| minute |", "|---|"
	for _, g := range gauges {
		line += " " + strings.TrimSpace(g.what+" "+g.unit) + " |"
		rule += "---|"
	}
	return line + "\n" + rule
}

func (r reading) String() string {
	line := fmt.Sprintf("| %.1f |", r.minute)
	for _, v := range r.values {
		line += fmt.Sprintf(" %.1f |", v)
	}
	return line
}

// levels says how fast each gauge grew in the last half, and fails if one did
// not level off.
func levels(all []reading) error {
	half := all[len(all)/2:]
	var errs []error
	for i, g := range gauges {
		grows := slope(half, i)
		fmt.Printf("%s: %+.2f %s a minute in the last half, limit %.1f\n", g.what, grows, g.unit, g.limit)
		if grows > g.limit {
			errs = append(errs, fmt.Errorf("%s does not level off: %+.2f %s a minute", g.what, grows, g.unit))
		}
	}
	return errors.Join(errs...)
}

// slope is the median of the slopes between any two readings (Theil and Sen):
// one that stands out does not bend it.
func slope(all []reading, gauge int) float64 {
	var slopes []float64
	for i, a := range all {
		for _, b := range all[i+1:] {
			slopes = append(slopes, (b.values[gauge]-a.values[gauge])/(b.minute-a.minute))
		}
	}
	slices.Sort(slopes)
	return slopes[len(slopes)/2]
}
