//go:build amd64 || arm64

package app

import (
	"debug/elf"
	"errors"
	"slices"
	"strings"
	"testing"
)

// glibc is what a command may load before it begins.
var glibc = []string{"libc", "libm", "libdl", "libpthread", "libresolv"}

// TestNoToolkitIsLinked looks at this very test, which has all of the window in it. What glibc
// defines has a version; what has none is to be toolkit's.
func TestNoToolkitIsLinked(t *testing.T) {
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := program.ImportedLibraries()
	symbols, symbolsErr := program.DynamicSymbols()
	if err := errors.Join(err, symbolsErr, program.Close()); err != nil {
		t.Fatal(err)
	}
	for _, library := range libraries {
		if name, _, _ := strings.Cut(library, "."); !slices.Contains(glibc, name) {
			t.Errorf("%s is linked: every command waits for it", library)
		}
	}
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF && elf.ST_BIND(s.Info) == elf.STB_GLOBAL && s.Version == "" {
			t.Errorf("%s is not in app/toolkit/symbols.h: make symbols", s.Name)
		}
	}
}
