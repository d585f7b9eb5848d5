package app

import (
	"context"
	"sync"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/backend/lab"
)

// EventName is the name under which every lab.Event reaches the page.
const EventName = "event"

// forwarder holds the one subscription of the page.
type forwarder struct {
	mu     sync.Mutex
	cancel context.CancelFunc
}

// restart ends the former subscription and gives the context of the next.
func (f *forwarder) restart(ctx context.Context) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cancel != nil {
		f.cancel()
	}
	ctx, f.cancel = context.WithCancel(ctx)
	return ctx
}

// Subscribe sends every lab.Event to the page, the snapshot first, until it is
// called again, as a page does that was loaded anew. It gives the snapshot it
// has sent: to apply the events alone is enough.
func (a *App) Subscribe() (snapshot lab.Event, err error) {
	defer recovered(&err)
	events := a.service.Subscribe(a.forward.restart(a.ctx))
	snapshot, ok := <-events
	if !ok {
		return snapshot, lab.Errorf(lab.KindUnavailable, "SandBoxLabs is closing")
	}
	runtime.EventsEmit(a.ctx, EventName, snapshot)
	go func() {
		for event := range events {
			runtime.EventsEmit(a.ctx, EventName, event)
		}
	}()
	return snapshot, nil
}
