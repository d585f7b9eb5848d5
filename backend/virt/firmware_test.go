package virt

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// stateOfTPM is where libvirt keeps what the TPM of a domain holds.
func stateOfTPM(t *testing.T, c *Conn, id string) string {
	t.Helper()
	if c.uri.system {
		return filepath.Join("/var/lib/libvirt/swtpm", id)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "libvirt", "qemu", "swtpm", id)
}

func wantThere(t *testing.T, want bool, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) == want {
			t.Errorf("%s: %v, want it there: %t", path, err, want)
		}
	}
}

// TestFirmwareFollowsTheOverlay boots a node by UEFI with a TPM: the variables go
// with the generation of its disk, the TPM is as new with each.
func TestFirmwareFollowsTheOverlay(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	overlay := func(n int) lab.Disk {
		v, err := c.Volume(t.Context(), spec.OverlayVolume(n))
		if lab.KindOf(err) == lab.KindNotFound {
			v, err = c.CreateOverlay(t.Context(), spec.OverlayVolume(n), spec.Base, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		return lab.Disk{Overlay: v.Path, Base: v.Backing}
	}
	define := func(n int) {
		t.Helper()
		spec.Generation, spec.Firmware, spec.TPM = n, lab.FirmwareUEFI, true
		if err := c.Define(t.Context(), spec, overlay(n)); err != nil {
			t.Fatal(err)
		}
	}
	run := func() {
		t.Helper()
		if err := errors.Join(c.Power(t.Context(), spec.ID, lab.PowerStart), c.Power(t.Context(), spec.ID, lab.PowerForceOff)); err != nil {
			t.Fatal(err)
		}
	}
	vars := func(n int) string { return variablesOf(overlay(n).Overlay) }
	tpm := stateOfTPM(t, c, spec.ID)

	define(1)
	mustAutostart(t, c, spec.ID)
	run()
	wantThere(t, true, vars(1), tpm)
	define(2)
	wantThere(t, false, vars(2), tpm)
	if !mustAutostart(t, c, spec.ID) {
		t.Error("the domain is no longer started with the host, want what others chose kept")
	}
	run()
	wantThere(t, true, vars(1), vars(2), tpm)
	mustCopyVariables(t, c, spec.OverlayVolume(2), vars(2))

	if err := errors.Join(c.Undefine(t.Context(), spec.ID), c.Delete(t.Context(), spec.OverlayVolume(1))); err != nil {
		t.Fatal(err)
	}
	wantThere(t, false, filepath.Join(c.cfg.PoolPath, spec.OverlayVolume(1)), filepath.Join(c.cfg.PoolPath, variablesOf(spec.OverlayVolume(1))), tpm)
	wantThere(t, true, vars(2))
}

// mustAutostart makes a domain start with its host, and reports whether it did already.
func mustAutostart(t *testing.T, c *Conn, id string) (was bool) {
	t.Helper()
	err := c.with(t.Context(), "set the autostart", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) (err error) {
			if was, err = d.GetAutostart(); err != nil {
				return err
			}
			return d.SetAutostart(true)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return was
}

// mustCopyVariables checks that a copy of an overlay has its variables.
func mustCopyVariables(t *testing.T, c *Conn, from, vars string) {
	t.Helper()
	copied, err := c.CopyOverlay(t.Context(), labtest.OverlayName(), from)
	if err != nil {
		t.Fatal(err)
	}
	want, err1 := os.ReadFile(vars)
	got, err2 := os.ReadFile(variablesOf(copied.Path))
	if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes of variables, errors %v, %v, want the %d of the other", len(got), err1, err2, len(want))
	}
}
