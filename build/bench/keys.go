package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"time"

	"sandboxlabs/backend/lab"
)

const keyA = 38 // X's number of the key A on a PC's keyboard

// viewer is something that shows a node's display.
type viewer struct {
	name string
	open func(context.Context, *bed, *desk, lab.Node) (shut func() error, err error)
}

var viewers = []viewer{
	{"window", consoleIn(faces[0])},
	{"Chromium", consoleIn(faces[1])},
	{"TigerVNC", openTiger},
}

// consoleIn opens the node's console in a face.
func consoleIn(f face) func(context.Context, *bed, *desk, lab.Node) (func() error, error) {
	return func(ctx context.Context, b *bed, d *desk, n lab.Node) (func() error, error) {
		p, err := f.open(b, ctx, d)
		if err != nil {
			return nil, err
		}
		return p.close, p.console(ctx, n)
	}
}

// console brings a node's console to the front.
func (p *pane) console(ctx context.Context, n lab.Node) error {
	if err := p.until(ctx, `document.querySelector("[data-testid=link][data-connected=true]")`); err != nil {
		return err
	}
	if err := p.Evaluate(fmt.Sprintf("location.hash = '#/console/%s'", n.ID), new(any)); err != nil {
		return err
	}
	return p.until(ctx, fmt.Sprintf("document.querySelector('[data-testid=console][data-state=connected][data-name=%q]')", n.Name))
}

func openTiger(ctx context.Context, b *bed, d *desk, n lab.Node) (func() error, error) {
	port, password, err := b.display(ctx, n.ID)
	if err != nil {
		return nil, err
	}
	cmd, err := d.start([]string{"VNC_PASSWORD=" + password}, "vncviewer", "-Shared", "-RemoteResize=0", "127.0.0.1::"+port)
	if err != nil {
		return nil, err
	}
	return func() error { return d.end(cmd) }, d.awaitViewer(ctx)
}

// awaitViewer waits until the viewer has a window, and gives it the keyboard.
func (d *desk) awaitViewer(ctx context.Context) error {
	return eventually(ctx, "the viewer's window", func() bool {
		out, err := run(ctx, d.env, "xdotool", "search", "--onlyvisible", "--name", " - TigerVNC$")
		window, _, _ := bytes.Cut(out, []byte("\n"))
		if err != nil || len(window) == 0 {
			return false
		}
		_, err = run(ctx, d.env, "xdotool", "windowactivate", "--sync", string(window))
		return err == nil
	})
}

// keyToPixel presses a key until the display shows what the guest makes of it,
// and counts the pictures of a guest that scrolls: in our console and, by the
// same clock, in another viewer of the same guest.
func (b *bed) keyToPixel(ctx context.Context) (rows []row, err error) {
	n, err := b.booted(ctx, "typed")
	if err != nil {
		return nil, err
	}
	// a cursor that blinks would be seen as what a key did
	if err := b.typeSerial(ctx, n.ID, "clear >/dev/tty1; printf '\\033[?25l' >/dev/tty1; echo 0 >/sys/class/graphics/fbcon/cursor_blink\n"); err != nil {
		return nil, err
	}
	keys, err := b.eachViewer(ctx, n, (*bed).typeKeys)
	if err != nil {
		return nil, err
	}
	if err := b.typeSerial(ctx, n.ID, "while :; do dmesg; done >/dev/tty1 &\n"); err != nil {
		return nil, err
	}
	pictures, err := b.eachViewer(ctx, n, (*bed).countPictures)
	if err != nil {
		return nil, err
	}
	for i, v := range viewers[:2] {
		r := row{what: v.name + ", key to pixel in the console", ours: keys[i], baseline: keys[2], means: "TigerVNC's viewer"}
		rows = append(rows, r)
	}
	for i, v := range viewers {
		rows = append(rows, note("a guest scrolls text, seen in "+v.name, fmt.Sprintf("%.1f frames/s", float64(len(pictures[i]))/scrollFor.Seconds())))
	}
	return rows, b.clear(ctx)
}

// eachViewer looks at the guest by one viewer after another, each on a desk of its own.
func (b *bed) eachViewer(ctx context.Context, n lab.Node, look func(*bed, context.Context, *desk) (sample, error)) ([]sample, error) {
	var all []sample
	for _, v := range viewers {
		s, err := b.inViewer(ctx, v, n, look)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (b *bed) inViewer(ctx context.Context, v viewer, n lab.Node, look func(*bed, context.Context, *desk) (sample, error)) (s sample, err error) {
	d, err := b.newDesk(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	shut, err := v.open(ctx, b, d, n)
	if err != nil {
		return nil, err
	}
	time.Sleep(3 * time.Second) // it has drawn the first frame, and settled
	s, err = look(b, ctx, d)
	return s, errors.Join(err, shut())
}

// typeKeys finds where a key shows, then measures further ones right of it.
func (b *bed) typeKeys(ctx context.Context, d *desk) (s sample, err error) {
	line, err := d.findLine(ctx)
	if err != nil {
		return nil, err
	}
	for range b.rounds {
		// not in step with what draws at times of its own
		time.Sleep(300*time.Millisecond + rand.N(100*time.Millisecond))
		if err := timed(&s, func() error { return d.pressUntilSeen(ctx, line) }); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// findLine presses a key and gives the rest of the line that changes.
func (d *desk) findLine(ctx context.Context) (area, error) {
	before, err := d.still(ctx)
	if err != nil {
		return area{}, err
	}
	if err := d.press(keyA); err != nil {
		return area{}, err
	}
	time.Sleep(time.Second)
	after, err := d.picture(whole)
	if err != nil {
		return area{}, err
	}
	seen := difference(before, after)
	if seen.w == 0 || seen.w > 40 || seen.h > 60 {
		return area{}, fmt.Errorf("no letter appeared, but a change at %+v", seen)
	}
	return area{seen.x, seen.y, min(40*seen.w, deskWidth-seen.x), seen.h}, nil
}

var whole = area{0, 0, deskWidth, deskHeight}

// still waits until nothing has moved for a second, and gives what the desk shows.
func (d *desk) still(ctx context.Context) (picture []byte, err error) {
	for range 20 {
		last := picture
		if picture, err = d.picture(whole); err != nil || bytes.Equal(picture, last) {
			return picture, errors.Join(err, ctx.Err())
		}
		time.Sleep(time.Second)
	}
	return nil, errors.New("the desk does not come to rest")
}

// difference bounds what differs in two pictures of the desk.
func difference(a, b []byte) area {
	left, top, right, bottom := deskWidth, deskHeight, 0, 0
	for i := 0; i+4 <= len(a); i += 4 {
		if !bytes.Equal(a[i:i+4], b[i:i+4]) {
			x, y := i/4%deskWidth, i/4/deskWidth
			left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
		}
	}
	return area{left, top, max(right-left, 0), max(bottom-top, 0)}
}

func (d *desk) pressUntilSeen(ctx context.Context, where area) error {
	before, err := d.picture(where)
	if err != nil {
		return err
	}
	if err := d.press(keyA); err != nil {
		return err
	}
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Microsecond) {
		now, err := d.picture(where)
		if err != nil {
			return err
		}
		if !bytes.Equal(before, now) {
			return ctx.Err()
		}
	}
	return errors.New("the key did not show")
}

// countPictures adds a time to the sample for every other picture that the
// middle of the desk shows.
func (b *bed) countPictures(ctx context.Context, d *desk) (s sample, err error) {
	seed := maphash.MakeSeed()
	var last uint64
	begin := time.Now()
	for time.Since(begin) < scrollFor {
		now, err := d.picture(area{deskWidth/2 - 200, deskHeight/2 - 100, 300, 120})
		if err != nil {
			return nil, err
		}
		if hash := maphash.Bytes(seed, now); hash != last {
			last = hash
			s.add(time.Since(begin))
		}
		time.Sleep(time.Millisecond)
	}
	return s, ctx.Err()
}
