package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sandboxlabs/backend/lab"
)

const nodeRow = `document.querySelector("[data-testid=node-row]")`

// afterPaint is JavaScript that does something when what the page has become is
// painted: the frame is drawn between the callback and the next task.
const afterPaint = `const afterPaint = (then) => requestAnimationFrame(() => {
	const {port1, port2} = new MessageChannel();
	port1.onmessage = then;
	port2.postMessage(null);
});`

// usable opens the page with some nodes in the list until they are painted and
// the page answers: in the window from the start of the process, in Chromium
// from the entering of the address.
func (b *bed) usable(ctx context.Context) (rows []row, err error) {
	if err := b.fill(ctx, idleNodes); err != nil {
		return nil, err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	window := row{what: fmt.Sprintf("window, start to usable with %d nodes", idleNodes), aim: "< 1 s"}
	for range openings {
		if err := timed(&window.ours, func() error { return b.openOnce(ctx, d) }); err != nil {
			return nil, err
		}
		if err := d.end(d.running[len(d.running)-1]); err != nil {
			return nil, err
		}
	}
	chromium := row{what: fmt.Sprintf("Chromium, address to usable with %d nodes", idleNodes), aim: "< 1 s"}
	if chromium.ours, err = b.loadOften(ctx, d); err != nil {
		return nil, err
	}
	return []row{window, chromium}, b.clear(ctx)
}

// fill makes nodes until there are n.
func (b *bed) fill(ctx context.Context, n int) error {
	var nodes []lab.Node
	if err := b.server.call(ctx, "List", &nodes); err != nil {
		return err
	}
	for i := len(nodes); i < n; i++ {
		if _, err := b.node(ctx, fmt.Sprintf("lab-%03d", i)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bed) openOnce(ctx context.Context, d *desk) error {
	p, err := b.openWindow(ctx, d)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.until(ctx, nodeRow); err != nil {
		return err
	}
	if err := p.Evaluate(afterPaint+"afterPaint(() => { window.usable = true })", new(any)); err != nil {
		return err
	}
	return p.until(ctx, "window.usable")
}

const watchStart = `(() => {` + afterPaint + `
	const look = () => ` + nodeRow + ` ? afterPaint(() => { window.usable = performance.now() }) : requestAnimationFrame(look);
	requestAnimationFrame(look);
})()`

func (b *bed) loadOften(ctx context.Context, d *desk) (s sample, err error) {
	p, err := b.openChromium(ctx, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if _, err := p.Call(ctx, "Page.enable", nil); err != nil {
		return nil, err
	}
	if _, err := p.Call(ctx, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": watchStart}); err != nil {
		return nil, err
	}
	for range b.rounds {
		if err := p.open(ctx, "about:blank"); err != nil {
			return nil, err
		}
		if err := p.open(ctx, b.server.base); err != nil {
			return nil, err
		}
		if err := p.until(ctx, "window.usable"); err != nil {
			return nil, err
		}
		var millis float64
		if err := p.Evaluate("return window.usable", &millis); err != nil {
			return nil, err
		}
		s.add(time.Duration(millis * float64(time.Millisecond)))
	}
	return s, nil
}

// booted makes a node, starts it, and waits for its shell.
func (b *bed) booted(ctx context.Context, name string) (lab.Node, error) {
	n, err := b.node(ctx, name)
	if err != nil {
		return n, err
	}
	if err := b.server.call(ctx, "Start", nil, n.ID); err != nil {
		return n, err
	}
	if _, err := b.server.until(ctx, n.ID, in(lab.Running)); err != nil {
		return n, err
	}
	return n, b.typeSerial(ctx, n.ID, "\n")
}

// eventToPixel suspends and resumes a node by virsh until the page shows it.
func (b *bed) eventToPixel(ctx context.Context) (rows []row, err error) {
	n, err := b.booted(ctx, "flips")
	if err != nil {
		return nil, err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, f := range faces {
		more, err := b.flips(ctx, d, f, n)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		rows = append(rows, more...)
	}
	return rows, b.clear(ctx)
}

// watchState notes when another state of a node is painted.
const watchState = afterPaint + `
	const state = () => document.querySelector('[data-testid=node-row][data-name=%q]')?.dataset.state;
	let was = state();
	window.seen = [];
	new MutationObserver(() => {
		const now = state();
		if (now === undefined || now === was) return;
		was = now;
		afterPaint(() => window.seen.push({State: now, At: performance.timeOrigin + performance.now()}));
	}).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true})`

func (b *bed) flips(ctx context.Context, d *desk, f face, n lab.Node) (rows []row, err error) {
	p, err := f.open(b, ctx, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.until(ctx, nodeRow); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second) // it has settled
	if err := p.Evaluate(fmt.Sprintf(watchState, n.Name), new(any)); err != nil {
		return nil, err
	}
	var event, command sample
	for range b.rounds {
		for _, way := range []struct{ verb, word, state string }{{"suspend", "Suspended", "paused"}, {"resume", "Resumed", "running"}} {
			b.events.forget()
			begin := time.Now()
			if _, err := run(ctx, b.env, "virsh", way.verb, n.ID); err != nil {
				return nil, err
			}
			heard, err := b.events.next(ctx, way.word)
			if err != nil {
				return nil, err
			}
			at, err := p.painted(ctx, way.state)
			if err != nil {
				return nil, err
			}
			command.add(at.Sub(begin))
			event.add(at.Sub(heard))
		}
	}
	return []row{
		spread(f.name+", event to pixel: virsh sees it, until the badge is painted", event, "< 50 ms"),
		spread(f.name+", virsh suspend or resume, from its start until the badge is painted", command, ""),
	}, nil
}

// painted takes from the page when it painted a state.
func (p *pane) painted(ctx context.Context, state string) (time.Time, error) {
	time.Sleep(200 * time.Millisecond) // the page is not asked while it paints
	if err := p.until(ctx, fmt.Sprintf("window.seen.some((s) => s.State === %q)", state)); err != nil {
		return time.Time{}, err
	}
	var millis float64
	err := p.Evaluate(fmt.Sprintf("return window.seen.splice(0).find((s) => s.State === %q).At", state), &millis)
	return time.UnixMicro(int64(millis * 1000)), err
}
