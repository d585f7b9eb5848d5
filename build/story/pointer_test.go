package story

import (
	"encoding/json"
	"fmt"
	"math"
)

// listenSent has the page keep where it tells a guest that the mouse was pressed:
// the pointer's message of RFB (RFC 6143, 7.5.5), or Guacamole's instruction.
const listenSent = `
	window.pressed = null;
	if (window.listensSent) return;
	window.listensSent = true;
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function (data) {
		if (typeof data === 'string') {
			const mouse = /5\.mouse,\d+\.(\d+),\d+\.(\d+),\d+\.1;/.exec(data);
			if (mouse) window.pressed = {X: Number(mouse[1]), Y: Number(mouse[2])};
		} else {
			const it = new DataView(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
			if (it.byteLength >= 6 && it.getUint8(0) === 5 && it.getUint8(1) === 1)
				window.pressed = {X: it.getUint16(2), Y: it.getUint16(4)};
		}
		return send.call(this, data);
	}`

// findPicture gives where the page shows the display, and how many pixels that has.
const findPicture = `
	for (const it of document.querySelectorAll(%s)) {
		const {x, y, width, height} = it.getBoundingClientRect();
		if (width < 100 || height < 100) continue;
		return {Left: x, Top: y, Width: width, Height: height, Columns: it.width, Rows: it.height};
	}
	return null`

type picture struct{ Left, Top, Width, Height, Columns, Rows float64 }

// column and row give the pixel of the guest at a place of the page.
func (p picture) column(x int) float64 { return (float64(x) + 0.5 - p.Left) * p.Columns / p.Width }
func (p picture) row(y int) float64    { return (float64(y) + 0.5 - p.Top) * p.Rows / p.Height }

// pointInGuest presses the mouse on the display: the guest is told of the pixel below it.
func (a actor) pointInGuest() {
	a.Helper()
	quoted, err := json.Marshal(a.screen("connected") + " canvas")
	check(a.T, err)
	var shown *picture
	a.ask(fmt.Sprintf(findPicture, quoted), &shown)
	if shown == nil {
		a.Fatal("got no picture of the display")
	}
	a.ask(listenSent, new(any))
	at := point{int(shown.Left + shown.Width/3), int(shown.Top + shown.Height/4)}
	a.press(a.screen("connected"), at)
	var got *point
	a.desk.await("the page to tell of the mouse", func() bool {
		a.ask("return window.pressed", &got)
		return got != nil
	})
	if x, y := shown.column(at.X), shown.row(at.Y); math.Abs(float64(got.X)+0.5-x) > 1 || math.Abs(float64(got.Y)+0.5-y) > 1 {
		a.Errorf("got the mouse at %+v, want it at %.1f, %.1f", *got, x, y)
	}
}

// pasteTyped has a text of the desktop's clipboard typed into the guest. Chromium,
// which nobody told to, does not let the page read it: there it is pasted by hand.
func (a actor) pasteTyped(text string) {
	a.Helper()
	a.desk.copy("echo '" + text + "' >/dev/ttyS0\n")
	a.click(id("console-keys"))
	a.click(id("console-type"))
	if !a.inspector.WebKit {
		a.await(id("type-text"))
		a.desk.do("key", "ctrl+v")
		a.click(id("type-submit"))
	}
	a.hear(text+"\r\n", lookLimit)
}
