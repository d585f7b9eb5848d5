package store

import (
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func TestConformance(t *testing.T) {
	labtest.StoreSuite(t, func(t *testing.T) lab.Store {
		return New(t.TempDir()+"/nodes", t.TempDir()+"/locks")
	})
}
