package virt

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// The tests of this file need libvirt and QEMU. As root they use the system's
// libvirt, as anybody else the user's own; TestAsUser runs them a second time
// as an ordinary user when they were started by root.

func needReal(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs libvirt; run without -short")
	}
}

// mustOpen gives a connection with an empty pool of its own, which is removed
// after the test with every domain that was made.
func mustOpen(t testing.TB) *Conn {
	t.Helper()
	needReal(t)
	dir, err := os.MkdirTemp("", "virt-test-") // t.TempDir is closed to other users, QEMU's too
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustRemove(t, dir) })
	return mustOpenAt(t, dir)
}

func mustClose(t testing.TB, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func mustRemove(t testing.TB, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

func mustOpenAt(t testing.TB, dir string) *Conn {
	t.Helper()
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	c := Open(Config{
		URI:      ownURI(),
		PoolName: "virt-test-" + uuid.NewString()[:8], PoolPath: filepath.Join(dir, "pool"),
	})
	t.Cleanup(func() { mustCleanUp(t, c) })
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// ownURI is the system's libvirt for root, and their own for everybody else.
func ownURI() string {
	if os.Geteuid() == 0 {
		return "qemu:///system"
	}
	return "qemu:///session"
}

func mustCleanUp(t testing.TB, c *Conn) {
	t.Helper()
	err := errors.Join(removeDomains(c), c.with(context.Background(), "remove the pool", removePool(c.cfg.PoolName)), c.Close())
	if err != nil {
		t.Errorf("cleaning up: %v", err)
	}
}

func removeDomains(c *Conn) error {
	ctx := context.Background() // the test's is over
	domains, err := c.Domains(ctx)
	for _, d := range domains {
		err = errors.Join(err, c.Power(ctx, d.Spec.ID, lab.PowerForceOff), c.Undefine(ctx, d.Spec.ID))
	}
	return err
}

func removePool(name string) func(s *session) error {
	return func(s *session) error {
		p, err := s.LookupStoragePoolByName(name)
		if errors.Is(err, libvirt.ERR_NO_STORAGE_POOL) {
			return nil
		}
		if err != nil {
			return err
		}
		defer free(p)
		if active, _ := p.IsActive(); active {
			err = p.Destroy()
		}
		return errors.Join(err, p.Undefine())
	}
}

func TestHypervisor(t *testing.T) {
	labtest.HypervisorSuite(t, func(t *testing.T) (lab.Hypervisor, lab.Pool) {
		c := mustOpen(t)
		if os.Geteuid() == 0 {
			return c, c // the system's libvirt is not ours to kill; TestAsUser runs this with a user's own
		}
		return losable{c}, c
	})
}

// losable is the user's own libvirt, which the suite can take away.
type losable struct{ *Conn }

// Lose kills the daemon and keeps another from being started until back is called.
func (losable) Lose(t *testing.T) (back func()) {
	t.Helper()
	runtime := os.Getenv("XDG_RUNTIME_DIR")
	allow := func(mode os.FileMode) {
		if err := os.Chmod(filepath.Join(runtime, "libvirt"), mode); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { allow(0o700) })
	allow(0o500)
	mustKillDaemon(t, runtime)
	return func() { allow(0o700) }
}

// TestHypervisorOfTestDriver runs the suite on libvirt's own mock, whose domains
// exist in this process alone. Its disks are names only.
func TestHypervisorOfTestDriver(t *testing.T) {
	needReal(t)
	labtest.HypervisorSuite(t, func(t *testing.T) (lab.Hypervisor, lab.Pool) {
		c := Open(Config{URI: "test:///default", PoolName: "default-pool", PoolPath: "/default-pool"})
		t.Cleanup(func() {
			if err := errors.Join(removeDomains(c), c.Close()); err != nil {
				t.Errorf("cleaning up: %v", err)
			}
		})
		return testDriver{c}, labtest.NewWorld().Pool
	})
}

// testDriver adds what the mock leaves out: it gives displays no port.
type testDriver struct{ *Conn }

func (d testDriver) Domain(ctx context.Context, id string) (lab.Domain, error) {
	domain, err := d.Conn.Domain(ctx, id)
	if !domain.State.Active() {
		return domain, err
	}
	domain.VNC = mockDisplay()
	err = errors.Join(err, d.withActive(ctx, id, "look for a drive", func(_ *session, handle *libvirt.Domain) error {
		live, err := readXML(handle, 0)
		if live.drive() != nil { // what is in it never changes
			domain.Inserted = domain.Spec.Medium
		}
		return err
	}))
	return domain, err
}

// Display has the password of the mock's own definition.
func (d testDriver) Display(ctx context.Context, id string) (vnc *lab.VNC, password string, err error) {
	err = d.withActive(ctx, id, "read where the display is", func(_ *session, domain *libvirt.Domain) error {
		text, err := domain.GetXMLDesc(libvirt.DOMAIN_XML_SECURE)
		vnc, password = mockDisplay(), text[strings.Index(text, "passwd='"):][len("passwd='"):][:8]
		return err
	})
	return vnc, password, err
}

func mockDisplay() *lab.VNC { return &lab.VNC{Host: "127.0.0.1", Port: 5900} }

func TestCopier(t *testing.T) {
	labtest.CopierSuite(t, func(t *testing.T) (labtest.CopyingHypervisor, lab.Pool) {
		c := mustOpen(t)
		return c, c
	})
}

func TestPool(t *testing.T) {
	labtest.PoolSuite(t, func(t *testing.T) lab.Pool { return mustOpen(t) })
	labtest.PlacerSuite(t, func(t *testing.T) labtest.PlacingPool { return mustOpen(t) })
}

// TestPoolIsMadeOnce has two processes look for a pool that is not there yet, at
// many places at once, as they do at the first start of all.
func TestPoolIsMadeOnce(t *testing.T) {
	c := mustOpen(t)
	other := Open(c.cfg)
	t.Cleanup(func() { mustClose(t, other) })
	if err := other.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	var looking sync.WaitGroup
	for range 6 {
		for _, c := range []*Conn{c, other} {
			looking.Go(func() {
				if _, err := c.Volumes(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	looking.Wait()
}

// eventually waits for ok, which events elsewhere bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come about that %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
