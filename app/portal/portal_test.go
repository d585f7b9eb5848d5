package portal

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"sandboxlabs/build/bus"
)

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return value
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rgb is a colour as the portal has it.
type rgb struct{ R, G, B float64 }

func TestFollow(t *testing.T) {
	b := must(bus.New(t.TempDir()))(t)
	t.Cleanup(func() { check(t, b.Close()) })
	changes := make(chan Appearance)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	conn := must(b.Connect())(t)
	go func() {
		defer close(ended)
		Follow(ctx, conn, slog.New(slog.DiscardHandler), func(a Appearance) { changes <- a })
	}()
	want := func(want Appearance) {
		t.Helper()
		select {
		case got := <-changes:
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("waited for %+v in vain", want)
		}
	}
	p := must(b.NewPortal(map[string]any{"color-scheme": uint32(1)}))(t) // after the program
	want(Appearance{Dark: Yes})
	check(t, p.Set("accent-color", rgb{1, 0.5, 0}))
	want(Appearance{Dark: Yes, Accent: "#ff8000"})
	check(t, p.Set("color-scheme", uint32(2)))
	want(Appearance{Dark: No, Accent: "#ff8000"})
	check(t, p.Close())
	stranger := must(b.Connect())(t)
	check(t, stranger.Emit(busPath, iface+".SettingChanged", namespace, "color-scheme", dbus.MakeVariant(uint32(1))))
	must(b.NewPortal(map[string]any{"color-scheme": uint32(0), "contrast": uint32(1), "reduced-motion": uint32(1)}))(t)
	want(Appearance{Contrast: Yes, Still: Yes})
	cancel()
	<-ended
}

func TestOddValues(t *testing.T) {
	for name, told := range map[string]map[string]any{
		"nothing":       {},
		"unknown":       {"color-scheme": uint32(7), "contrast": uint32(9), "reduced-motion": uint32(2)},
		"other types":   {"color-scheme": "dark", "accent-color": "blue", "contrast": int32(1)},
		"no colour":     {"accent-color": []any{-1., 0., 0.}},
		"another":       {"accent-color": []any{0., 0., 1.1}},
		"not a number":  {"accent-color": []any{math.NaN(), 0., 0.}},
		"whole numbers": {"accent-color": []any{0, 0, 0}},
		"fewer numbers": {"accent-color": []any{0., 0.}},
	} {
		values := make(map[string]dbus.Variant)
		for key, value := range told {
			values[key] = dbus.MakeVariant(value)
		}
		if got := read(values); got != (Appearance{}) {
			t.Errorf("%s: got %+v, want nothing said", name, got)
		}
	}
}
