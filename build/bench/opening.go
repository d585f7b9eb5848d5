package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// opening is something that opens over the page, as the page's own script.
type opening struct {
	what, aim   string
	open        string // opens it
	there       string // whether it is there
	close, gone string
}

const fieldOfPalette = `document.querySelector('[data-testid=palette-input]')`

var (
	dialogOpening = opening{
		what:  "click until the create dialog is painted",
		aim:   "< 100 ms",
		open:  `document.querySelector('[data-testid=create-open]').click()`,
		there: `document.querySelector('[data-testid=create-name]')`,
		close: `document.querySelector('[data-testid=create-cancel]').click()`,
		gone:  `!document.querySelector('[data-testid=create-dialog]')`,
	}
	paletteOpening = opening{
		what:  "Ctrl+K until the palette is painted",
		aim:   "< 100 ms",
		open:  `document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'k', ctrlKey: true, bubbles: true, cancelable: true}))`,
		there: `document.querySelector('[data-testid=palette-item]')`,
		close: `document.querySelector('[data-testid=palette]').close()`,
		gone:  `!document.querySelector('[data-testid=palette]')`,
	}
)

// openThings opens what a person opens most, over many nodes. They stay: who
// scrolls wants them.
func (b *bed) openThings(ctx context.Context) ([]row, error) {
	return b.overMany(ctx, b.openFace)
}

func (b *bed) openFace(ctx context.Context, d *desk, f face) (rows []row, err error) {
	p, err := f.open(b, ctx, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.show(ctx, "#/nodes"); err != nil {
		return nil, err
	}
	for _, o := range []opening{dialogOpening, paletteOpening} {
		took, err := p.openOften(ctx, o, b.rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.what, err)
		}
		rows = append(rows, spread(fmt.Sprintf("%s, %d nodes, %s", f.name, scrolledNodes, o.what), took, o.aim))
	}
	took, err := p.typeInPalette(ctx)
	if err != nil {
		return nil, err
	}
	return append(rows, spread(fmt.Sprintf("%s, %d nodes, key until the palette shows what it finds", f.name, scrolledNodes), took, "< 16.7 ms and a frame")), nil
}

func (p *pane) openOften(ctx context.Context, o opening, rounds int) (s sample, err error) {
	for range rounds {
		took, err := p.untilPainted(ctx, o.open, o.there)
		if err != nil {
			return nil, err
		}
		s.add(took)
		if err := p.Evaluate(o.close, new(any)); err != nil {
			return nil, err
		}
		if err := p.until(ctx, o.gone); err != nil {
			return nil, err
		}
		time.Sleep(300 * time.Millisecond) // it has settled
	}
	return s, nil
}

// typeInPalette types a command, letter by letter.
func (p *pane) typeInPalette(ctx context.Context) (s sample, err error) {
	if _, err := p.untilPainted(ctx, paletteOpening.open, paletteOpening.there); err != nil {
		return nil, err
	}
	const command = "wipe lab-123"
	for i := range command {
		time.Sleep(150 * time.Millisecond)
		do := fmt.Sprintf(`%s.value = %q; %[1]s.dispatchEvent(new Event('input', {bubbles: true}))`, fieldOfPalette, command[:i+1])
		took, err := p.untilPainted(ctx, do, "true")
		if err != nil {
			return nil, err
		}
		s.add(took)
	}
	return s, nil
}

// untilPainted has the page do something, and gives how long it took until what
// that brings was painted.
func (p *pane) untilPainted(ctx context.Context, do, there string) (time.Duration, error) {
	script := afterPaint + fmt.Sprintf(`
		window.took = undefined;
		const begun = performance.now();
		const look = () => (%s) ? afterPaint(() => { window.took = performance.now() - begun }) : requestAnimationFrame(look);
		%s;
		queueMicrotask(look)`, there, do)
	if err := p.Evaluate(script, new(any)); err != nil {
		return 0, err
	}
	if err := p.until(ctx, "window.took"); err != nil {
		return 0, err
	}
	var millis float64
	err := p.Evaluate("return window.took", &millis)
	return time.Duration(millis * float64(time.Millisecond)), err
}
