package app

import (
	"context"
	"log/slog"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/backend/lab"
)

// ClosingName is the name of the event that has the page ask what closing the
// window is to do; a Closing comes with it.
const ClosingName = "closing"

// Closing is what the page asks the person. It answers with Hide or Quit, or not at all.
type Closing struct {
	Tray    bool `json:"tray"`    // the window can hide in it
	Running int  `json:"running"` // nodes, which go on
	Told    bool `json:"told"`    // nothing is to choose: it is said, once, that nodes go on without the program
}

// toldRunning is the preference that says that this was said.
const toldRunning = "close.told"

// step is what is done when the window is to be closed.
type step int

const (
	stepQuit step = iota
	stepHide
	stepAsk
	stepTell
)

// closing is what it depends on.
type closing struct {
	mode    lab.CloseMode
	tray    bool // there is one
	running int  // nodes
	told    bool // it was said that they go on
	asked   bool // the page was asked already, and has not answered: it may be dead
}

// step decides. Nothing ever hides where nothing shows how to come back, and a
// page that does not answer can not keep the window open.
func (c closing) step() step {
	switch {
	case c.mode == lab.CloseAsk && !c.asked:
		return stepAsk
	case c.mode != lab.CloseQuit && c.tray:
		return stepHide
	case c.running > 0 && !c.told && !c.asked:
		return stepTell
	}
	return stepQuit
}

// beforeClose is asked before the window is closed, by the person or by Quit,
// outside GTK's thread; keep says that it is not to be.
func (a *App) beforeClose(context.Context) (keep bool) {
	if a.leaving.Load() {
		a.keepShape()
		return false
	}
	c := closing{
		mode: a.service.Desktop().Close, tray: a.tray.Here(), running: len(a.running()), told: a.toldRunning(), asked: a.asked.Swap(true),
	}
	switch c.step() {
	case stepQuit:
		a.leave()
	case stepHide:
		a.hide()
	case stepAsk:
		a.telling.Store(false)
		runtime.EventsEmit(a.ctx, ClosingName, Closing{Tray: c.tray, Running: c.running})
	case stepTell:
		a.telling.Store(true)
		runtime.EventsEmit(a.ctx, ClosingName, Closing{Running: c.running, Told: true})
	}
	return true
}

func (a *App) toldRunning() bool {
	kept, err := a.service.Preferences(a.ctx)
	if err != nil {
		slog.Warn("the preferences can not be read", "error", err)
	}
	return kept[toldRunning] != ""
}

// answered notes that the page was answered, and what was said with it.
func (a *App) answered() {
	a.asked.Store(false)
	if !a.telling.Swap(false) {
		return
	}
	if err := a.service.Prefer(a.ctx, lab.Preferences{toldRunning: "yes"}); err != nil {
		slog.Warn("the preferences can not be kept", "error", err)
	}
}

// Hide hides the window in the tray; without one, it ends the program.
func (a *App) Hide() {
	a.answered()
	if a.tray.Here() {
		a.hide()
		return
	}
	a.leave()
}

// Quit ends the program. Nodes go on.
func (a *App) Quit() { a.answered(); a.leave() }

// Stay tells that the window is to stay open after all.
func (a *App) Stay() { a.answered() }

func (a *App) hide() {
	a.asked.Store(false)
	a.keepShape()
	a.setHidden(true)
	a.tray.Awake(false)
	runtime.WindowHide(a.ctx)
	if !a.tray.Here() { // it went in the meantime
		a.appear("")
	}
}

// setHidden notes whether there is no window to look at.
func (a *App) setHidden(hidden bool) {
	a.hidden.Store(hidden)
	a.service.Unseen(hidden)
}

// appear brings the window to the front, or has it opened; the token is what the
// desktop gave along with the wish, if it did.
func (a *App) appear(token string) {
	a.asked.Store(false)
	a.setHidden(false)
	a.tray.Awake(true)
	a.wake()
	select {
	case <-a.started:
		present(token)
	default: // it opens in front
	}
}

// leave ends the program.
func (a *App) leave() {
	a.leaving.Store(true)
	a.end()
}
