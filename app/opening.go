package app

import (
	"sync"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/backend/lab"
)

// OpeningName is the name of the event that has the page ask for the Opening.
const OpeningName = "opening"

// opening is what the page has yet to show.
type opening struct {
	mu      sync.Mutex
	waiting lab.Opening
}

// add gathers what several starts asked for: all files, and the last view, console and node.
func (o *opening) add(asked lab.Opening) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting.Files = append(o.waiting.Files, asked.Files...)
	if asked.View != "" {
		o.waiting.View = asked.View
	}
	if asked.Console != "" {
		o.waiting.Console = asked.Console
	}
	if asked.Node != "" {
		o.waiting.Node = asked.Node
	}
}

// take gives it, and leaves nothing.
func (o *opening) take() lab.Opening {
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.waiting
	o.waiting = lab.Opening{}
	return taken
}

// Opening gives the page what it was asked to show since it asked last.
func (a *App) Opening() lab.Opening { return a.opening.take() }

// show has the page show what is asked for: at once, or as soon as there is a page.
func (a *App) show(o lab.Opening) {
	a.opening.add(o)
	select {
	case <-a.started:
		runtime.EventsEmit(a.ctx, OpeningName)
	default:
	}
}
