package virt

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// mirrored begins to copy a node's disk, has wait wait for something, and leaves it there as a
// process does that dies.
func mirrored(t *testing.T, c *Conn, id, volume string, wait func(*mirror) error) error {
	t.Helper()
	return c.with(t.Context(), "copy the node's disk", func(s *session) error {
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
			return wait(m)
		})
	})
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
	if err := mirrored(t, c, spec.ID, copied, func(m *mirror) error { return m.ready(t.Context()) }); err != nil {
		t.Fatal(err)
	}
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

// A copy that libvirt only begins for a process that died is waited for: whoever deleted its file
// before would have QEMU write into a file that nobody sees.
func TestCopyThatBegins(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	for n := range 10 {
		copied := spec.OverlayVolume(spec.Generation + 1 + n)
		begun := make(chan error, 1)
		go func() { begun <- mirrored(t, c, spec.ID, copied, func(*mirror) error { return nil }) }()
		eventually(t, "the file of the copy is there", func() bool {
			_, err := os.Stat(filepath.Join(c.cfg.PoolPath, copied))
			return err == nil
		})
		if err := c.EndCopy(t.Context(), spec.ID, copied); err != nil {
			t.Fatal(err)
		}
		if err := <-begun; err != nil {
			t.Error(err)
		}
		if copies(t, c, spec.ID) {
			t.Fatalf("try %d: it is copied, want that to have ended", n)
		}
		if err := c.Delete(t.Context(), copied); err != nil {
			t.Error(err)
		}
	}
}

// What is no copy any more ends although QEMU answers nothing.
func TestEndOfNoCopyAsksNotQEMU(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	mustSignalQEMU(t, spec, syscall.SIGSTOP)
	defer mustSignalQEMU(t, spec, syscall.SIGCONT)
	if err := c.EndCopy(t.Context(), spec.ID, spec.OverlayVolume(spec.Generation+1)); err != nil {
		t.Error(err)
	}
}

// A node that stops while it is copied is told, and leaves no copy.
func TestCopyOfANodeThatStops(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	copied := spec.OverlayVolume(spec.Generation + 1)
	err := mirrored(t, c, spec.ID, copied, func(m *mirror) error {
		if err := m.ready(t.Context()); err != nil {
			return err
		}
		mustPower(t, c, spec.ID, lab.PowerForceOff)
		return m.ready(t.Context())
	})
	if kind := lab.KindOf(err); kind != lab.KindBusy && kind != lab.KindUnavailable {
		t.Errorf("got %v, want that the node stopped", err)
	}
	if err := c.EndCopy(t.Context(), spec.ID, copied); err != nil {
		t.Error(err)
	}
}
