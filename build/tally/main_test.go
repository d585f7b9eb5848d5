package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

const (
	passed  = `{"Action":"pass","Package":"p","Test":"TestA"}`
	skipped = `{"Action":"output","Package":"p","Test":"TestB","Output":"no KVM here\n"}` + "\n" +
		`{"Action":"skip","Package":"p","Test":"TestB"}`
	failed = `{"Action":"output","Package":"p","Test":"TestC","Output":"got 1, want 2\n"}` + "\n" +
		`{"Action":"fail","Package":"p","Test":"TestC"}` + "\n" + `{"Action":"fail","Package":"p"}`
	broken = `{"ImportPath":"q","Action":"build-output","Output":"main.go:1: syntax error\n"}` + "\n" +
		`{"Action":"fail","Package":"q"}`
)

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, input  string
		line         string
		shown        string
		good, strict bool
	}{
		{"passed", passed, "1 passed, 0 failed", "", true, true},
		{"skipped", passed + "\n" + skipped, "1 skipped, 1 passed, 0 failed", "no KVM here", true, false},
		{"failed", passed + "\n" + failed, "1 passed, 1 failed", "got 1, want 2", false, false},
		{"broken", passed + "\n" + broken, "1 passed, 1 failed", "syntax error", false, false},
		{"nothing", "", "0 passed, 0 failed", "", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var shown strings.Builder
			got, err := read(strings.NewReader(test.input), &shown)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != test.line {
				t.Errorf("%q, want %q", got, test.line)
			}
			if !strings.Contains(shown.String(), test.shown) {
				t.Errorf("shown: %q, want %q in it", shown.String(), test.shown)
			}
			if got.good(false) != test.good || got.good(true) != test.strict {
				t.Errorf("good: %t, strictly %t; want %t, %t", got.good(false), got.good(true), test.good, test.strict)
			}
		})
	}
}

func TestSlowest(t *testing.T) {
	events := `{"Action":"pass","Package":"p","Test":"TestA/slow","Elapsed":9}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":9.5}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":12}
{"Action":"pass","Package":"p","Test":"TestC","Elapsed":0.2}`
	var shown strings.Builder
	got, err := read(strings.NewReader(events), &shown)
	if err != nil {
		t.Fatal(err)
	}
	got.slowest(&shown)
	if want := "  12.0s p TestB\n   9.0s p TestA/slow\n"; shown.String() != want {
		t.Errorf("got %q, want %q", shown.String(), want)
	}
}

func TestCauses(t *testing.T) {
	events := `{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:12: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:15: the server said: much\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: noted\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}`
	got, err := read(strings.NewReader(events), io.Discard)
	if want := []string{"FAIL  p TestA: a_test.go:12: got 1, want 2\n"}; err != nil || !slices.Equal(got.causes, want) {
		t.Errorf("got %q and %v, want %q", got.causes, err, want)
	}
}
