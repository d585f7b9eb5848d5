package words

import (
	"slices"
	"strings"
	"testing"
)

// What the program says is found again by what it was made of: each text of the catalogue, filled
// as a program would, and behind another as its cause.
func TestEachTextIsFound(t *testing.T) {
	t.Cleanup(func() { Speak("en") })
	for _, language := range Languages()[1:] {
		Speak(language)
		c := spoken.Load()
		cause, tried := c.text("the request was cancelled"), 0
		for key, text := range c.texts {
			if !slices.Contains(text.Refs, "program") || text.PluralID != "" {
				continue
			}
			values := strings.Split("vm-1,/x/y.qcow2,17,eins", ",")
			if got, want := Told(fill(key, values)), fill(c.text(key), values); got != want {
				t.Errorf("%s: %q is told as %q, want %q", language, key, got, want)
			}
			if strings.ContainsAny(Literal(key), ".:") || strings.HasSuffix(key, "}") {
				continue // no error that could have a cause, or one that ends in its own
			}
			if got, want := Told(fill(key, values)+": the request was cancelled"), fill(c.text(key), values)+": "+cause; got != want {
				t.Errorf("%s: %q before a cause is told as %q, want %q", language, key, got, want)
			}
			tried++
		}
		if tried < 200 {
			t.Errorf("%s: %d texts were tried, want 200 at least", language, tried)
		}
	}
}
