package virt

import (
	"os"
	"path/filepath"
	"testing"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// mustMirror begins to copy a node's disk, and leaves it there as a process does
// that dies.
func mustMirror(t *testing.T, c *Conn, id, volume string) {
	t.Helper()
	err := c.with(t.Context(), "copy the node's disk", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			disk, err := c.liveDisk(d)
			if err != nil {
				return err
			}
			m, err := c.mirror(t.Context(), s, d, disk, volume)
			if err != nil {
				return err
			}
			defer m.forget()
			return m.ready(t.Context())
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copies reports whether QEMU copies the node's disk.
func copies(t *testing.T, c *Conn, id string) (under bool) {
	t.Helper()
	err := c.with(t.Context(), "look at the node", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			disk, err := c.liveDisk(d)
			under = disk != nil && disk.Mirror != nil
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return under
}

// What a copy has left whose process died, or whose libvirt died too, is ended, and
// the node goes on on its own disk.
func TestCopyThatWasLeft(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	own := mustDomain(t, c, spec.ID).Overlay
	copied := spec.OverlayVolume(spec.Generation + 1)
	mustMirror(t, c, spec.ID, copied)
	if os.Geteuid() != 0 { // the system's libvirt is not ours to kill; TestAsUser runs this with a user's own
		mustKillDaemon(t, os.Getenv("XDG_RUNTIME_DIR"))
		eventually(t, "libvirt is back", func() bool {
			_, err := c.Domain(t.Context(), spec.ID)
			return err == nil
		})
	}
	if !copies(t, c, spec.ID) {
		t.Error("nothing is copied any more, want what goes on without us")
	}
	for _, other := range []string{spec.OverlayVolume(7), copied, copied} {
		if err := c.EndCopy(t.Context(), spec.ID, other); err != nil {
			t.Fatal(err)
		}
		if got, want := copies(t, c, spec.ID), other != copied; got != want {
			t.Errorf("after the end of the copy to %s: copied %t, want %t", other, got, want)
		}
	}
	if err := c.Delete(t.Context(), copied); err != nil {
		t.Error(err)
	}
	wantThere(t, false, filepath.Join(c.cfg.PoolPath, copied))
	if d := mustDomain(t, c, spec.ID); d.State != lab.Running || d.Overlay != own {
		t.Errorf("got %s on %s, want it to run on %s", d.State, d.Overlay, own)
	}
}

// A node that stops while it is copied is told, and leaves no copy.
func TestCopyOfANodeThatStops(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	copied := spec.OverlayVolume(spec.Generation + 1)
	err := c.with(t.Context(), "copy the node's disk", func(s *session) error {
		return s.withDomain(spec.ID, func(d *libvirt.Domain) error {
			disk, err := c.liveDisk(d)
			if err != nil {
				return err
			}
			m, err := c.mirror(t.Context(), s, d, disk, copied)
			if err != nil {
				return err
			}
			defer m.forget()
			if err := m.ready(t.Context()); err != nil {
				return err
			}
			mustPower(t, c, spec.ID, lab.PowerForceOff)
			return m.ready(t.Context())
		})
	})
	if kind := lab.KindOf(err); kind != lab.KindBusy && kind != lab.KindUnavailable {
		t.Errorf("got %v, want that the node stopped", err)
	}
	if err := c.EndCopy(t.Context(), spec.ID, copied); err != nil {
		t.Error(err)
	}
}
