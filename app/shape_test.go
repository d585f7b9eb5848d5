package app

import "testing"

func TestShape(t *testing.T) {
	for text, want := range map[string]shape{
		"1000x700":             {width: 1000, height: 700},
		"1000x700 maximised":   {width: 1000, height: 700, maximised: true},
		"10x20":                {width: narrowest, height: lowest},
		"":                     usual,
		"1000":                 usual,
		"1000x":                usual,
		"x700":                 usual,
		"-1000x-700":           {width: narrowest, height: lowest},
		"1000x700 large":       usual,
		"1000x700x2":           usual,
		"99999999x700":         usual,
		"1e3x700":              usual,
		"1000x700 maximised  ": usual,
	} {
		if got := parseShape(text); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	for _, s := range []shape{usual, {width: 1500, height: 900, maximised: true}} {
		if got := parseShape(s.String()); got != s {
			t.Errorf("got %+v back, want %+v", got, s)
		}
	}
}
