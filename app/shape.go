package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/backend/lab"
)

// shapeKey is the preference that says how large the window was when it was last there.
const shapeKey = "window.shape"

// shape is how large the window is, in GTK's pixels, and whether it is maximised. Then it is as
// large as the screen, and would be so large otherwise.
type shape struct {
	width, height int
	maximised     bool
}

// usual is the shape of the first window.
var usual = shape{width: 1280, height: 800}

const (
	narrowest, lowest = 900, 600
	widest            = 1 << 15 // of X and of GTK
)

func (s shape) String() string {
	text := fmt.Sprintf("%dx%d", s.width, s.height)
	if s.maximised {
		text += " maximised"
	}
	return text
}

// parseShape reads what String gives; anything else is the usual shape. What is larger than
// the screen is made to fit by the window manager.
func parseShape(text string) (s shape) {
	if n, _ := fmt.Sscanf(text, "%dx%d", &s.width, &s.height); n < 2 {
		return usual
	}
	s.maximised = text == shape{s.width, s.height, true}.String()
	if text != s.String() || s.width > widest || s.height > widest {
		return usual
	}
	s.width, s.height = max(s.width, narrowest), max(s.height, lowest)
	return s
}

// readShape gives the shape that the window is to have.
func (a *App) readShape(ctx context.Context) shape {
	kept, err := a.service.Preferences(ctx)
	if err != nil {
		slog.Warn("the preferences can not be read", "error", err)
	}
	return parseShape(kept[shapeKey])
}

// keepShape notes the shape of the window that is about to go. Where it fills the screen, its
// size is that of the screen, and the one before is kept.
func (a *App) keepShape() {
	if a.hidden.Load() || runtime.WindowIsFullscreen(a.ctx) {
		return
	}
	before := a.readShape(a.ctx)
	now := before
	if now.maximised = runtime.WindowIsMaximised(a.ctx); !now.maximised {
		now.width, now.height = runtime.WindowGetSize(a.ctx)
	}
	if now == before {
		return
	}
	if err := a.service.Prefer(a.ctx, lab.Preferences{shapeKey: now.String()}); err != nil {
		slog.Warn("the preferences can not be kept", "error", err)
	}
}
