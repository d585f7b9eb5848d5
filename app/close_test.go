package app

import (
	"testing"

	"sandboxlabs/backend/lab"
)

func TestClosing(t *testing.T) {
	for _, c := range []struct {
		what string
		closing
		want step
	}{
		{"nothing runs", closing{mode: lab.CloseAuto}, stepQuit},
		{"nodes run, and go on", closing{mode: lab.CloseAuto, running: 1}, stepTell},
		{"that was said", closing{mode: lab.CloseAuto, running: 1, told: true}, stepQuit},
		{"that was said, to a page that may be dead", closing{mode: lab.CloseAuto, running: 1, asked: true}, stepQuit},
		{"there is a tray", closing{mode: lab.CloseAuto, tray: true, running: 1}, stepHide},
		{"to hide is wanted", closing{mode: lab.CloseHide, tray: true}, stepHide},
		{"to hide is wanted, and nothing would show it", closing{mode: lab.CloseHide}, stepQuit},
		{"to quit is wanted", closing{mode: lab.CloseQuit, tray: true}, stepQuit},
		{"to quit is wanted, and nodes run", closing{mode: lab.CloseQuit, tray: true, running: 2}, stepTell},
		{"it asks", closing{mode: lab.CloseAsk, tray: true, told: true}, stepAsk},
		{"it asks, without a tray", closing{mode: lab.CloseAsk}, stepAsk},
		{"it asked, and nobody answers", closing{mode: lab.CloseAsk, tray: true, asked: true}, stepHide},
		{"it asked, and nobody answers, without a tray", closing{mode: lab.CloseAsk, running: 1, asked: true}, stepQuit},
	} {
		if got := c.step(); got != c.want {
			t.Errorf("%s: step %d, want %d", c.what, got, c.want)
		}
	}
}
