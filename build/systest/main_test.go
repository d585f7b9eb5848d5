package systest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// here is what the tests of this run share.
var here *site

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) (code int) {
	s, err := newSite()
	defer func() {
		if err := s.close(); err != nil {
			fmt.Fprintln(os.Stderr, "systest: clean up:", err)
			code = 1
		}
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "systest:", err)
		return 1
	}
	here = s
	return m.Run()
}

// inEachProfile runs a test in a world of each profile.
func inEachProfile(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	in(t, profiles, test)
}

// in runs a test in the profiles that are named: in one alone where both go the same
// way, and another test has gone it in each.
func in(t *testing.T, profiles []string, test func(*testing.T, *world)) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs libvirt; run without -short")
	}
	t.Parallel()
	for _, p := range profiles {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			test(t, mustWorld(t, p))
		})
	}
}

func mustWorld(t *testing.T, profile string) *world {
	t.Helper()
	w, err := newWorld(here, profile)
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}
