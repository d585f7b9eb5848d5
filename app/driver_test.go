package app

import (
	"os"
	"testing"
)

// TestSpareDriver: WebKit is told, what the person has set stays, and nothing is left to
// what is started later.
func TestSpareDriver(t *testing.T) {
	const own, set = "GDK_GL", "always"
	for name := range sparing {
		t.Setenv(name, "") // restored afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(own, set)
	end := spareDriver()
	for name, want := range sparing {
		if name == own {
			want = set
		}
		if got := os.Getenv(name); got != want {
			t.Errorf("WebKit is told %s=%q, not %q", name, got, want)
		}
	}
	end()
	end() // the page is loaded again
	for name := range sparing {
		if got, there := os.LookupEnv(name); there != (name == own) {
			t.Errorf("%s=%q is passed on, or what the person has set is not", name, got)
		}
	}
}
