package toolkit

import "testing"

// TestLoad finds all that is listed, in the libraries of this computer.
func TestLoad(t *testing.T) {
	if err := Load(); err != nil {
		t.Error(err)
	}
}
