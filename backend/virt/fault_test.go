package virt

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func ownerOf(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// wantProblem checks the kind of an error and that it names cause and remedy.
func wantProblem(t *testing.T, err error, kind lab.Kind, words ...string) {
	t.Helper()
	p := lab.ProblemOf(err)
	if p == nil || p.Kind != kind || p.Hint == "" {
		t.Errorf("got problem %+v, want kind %s with a hint", p, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(p.Message, w) {
			t.Errorf("%q does not say %q", p.Message, w)
		}
	}
}

func TestPoolElsewhere(t *testing.T) {
	c := mustOpen(t)
	if _, err := c.Volumes(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := c.cfg
	cfg.PoolPath = filepath.Join(filepath.Dir(cfg.PoolPath), "elsewhere")
	other := Open(cfg)
	t.Cleanup(func() { mustClose(t, other) })
	_, err := other.Volumes(t.Context())
	wantProblem(t, err, lab.KindUnavailable, c.cfg.PoolPath, cfg.PoolPath)
	if _, err := os.Stat(cfg.PoolPath); !os.IsNotExist(err) {
		t.Errorf("something was made at %s: %v", cfg.PoolPath, err)
	}
}

func TestPoolIsStarted(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	virsh(t, c, "pool-destroy", c.cfg.PoolName)
	if _, err := c.Volume(t.Context(), spec.OverlayVolume(1)); err != nil {
		t.Error(err)
	}
	virsh(t, c, "pool-destroy", c.cfg.PoolName)
	virsh(t, c, "pool-undefine", c.cfg.PoolName)
	if _, err := c.CreateOverlay(t.Context(), spec.OverlayVolume(2), spec.Base, 0); err != nil {
		t.Error(err)
	}
}

func TestPermissionOfPool(t *testing.T) {
	c := mustOpen(t)
	mustDefine(t, c)
	info, err := os.Stat(c.cfg.PoolPath)
	if err != nil {
		t.Fatal(err)
	}
	want := os.FileMode(0o700)
	if c.uri.system {
		want = 0o711
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("got mode %v, want %v", got, want)
	}
}

func TestDiskFull(t *testing.T) {
	needReal(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	dir, err := os.MkdirTemp("", "virt-test-")
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "mount", "-t", "tmpfs", "-o", "size=20m,mode=0711", "tmpfs", dir)
	t.Cleanup(func() { mustRun(t, "umount", dir); mustRemove(t, dir) })
	c := mustOpenAt(t, dir)
	spec := mustDefine(t, c)
	big := lab.BaseVolume("big", "0123456789ab")
	_, err = c.Upload(t.Context(), big, 8<<20, bytes.NewReader(make([]byte, 8<<20)))
	wantProblem(t, err, lab.KindUnavailable, "full", c.cfg.PoolPath)
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateOverlay(t.Context(), spec.OverlayVolume(2), spec.Base, 0)
	wantProblem(t, err, lab.KindUnavailable, "full", c.cfg.PoolPath)
	if got, err := c.Volumes(t.Context()); err != nil || len(got) != 2 {
		t.Errorf("got %+v, error %v, want the base and the first overlay", got, err)
	}
}

func TestBaseGone(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	if err := os.Remove(filepath.Join(c.cfg.PoolPath, spec.Base)); err != nil {
		t.Fatal(err)
	}
	_, err := c.CreateOverlay(t.Context(), spec.OverlayVolume(2), spec.Base, 0)
	if lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want KindNotFound", err)
	}
	if err := c.Power(t.Context(), spec.ID, lab.PowerStart); err == nil { // the service has said why, before it asks for this
		t.Error("it started without its base")
	}
	if err := c.Delete(t.Context(), spec.Base); err != nil {
		t.Errorf("deleting what is gone: %v", err)
	}
}

func TestCopyKeepsContent(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	from := filepath.Join(c.cfg.PoolPath, spec.OverlayVolume(1))
	mustRun(t, "qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 3M", from)
	v, err := c.CopyOverlay(t.Context(), labtest.OverlayName(), spec.OverlayVolume(1))
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", from, v.Path)
	mustRun(t, "qemu-io", "-r", "-f", "qcow2", "-c", "read -P 0x5a 1M 3M", v.Path)
	mustRun(t, "qemu-img", "check", v.Path)
}

// What was removed behind libvirt's back can be made again, and removed.
func TestVolumesThatWereRemoved(t *testing.T) {
	c := mustOpen(t)
	name := labtest.SeedName()
	for range 2 {
		v, err := c.Upload(t.Context(), name, 4, strings.NewReader("seed"))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(v.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != private {
			t.Errorf("got mode %v of a seed, want %v", got, private)
		}
		if err := os.Remove(v.Path); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Delete(t.Context(), name); err != nil {
		t.Error(err)
	}
}

// libvirt, which reads the pool in the background too, may find that a volume went just as it is
// to be deleted.
func TestVolumeThatGoesMeanwhile(t *testing.T) {
	c := mustOpen(t)
	v, err := c.Upload(t.Context(), labtest.SeedName(), 4, strings.NewReader("seed"))
	if err != nil {
		t.Fatal(err)
	}
	err = c.with(t.Context(), "delete the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			handle, err := c.lookup(t.Context(), p, v.Name)
			if err != nil {
				return err
			}
			defer free(handle)
			return errors.Join(os.Remove(v.Path), refresh(t.Context(), p), erase(handle))
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// libvirt does not read the pool while it makes a volume; whoever has to wait for that is not refused.
func TestVolumeIsSoughtWhileOthersAreMade(t *testing.T) {
	c := mustOpen(t)
	base := mustDefine(t, c).Base
	ctx, end := context.WithCancel(t.Context())
	made := make(chan error, 1)
	go func() {
		var err error
		for ctx.Err() == nil && err == nil {
			_, err = c.CreateOverlay(t.Context(), labtest.OverlayName(), base, 0)
		}
		made <- err
	}()
	for range 10 {
		if err := c.Delete(t.Context(), labtest.OverlayName()); err != nil {
			t.Error(err)
			break
		}
	}
	end()
	if err := <-made; err != nil {
		t.Error(err)
	}
}

// What has a volume's name and is none must not hide the volumes, nor be waited for.
func TestNoVolumesAreLeftOut(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	folder, pipe := spec.OverlayVolume(2), spec.OverlayVolume(3)
	if err := os.Mkdir(filepath.Join(c.cfg.PoolPath, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(c.cfg.PoolPath, pipe), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := c.Volumes(t.Context())
	if err != nil || len(all) != 2 {
		t.Errorf("got %+v, error %v, want the base and the overlay", all, err)
	}
	if _, err := c.Volume(t.Context(), pipe); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("a pipe: got %v, want KindNotFound", err)
	}
}

// TestWithoutDirectory makes sure that libvirt's own account of the volumes,
// which serves when their files can not be read, is the same as ours, and is
// so from the moment they are made.
func TestWithoutDirectory(t *testing.T) {
	c := mustOpen(t)
	driver := c.uri.driver
	c.uri.driver = "elsewhere"
	content := labtest.QCOW2(labtest.BaseBytes, labtest.NoFlaw)
	uploaded, err := c.Upload(t.Context(), lab.BaseVolume("elsewhere", "0123456789ab"), int64(len(content)), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	mustDefineOn(t, c, uploaded)
	there, err := c.Volumes(t.Context())
	c.uri.driver = driver
	if err != nil || len(there) != 2 {
		t.Fatalf("got %+v, error %v, want 2 volumes", there, err)
	}
	for _, got := range append(there, uploaded) {
		want, err := c.Volume(t.Context(), got.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !got.ModTime.Equal(want.ModTime) {
			t.Errorf("%s: got time %v, want %v", got.Name, got.ModTime, want.ModTime)
		}
		got.ModTime = want.ModTime
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// TestDaemonDies kills the user's own libvirtd and waits for the connection to
// mend itself; the nodes go on.
func TestDaemonDies(t *testing.T) {
	needReal(t)
	if os.Geteuid() == 0 {
		t.Log("the system's libvirt is not ours to kill: TestAsUser runs this with a user's own")
		return
	}
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	hints := make(chan lab.Hint, 1000)
	c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
	<-hints
	mustKillDaemon(t, os.Getenv("XDG_RUNTIME_DIR"))
	begin := time.Now()
	if l := awaitLink(t, hints); l.Connected || l.Problem == nil || l.Problem.Hint == "" {
		t.Errorf("got link %+v, want it lost, with a problem", l)
	}
	t.Logf("noticed after %v", time.Since(begin))
	_, err := c.Domain(t.Context(), spec.ID)
	wantProblem(t, err, lab.KindUnavailable, "libvirt")
	for l := awaitLink(t, hints); !l.Connected; l = awaitLink(t, hints) {
		t.Logf("attempt %d failed: %s", l.Attempts, l.Problem.Message)
	}
	t.Logf("connected after %v", time.Since(begin))
	if d := mustDomain(t, c, spec.ID); d.State != lab.Running {
		t.Errorf("got state %s, want it running", d.State)
	}
}

// TestDaemonHangs stops the user's own libvirtd in its tracks: who waits for its
// answer is told that the connection is lost, and it mends itself.
func TestDaemonHangs(t *testing.T) {
	needReal(t)
	if os.Geteuid() == 0 {
		t.Log("the system's libvirt is not ours to stop: TestAsUser runs this with a user's own")
		return
	}
	c := mustOpen(t)
	spec := mustDefine(t, c)
	hints := make(chan lab.Hint, 1000)
	c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
	<-hints
	time.Sleep(2 * time.Second) // longer than between two questions whether it is there, which rest meanwhile
	mustSignalDaemon(t, os.Getenv("XDG_RUNTIME_DIR"), syscall.SIGSTOP)
	begin := time.Now()
	_, err := c.Domain(t.Context(), spec.ID)
	mustSignalDaemon(t, os.Getenv("XDG_RUNTIME_DIR"), syscall.SIGCONT)
	wantProblem(t, err, lab.KindUnavailable, "lost")
	t.Logf("noticed after %v", time.Since(begin))
	for l := awaitLink(t, hints); !l.Connected; l = awaitLink(t, hints) {
		t.Logf("attempt %d failed: %s", l.Attempts, l.Problem.Message)
	}
	mustDomain(t, c, spec.ID)
}

func mustKillDaemon(t *testing.T, runtime string) {
	t.Helper()
	mustSignalDaemon(t, runtime, syscall.SIGKILL)
}

func mustSignalDaemon(t *testing.T, runtime string, signal syscall.Signal) {
	t.Helper()
	pid, err := daemonPID(runtime)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

func awaitLink(t *testing.T, hints <-chan lab.Hint) *lab.Link {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case h := <-hints:
			if h.Link != nil {
				return h.Link
			}
		case <-limit:
			t.Fatal("no hint about the connection")
		}
	}
}

func TestNoLibvirt(t *testing.T) {
	needReal(t)
	c := Open(Config{URI: "qemu+unix:///system?socket=/nowhere/libvirt-sock", PoolName: "none", PoolPath: "/nowhere"})
	t.Cleanup(func() { mustClose(t, c) })
	hints := make(chan lab.Hint, 10)
	c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
	if l := awaitLink(t, hints); l.Connected || l.Problem == nil {
		t.Errorf("got link %+v, want none, with a problem", l)
	}
	_, err := c.Domains(t.Context())
	wantProblem(t, err, lab.KindUnavailable)
	wantProblem(t, c.Connect(t.Context()), lab.KindUnavailable)
}
