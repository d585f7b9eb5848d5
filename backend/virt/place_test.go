package virt

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Whoever asks where to make volumes tries it. What one left who was killed over it goes, and
// many may ask at once.
func TestStagingLeavesNothing(t *testing.T) {
	c := mustOpen(t)
	dir, err := c.Staging(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{dir, c.cfg.PoolPath} {
		if err := os.WriteFile(filepath.Join(folder, probeFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var asked sync.WaitGroup
	for range 50 {
		asked.Go(func() {
			if _, err := c.Staging(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	asked.Wait()
	for _, folder := range []string{dir, c.cfg.PoolPath} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Error(err)
		}
		for _, e := range entries {
			if strings.Contains(e.Name(), "probe") {
				t.Errorf("%s is left in %s", e.Name(), folder)
			}
		}
	}
}
