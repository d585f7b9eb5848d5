package story

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/build/inspect"
)

// lookLimit is how long anything but a boot may take to show.
const lookLimit = 20 * time.Second

// page is a page on a desk. It is looked into with the inspector, and worked
// with the desk's mouse and keyboard alone.
type page struct {
	*testing.T
	desk      *desk
	inspector *inspect.Page
	reach     func(context.Context) (*inspect.Page, error) // gets another inspector
	window    string                                       // X's id
	corner    point                                        // of the page on the desk
	album     string                                       // folder of its pictures
	pictures  int
	left      bool
}

// newPage takes the window whose title is SandBoxLabs as a page; its pictures
// go to the album.
func newPage(d *desk, album string, look func(context.Context) (*inspect.Page, error)) *page {
	d.place.t.Helper()
	p := &page{T: d.place.t, desk: d, reach: look, album: filepath.Join(must(filepath.Abs("../out/screenshots"))(d.place.t), album)}
	check(p.T, os.RemoveAll(p.album))
	check(p.T, os.MkdirAll(p.album, 0o755))
	p.window = d.awaitWindow("SandBoxLabs")
	d.await("the inspector", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), inspect.Limit)
		defer cancel()
		i, err := look(ctx)
		p.inspector = i
		return err == nil
	})
	p.Cleanup(func() {
		if p.Failed() && !p.left {
			p.picture("failed")
		}
	})
	p.findCorner()
	return p
}

// leave lets go of the page, or of one that is gone: WebKit keeps the next who looks waiting
// while somebody does.
func (p *page) leave() {
	p.inspector.Close()
	p.left = true
}

// findCorner learns where on the desk the page is: where two movements of the
// mouse agree that it is.
func (p *page) findCorner() {
	p.Helper()
	p.desk.await("the page to stand still", func() bool {
		middle := p.desk.middle(p.window)
		first, second := p.cornerBy(middle.plus(point{-9, -9})), p.cornerBy(middle)
		if first != nil && second != nil {
			p.corner = *second
		}
		return first != nil && second != nil && *first == *second
	})
}

// cornerBy moves the mouse to a point and gives the corner of the page that saw it there.
func (p *page) cornerBy(to point) *point {
	p.Helper()
	p.ask(`window.mouse = null;
		addEventListener('mousemove', (e) => { window.mouse = {X: e.clientX, Y: e.clientY} }, {once: true, capture: true})`, new(any))
	p.desk.moveMouse(to)
	var seen *point
	if !eventually(time.Second, func() bool { p.ask("return window.mouse", &seen); return seen != nil }) {
		return nil
	}
	corner := to.minus(*seen)
	return &corner
}

// ask evaluates the body of a JavaScript function in the page.
func (p *page) ask(body string, into any) {
	p.Helper()
	if err := p.inspector.Evaluate(body, into); err != nil {
		p.Fatal(err)
	}
}

// id is the selector of an element by its data-testid, and by further
// attributes: id("node-row", "name", "a") is the row of node a.
func id(testid string, attributes ...string) string {
	selector := fmt.Sprintf("[data-testid=%q]", testid)
	for i := 0; i+1 < len(attributes); i += 2 {
		selector += fmt.Sprintf("[data-%s=%q]", attributes[i], attributes[i+1])
	}
	return selector
}

// element is what the page shows of an element.
type element struct {
	Middle point
	Text   string
	Tip    string // what is said of it when it is pointed at
	Free   bool   // it can be clicked: not disabled, nothing over it
}

const findElement = `
	for (const e of document.querySelectorAll(%s)) {
		const box = e.getBoundingClientRect();
		if (!box.width || !box.height || !e.checkVisibility({visibilityProperty: true})) continue;
		e.scrollIntoView({block: 'nearest'});
		const {x, y, width, height} = e.getBoundingClientRect();
		const Middle = {X: Math.round(x + width / 2), Y: Math.round(y + height / 2)};
		const top = document.elementFromPoint(Middle.X, Middle.Y);
		return {Middle, Text: e.innerText || e.value || '', Tip: e.dataset.tip ?? '', Free: !e.matches(':disabled, [aria-disabled=true]') && e.contains(top)};
	}
	return null`

// look gives the first element of a selector that is on the page, nil without one.
func (p *page) look(selector string) *element {
	p.Helper()
	quoted, err := json.Marshal(selector)
	check(p.T, err)
	var found *element
	p.ask(fmt.Sprintf(findElement, quoted), &found)
	return found
}

// await waits until an element is on the page and, if texts are given, shows
// each of them.
func (p *page) await(selector string, texts ...string) *element {
	p.Helper()
	return p.awaitFor(lookLimit, selector, texts...)
}

func (p *page) awaitFor(limit time.Duration, selector string, texts ...string) *element {
	p.Helper()
	var seen *element
	if !eventually(limit, func() bool {
		seen = p.look(selector)
		return seen != nil && containsAll(seen.Text, texts)
	}) {
		p.Fatalf("waited %s in vain for %s with %q, got %+v", limit, selector, texts, seen)
	}
	return seen
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// awaitGone waits until no such element is on the page.
func (p *page) awaitGone(selector string) {
	p.Helper()
	if !eventually(lookLimit, func() bool { return p.look(selector) == nil }) {
		p.Fatalf("waited %s in vain for %s to go", lookLimit, selector)
	}
}

// click clicks an element once it stands still and can be clicked.
func (p *page) click(selector string) {
	p.Helper()
	var before, now *element
	if !eventually(lookLimit, func() bool {
		before, now = now, p.look(selector)
		return before != nil && now != nil && now.Free && before.Middle == now.Middle
	}) {
		p.Fatalf("waited %s in vain to click %s, got %+v", lookLimit, selector, now)
	}
	p.press(selector, now.Middle)
}

// press presses the mouse at a place of an element, once that has seen it come: a press in the
// same moment is lost now and then on the way through X.
func (p *page) press(selector string, at point) {
	p.Helper()
	p.desk.moveMouse(p.corner.plus(at))
	p.await(selector + ":hover")
	p.desk.do("click", "1")
}

// fill replaces the text of an input, and waits until it is there: the window
// queues keys, and a click right after them may overtake the last.
func (p *page) fill(selector, text string) {
	p.Helper()
	p.click(selector)
	p.desk.do("key", "ctrl+a")
	p.write(text)
	p.await(selector, text)
}

// write types a text into the page, no faster than people.
func (p *page) write(text string) {
	p.Helper()
	p.desk.do("type", "--delay", "25", text)
}

// resize gives the window a size.
func (p *page) resize(width, height int) {
	p.Helper()
	p.desk.do("windowsize", "--sync", p.window, fmt.Sprint(width), fmt.Sprint(height))
	p.findCorner()
}

// picture takes a picture for the album, of the page as it stands on the desk,
// when it has been painted as it is now.
func (p *page) picture(name string) {
	p.Helper()
	p.pictures++
	p.settle()
	var size point
	p.ask("return {X: innerWidth, Y: innerHeight}", &size)
	p.desk.picture(p.corner, size, filepath.Join(p.album, fmt.Sprintf("%02d-%s.png", p.pictures, name)))
}

// settle waits until two frames were painted and no animation is under way.
func (p *page) settle() {
	p.Helper()
	p.ask(`window.frames_ = 0;
		const count = () => { if (++window.frames_ < 3) requestAnimationFrame(count) }; requestAnimationFrame(count)`, new(any))
	eventually(2*time.Second, func() bool {
		var still bool
		p.ask(`return window.frames_ >= 3 && document.getAnimations().every((a) =>
			a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)`, &still)
		return still
	})
}
