package app

import (
	"testing"

	"sandboxlabs/app/portal"
)

// TestWhatIsChosenGoesFirst: before what the desktop says, or does not say.
func TestWhatIsChosenGoesFirst(t *testing.T) {
	for _, c := range []struct {
		told   portal.Choice
		chosen string
		want   portal.Choice
	}{
		{portal.Yes, "", portal.Yes},
		{portal.No, "", portal.No},
		{portal.Unsaid, "", portal.Unsaid},
		{portal.Yes, "light", portal.No},
		{portal.No, "dark", portal.Yes},
		{portal.Unsaid, "light", portal.No},
		{portal.Unsaid, "dark", portal.Yes},
	} {
		if got := dark(c.told, c.chosen); got != c.want {
			t.Errorf("told %d, chosen %q: got %d, want %d", c.told, c.chosen, got, c.want)
		}
	}
}
