// Package portal follows how a person wants programs to look, as the desktop's
// settings portal tells it (org.freedesktop.portal.Settings, the namespace
// org.freedesktop.appearance:
// https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html).
package portal

import (
	"context"
	"fmt"
	"log/slog"
	"math"

	"github.com/godbus/dbus/v5"
)

// Choice is what a person chose between two things.
type Choice int

// The choices.
const (
	Unsaid Choice = iota // there is no portal, or it does not tell
	No
	Yes
)

// Appearance is how a person wants programs to look. Its zero value says nothing.
type Appearance struct {
	Dark     Choice // No: light; Unsaid: also where they have no preference
	Still    Choice // Yes: as little motion as can be
	Contrast Choice // Yes: more of it
	Accent   string // a colour, as #rrggbb; empty: none
}

const (
	busName   = "org.freedesktop.portal.Desktop"
	busPath   = dbus.ObjectPath("/org/freedesktop/portal/desktop")
	iface     = "org.freedesktop.portal.Settings"
	namespace = "org.freedesktop.appearance"
	busDaemon = "org.freedesktop.DBus"
)

var matches = [][]dbus.MatchOption{
	{dbus.WithMatchSender(busDaemon), dbus.WithMatchInterface(busDaemon), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, busName)},
	{dbus.WithMatchSender(busName), dbus.WithMatchInterface(iface), dbus.WithMatchMember("SettingChanged"), dbus.WithMatchArg(0, namespace)},
}

// Follow calls changed with the appearance once it is told, and whenever it is
// another one, until ctx ends or the bus is gone. A portal that is absent, slow or
// restarted is waited for.
func Follow(ctx context.Context, conn *dbus.Conn, log *slog.Logger, changed func(Appearance)) {
	f := follower{conn: conn, log: log, changed: changed, answers: make(chan *dbus.Call, 1)}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	defer conn.RemoveSignal(signals)
	for _, match := range matches {
		if err := conn.AddMatchSignalContext(ctx, match...); err != nil {
			log.Warn("the desktop's colours are not followed: the session bus does not answer", "error", err)
			return
		}
	}
	f.ask()
	for {
		select {
		case <-ctx.Done():
			return
		case answer := <-f.answers:
			f.answered(answer)
		case s, ok := <-signals:
			if !ok {
				return // the bus is gone
			}
			f.hear(s)
		}
	}
}

// follower asks for everything whenever something is said to have changed: one
// call at a time, and another one if more changed meanwhile.
type follower struct {
	conn    *dbus.Conn
	log     *slog.Logger
	changed func(Appearance)
	answers chan *dbus.Call
	asking  bool
	again   bool
	heard   bool // it has told something
	told    Appearance
}

func (f *follower) ask() {
	if f.asking {
		f.again = true
		return
	}
	f.asking, f.again = true, false
	f.conn.Object(busName, busPath).Go(iface+".ReadAll", 0, f.answers, []string{namespace})
}

func (f *follower) hear(s *dbus.Signal) {
	var name, before, now string
	switch {
	case s.Name == iface+".SettingChanged":
		f.ask() // who answers is asked by name: a stranger's signal changes nothing
	case s.Name != busDaemon+".NameOwnerChanged" || s.Sender != busDaemon || dbus.Store(s.Body, &name, &before, &now) != nil || name != busName:
	case now != "":
		f.ask()
	default: // what it told goes on to hold: it may be restarted
	}
}

func (f *follower) answered(answer *dbus.Call) {
	f.asking = false
	var told map[string]map[string]dbus.Variant
	switch err := answer.Store(&told); {
	case err != nil:
		f.log.Info("the desktop does not tell how programs are to look", "reason", err)
	default:
		if now := read(told[namespace]); now != f.told || !f.heard {
			f.told, f.heard = now, true
			f.changed(now)
		}
	}
	if f.again {
		f.ask()
	}
}

// read takes what is told of the namespace. A value that is none counts as not told.
func read(told map[string]dbus.Variant) Appearance {
	return Appearance{
		Dark:     choice(told["color-scheme"], map[uint32]Choice{1: Yes, 2: No}),
		Still:    choice(told["reduced-motion"], map[uint32]Choice{0: No, 1: Yes}),
		Contrast: choice(told["contrast"], map[uint32]Choice{0: No, 1: Yes}),
		Accent:   colour(told["accent-color"]),
	}
}

func choice(told dbus.Variant, means map[uint32]Choice) Choice {
	value, ok := told.Value().(uint32)
	if !ok {
		return Unsaid
	}
	return means[value]
}

// colour gives a colour of sRGB, which is told as three numbers of 0 to 1; others
// stand for none.
func colour(told dbus.Variant) string {
	parts, _ := told.Value().([]any) // as a structure is read
	if len(parts) != 3 {
		return ""
	}
	text := "#"
	for _, part := range parts {
		value, ok := part.(float64)
		if !ok || !(value >= 0 && value <= 1) { // NaN is neither
			return ""
		}
		text += fmt.Sprintf("%02x", int(math.Round(value*255)))
	}
	return text
}
