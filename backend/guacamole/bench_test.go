package guacamole

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// benchRegistry opens a registry on a PostgreSQL that writes to the disk as a
// person's own does.
func benchRegistry(b *testing.B) lab.Registry {
	b.Helper()
	d, err := stand.NewDatabase(filepath.Join(b.TempDir(), "pg"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() }) // nothing of it is wanted
	d.Durable = true
	if err := d.Stop(); err != nil {
		b.Fatal(err)
	}
	if err := d.Start(); err != nil {
		b.Fatal(err)
	}
	schema, err := d.NewGateway("1.6")
	if err != nil {
		b.Fatal(err)
	}
	r, err := New(nil).Open(b.Context(), lab.GatewayAccess{URL: "http://127.0.0.1:1/guacamole", DSN: schema.Ours, Owner: "bench"}, func(error) {})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close(b.Context()) }) // its token never was
	return r
}

func benchConnection(i int) lab.Connection {
	return lab.Connection{
		ID: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)).String(), Name: fmt.Sprintf("n%d", i),
		VNC: &lab.VNC{Host: "127.0.0.1", Port: 5900}, Password: "abcdefgh",
	}
}

// BenchmarkRegister registers one node after the other; each then changes its
// port, as at a start.
func BenchmarkRegister(b *testing.B) {
	r := benchRegistry(b)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		c := benchConnection(i % 100)
		c.VNC.Port += i
		begun := time.Now()
		if err := r.Register(b.Context(), c); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(took[(len(took)-1)*p/100].Seconds()*1e3, fmt.Sprintf("ms-p%d", p))
	}
}

// BenchmarkHundred registers a hundred new nodes at once.
func BenchmarkHundred(b *testing.B) {
	r := benchRegistry(b)
	for i := 0; b.Loop(); i++ {
		var all sync.WaitGroup
		for j := range 100 {
			all.Go(func() {
				if err := r.Register(b.Context(), benchConnection(1000*i+j)); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
	}
}
