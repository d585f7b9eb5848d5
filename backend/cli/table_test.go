package cli

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	for want, at := range map[string]time.Time{
		"-":     {},
		"0 s":   time.Now().Add(time.Hour), // before the clock was set back
		"5 min": time.Now().Add(-5*time.Minute - time.Second),
		"30 h":  time.Now().Add(-30*time.Hour - time.Second),
		"3 d":   time.Now().Add(-80 * time.Hour),
	} {
		if got := age(at); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
}
