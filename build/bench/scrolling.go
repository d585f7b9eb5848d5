package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const scrolledNodes = 500

// scrollNodes scrolls the list of many nodes, in both of its views.
func (b *bed) scrollNodes(ctx context.Context) ([]row, error) {
	rows, err := b.overMany(ctx, b.scrollFace)
	if err != nil {
		return nil, err
	}
	return rows, b.clear(ctx)
}

// overMany looks at the list of many nodes, wherever the page is shown.
func (b *bed) overMany(ctx context.Context, look func(context.Context, *desk, face) ([]row, error)) (rows []row, err error) {
	if err := b.fill(ctx, scrolledNodes); err != nil {
		return nil, err
	}
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	for _, f := range faces {
		more, err := look(ctx, d, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (b *bed) scrollFace(ctx context.Context, d *desk, f face) (rows []row, err error) {
	p, err := f.open(b, ctx, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for _, view := range []string{"cards", "table"} {
		if err := p.show(ctx, "#/nodes?view="+view); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("%s, scroll %d nodes as %s", f.name, scrolledNodes, view)
		frames, work, err := p.scrollOnce(ctx)
		if err != nil {
			return nil, err
		}
		rows = append(rows, note(what+": time between frames", frames.String()))
		rows[len(rows)-1].aim = "95 %: < 16.7 ms"
		if len(work) > 0 {
			rows = append(rows, spread(what+": work of the main thread for a frame (trace)", work, "95 %: < 16.7 ms"))
		}
	}
	return rows, nil
}

// show brings the nodes to the front as an address says, and lets them settle.
func (p *pane) show(ctx context.Context, hash string) error {
	if err := p.until(ctx, nodeRow); err != nil {
		return err
	}
	if err := p.Evaluate(fmt.Sprintf("location.hash = %q", hash), new(any)); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	return p.until(ctx, nodeRow)
}

// scrollList scrolls what the nodes are in down and up, a hundred pixels each
// frame, for six seconds.
const scrollList = `
	const scrolls = (e) => e.scrollHeight > e.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(e).overflowY);
	let list = ` + nodeRow + `;
	while (list && !scrolls(list)) list = list.parentElement;
	if (!list) throw new Error('the nodes do not scroll');
	const result = {Frames: [], Long: 0, Moved: 0};
	window.scrolled = undefined;
	let first, last, by = 100;
	const step = (at) => {
		if (last) result.Frames.push(at - last);
		first ??= last = at;
		last = at;
		const before = list.scrollTop;
		list.scrollTop += by;
		result.Moved += Math.abs(list.scrollTop - before);
		if (list.scrollTop === before) by = -by;
		if (at - first < 6000) requestAnimationFrame(step);
		else window.scrolled = result;
	};
	requestAnimationFrame(step);`

// frames are the times between frames of a page that scrolled.
type frames struct {
	Frames []float64 // in milliseconds
	Moved  float64   // in pixels
}

// refresh is what a display of 60 Hz leaves for a frame.
const refresh = 1000.0 / 60

func (f frames) String() string {
	var s sample
	late := 0
	for _, ms := range f.Frames {
		s.add(time.Duration(ms * float64(time.Millisecond)))
		if ms > 1.5*refresh {
			late++
		}
	}
	return fmt.Sprintf("%.1f ms; 95 %%: %.1f ms; %.1f %% came a refresh or more late",
		s.median().Seconds()*1000, s.percentile(95).Seconds()*1000, 100*float64(late)/float64(len(s)))
}

// scrollOnce gives, in Chromium, what the trace tells too.
func (p *pane) scrollOnce(ctx context.Context) (f frames, work sample, err error) {
	if !p.WebKit {
		if err := p.trace(ctx); err != nil {
			return f, nil, err
		}
	}
	if err := p.Evaluate(scrollList, new(any)); err != nil {
		return f, nil, err
	}
	time.Sleep(6500 * time.Millisecond) // unseen by an inspector that asks
	if err := p.until(ctx, "window.scrolled"); err != nil {
		return f, nil, err
	}
	if err := p.Evaluate("return window.scrolled", &f); err != nil {
		return f, nil, err
	}
	if f.Moved == 0 || len(f.Frames) == 0 {
		return f, nil, errors.New("nothing scrolled")
	}
	if !p.WebKit {
		work, err = p.traced(ctx)
	}
	return f, work, err
}

// trace commits a trace of Chromium.
func (p *pane) trace(ctx context.Context) error {
	_, err := p.Call(ctx, "Tracing.start", map[string]any{
		"transferMode": "ReturnAsStream",
		"categories":   "-*,toplevel,devtools.timeline,disabled-by-default-devtools.timeline",
	})
	return err
}

// traced ends it, and gives how long the page's main thread worked for each frame.
func (p *pane) traced(ctx context.Context) (sample, error) {
	if _, err := p.Call(ctx, "Tracing.end", nil); err != nil {
		return nil, err
	}
	params, err := p.Next(ctx, "Tracing.tracingComplete")
	if err != nil {
		return nil, err
	}
	var done struct{ Stream string }
	if err := json.Unmarshal(params, &done); err != nil {
		return nil, err
	}
	text, err := p.stream(ctx, done.Stream)
	if err != nil {
		return nil, err
	}
	var trace struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal(text, &trace); err != nil {
		return nil, err
	}
	return frameWork(trace.TraceEvents)
}

// stream reads a stream of Chromium to its end.
func (p *pane) stream(ctx context.Context, handle string) ([]byte, error) {
	var all bytes.Buffer
	for {
		answer, err := p.Call(ctx, "IO.read", map[string]any{"handle": handle})
		if err != nil {
			return nil, err
		}
		var part struct {
			Data string
			EOF  bool
		}
		if err := json.Unmarshal(answer, &part); err != nil {
			return nil, err
		}
		all.WriteString(part.Data)
		if part.EOF {
			return all.Bytes(), nil
		}
	}
}

type traceEvent struct {
	Name     string
	Phase    string  `json:"ph"`
	PID      int     `json:"pid"`
	TID      int     `json:"tid"`
	At       float64 `json:"ts"`  // in microseconds
	Duration float64 `json:"dur"` // the same
}

// frameWork sums the tasks of the page's main thread between one frame's being
// handed over to be drawn and the next one's. The main thread is the one that
// hands over the most.
func frameWork(events []traceEvent) (work sample, err error) {
	type thread struct{ pid, tid int }
	commits := map[thread][]float64{}
	var main thread
	for _, e := range events {
		if e.Name == "Commit" {
			t := thread{e.PID, e.TID}
			commits[t] = append(commits[t], e.At)
			if len(commits[t]) > len(commits[main]) {
				main = t
			}
		}
	}
	if len(commits[main]) < 2 {
		return nil, errors.New("the trace has no frames")
	}
	sums := spans(commits[main])
	for _, e := range events {
		if e.Phase == "X" && e.Name == "RunTask" && (thread{e.PID, e.TID}) == main {
			sums.add(e.At, e.Duration)
		}
	}
	for _, micros := range sums.total {
		work.add(time.Duration(micros * float64(time.Microsecond)))
	}
	return work, nil
}

// tally sums durations by the span of time they fall into.
type tally struct {
	bounds []float64
	total  []float64
}

func spans(bounds []float64) tally {
	slices.Sort(bounds)
	return tally{bounds, make([]float64, len(bounds)-1)}
}

// add counts a task to the spans it runs in: the one that commits a frame began before it.
func (t tally) add(at, duration float64) {
	for i := range t.total {
		from, to := max(at, t.bounds[i]), min(at+duration, t.bounds[i+1])
		if to > from {
			t.total[i] += to - from
		}
	}
}
