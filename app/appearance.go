package app

/*
#cgo pkg-config: gtk+-3.0
#include <stdint.h>

void look_like(int dark, int still, int contrast);
void follow_gtk(uintptr_t app);
*/
import "C"

import (
	"context"
	"log/slog"
	"runtime/cgo"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/app/portal"
)

// AppearanceName is the name of the event that brings the page an Appearance.
const AppearanceName = "appearance"

// Appearance is what of the desktop's looks the page can not learn by itself:
// its colour scheme, motion and contrast it has from WebKit's media queries.
type Appearance struct {
	Accent string  `json:"accent"` // a colour, as #rrggbb; empty: the person has none
	Zoom   float64 `json:"zoom"`   // pixels of the monitor a CSS pixel has, beside devicePixelRatio
}

// appearance is the one there is now.
type appearance struct {
	mu     sync.Mutex
	now    Appearance
	told   portal.Appearance // by the desktop
	scheme string            // of colours, that the person chose for the program; empty: the desktop's
	gtk    bool              // is there to look so
	due    bool              // it has yet to
}

// Appearance gives the page what it is now.
func (a *App) Appearance() Appearance {
	a.looks.mu.Lock()
	defer a.looks.mu.Unlock()
	return a.looks.now
}

// change changes it, and tells the page if there is one.
func (a *App) changeAppearance(change func(*Appearance)) {
	a.looks.mu.Lock()
	change(&a.looks.now)
	now := a.looks.now
	a.looks.mu.Unlock()
	select {
	case <-a.started:
		runtime.EventsEmit(a.ctx, AppearanceName, now)
	default: // it asks when it is there
	}
}

// followDesktop looks as the desktop's portal says, until ctx ends or the bus is
// gone. Without a portal, GTK's own settings hold.
func (a *App) followDesktop(ctx context.Context, conn *dbus.Conn) {
	portal.Follow(ctx, conn, slog.Default(), func(now portal.Appearance) {
		a.looks.look(func(l *appearance) { l.told = now })
		a.changeAppearance(func(to *Appearance) { to.Accent = now.Accent })
	})
}

// followScheme has the colours that a person chose go before the desktop's, until ctx ends.
func (a *App) followScheme(ctx context.Context) {
	for e := range a.service.Subscribe(ctx) {
		if e.Desktop != nil && a.looks.chosen() != e.Desktop.Scheme {
			a.looks.look(func(l *appearance) { l.scheme = e.Desktop.Scheme })
		}
	}
}

func (l *appearance) chosen() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.scheme
}

// dark reports whether the window is to be dark, by what is told and chosen so far.
func (a *App) dark() bool {
	a.looks.mu.Lock()
	defer a.looks.mu.Unlock()
	return dark(a.looks.told.Dark, a.service.Desktop().Scheme) == portal.Yes
}

// look notes what has changed, and has GTK look so as soon as it is there.
func (l *appearance) look(change func(*appearance)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
	l.due = true
	l.apply()
}

// begin has GTK, which is there now, look as was noted before.
func (l *appearance) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gtk = true
	l.apply()
}

func (l *appearance) apply() {
	if l.gtk && l.due {
		l.due = false
		C.look_like(C.int(dark(l.told.Dark, l.scheme)), C.int(l.told.Still), C.int(l.told.Contrast))
	}
}

// dark is the colour scheme there is to be, of what the desktop tells and what is chosen.
func dark(told portal.Choice, chosen string) portal.Choice {
	switch chosen {
	case "dark":
		return portal.Yes
	case "light":
		return portal.No
	}
	return told
}

// followGTK follows how large the desktop wants text to be, and which colours it has
// in the end, once GTK is there.
func (a *App) followGTK() { C.follow_gtk(C.uintptr_t(cgo.NewHandle(a))) }

// schemeFollowed has the window be as light or as dark as the page will be in it, so that
// nothing flashes until that is painted.
//
//export schemeFollowed
func schemeFollowed(app C.uintptr_t, dark C.int) {
	if a, ok := cgo.Handle(app).Value().(*App); ok {
		c := background(dark != 0)
		runtime.WindowSetBackgroundColour(a.ctx, c.R, c.G, c.B, c.A)
	}
}

//export textScaled
func textScaled(app C.uintptr_t, zoom C.double) {
	a, ok := cgo.Handle(app).Value().(*App)
	if ok {
		a.changeAppearance(func(to *Appearance) { to.Zoom = float64(zoom) })
	}
}
