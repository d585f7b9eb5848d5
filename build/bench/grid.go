package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sandboxlabs/backend/lab"
)

const gridNodes = 20

// grid looks at what the window costs while many nodes run: with their cards in
// view, and minimised.
func (b *bed) grid(ctx context.Context) (rows []row, err error) {
	if err := b.startMany(ctx, gridNodes); err != nil {
		return nil, err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	p, err := b.openWindow(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := p.show(ctx, "#/nodes?view=cards"); err != nil {
		return nil, err
	}
	time.Sleep(10 * time.Second) // every thumbnail was there once
	shown, err := observe(ctx, p.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	if err := p.minimise(ctx); err != nil {
		return nil, err
	}
	hidden, err := observe(ctx, p.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("window, %d nodes run, ", gridNodes)
	rows = []row{note(what+"cards in view", shown), note(what+"minimised", hidden)}
	rows[1].aim = "< 0.5 % CPU"
	return rows, b.clear(ctx)
}

// startMany starts nodes, a few at a time, and waits until their guests idle.
func (b *bed) startMany(ctx context.Context, n int) error {
	for i := range n {
		if _, err := b.booted(ctx, fmt.Sprintf("grid-%02d", i)); err != nil {
			return err
		}
	}
	return b.quiet(ctx)
}

// quiet waits until all guests together use less than a tenth of a processor for
// each of them.
func (b *bed) quiet(ctx context.Context) error {
	for range 60 {
		before, n, err := b.guestTime(ctx)
		if err != nil {
			return err
		}
		time.Sleep(2 * time.Second)
		after, _, err := b.guestTime(ctx)
		if err != nil {
			return err
		}
		if after-before < time.Duration(n)*200*time.Millisecond {
			return nil
		}
	}
	return errors.New("the guests do not come to rest")
}

// guestTime sums the processor time of all nodes, and counts them.
func (b *bed) guestTime(ctx context.Context) (sum time.Duration, n int, err error) {
	var all []lab.Usage
	if err := b.server.call(ctx, "Usage", &all); err != nil {
		return 0, 0, err
	}
	for i := range all {
		sum += time.Duration(all[i].CPUMillis) * time.Millisecond
	}
	return sum, len(all), nil
}

// minimise hides the window, as its page must know.
func (p *pane) minimise(ctx context.Context) error {
	out, err := run(ctx, p.desk.env, "xdotool", "search", "--onlyvisible", "--name", "^SandBoxLabs")
	if err != nil {
		return err
	}
	var window int
	if _, err := fmt.Sscan(string(out), &window); err != nil {
		return err
	}
	if _, err := run(ctx, p.desk.env, "xdotool", "windowminimize", fmt.Sprint(window)); err != nil {
		return err
	}
	return p.until(ctx, "document.hidden")
}
