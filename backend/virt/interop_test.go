package virt

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// virsh runs virsh, which must succeed, and gives what it said. A start that lost its
// display's port to another libvirt of this machine is tried again: virsh does not.
func virsh(t testing.TB, c *Conn, args ...string) string {
	t.Helper()
	args = append([]string{"-q", "-c", c.cfg.URI}, args...)
	out, err := exec.Command("virsh", args...).CombinedOutput()
	for range 5 {
		if err == nil || !strings.Contains(string(out), "Failed to find an available port") {
			break
		}
		out, err = exec.Command("virsh", args...).CombinedOutput()
	}
	if err != nil {
		t.Fatalf("virsh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// mustDefine makes a node on an empty base.
func mustDefine(t testing.TB, c *Conn) lab.NodeSpec {
	t.Helper()
	content := labtest.QCOW2(labtest.BaseBytes, labtest.NoFlaw)
	name := lab.BaseVolume("base", "0123456789ab")
	base, err := c.Volume(t.Context(), name)
	if lab.KindOf(err) == lab.KindNotFound {
		base, err = c.Upload(t.Context(), name, int64(len(content)), bytes.NewReader(content))
	}
	if err != nil {
		t.Fatal(err)
	}
	return mustDefineOn(t, c, base)
}

func mustDefineOn(t testing.TB, c *Conn, base lab.Volume) lab.NodeSpec {
	t.Helper()
	spec := labtest.Spec("virt-" + uuid.NewString()[:8])
	spec.Base = base.Name
	overlay, err := c.CreateOverlay(t.Context(), spec.OverlayVolume(1), base.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Define(t.Context(), spec, lab.Disk{Overlay: overlay.Path, Base: base.Path}); err != nil {
		t.Fatal(err)
	}
	return spec
}

func mustDomain(t testing.TB, c *Conn, id string) lab.Domain {
	t.Helper()
	d, err := c.Domain(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustPower(t testing.TB, c *Conn, id string, action lab.PowerAction) {
	t.Helper()
	if err := c.Power(t.Context(), id, action); err != nil {
		t.Fatalf("%s: %v", action, err)
	}
}

// TestVirshShows makes sure that what virsh changes is read back.
func TestVirshShows(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	virsh(t, c, "setvcpus", spec.ID, "3", "--config", "--maximum")
	virsh(t, c, "setvcpus", spec.ID, "2", "--config")
	virsh(t, c, "setmaxmem", spec.ID, "128M", "--config")
	virsh(t, c, "setmem", spec.ID, "96M", "--config")
	virsh(t, c, "domrename", spec.ID, spec.Name+"-renamed")
	spec.VCPUs, spec.MemoryMiB, spec.Name = 2, 96, spec.Name+"-renamed"
	if got := mustDomain(t, c, spec.ID).Spec; !reflect.DeepEqual(got, spec) {
		t.Errorf("got\n%+v, want\n%+v", got, spec)
	}
	mustPower(t, c, spec.ID, lab.PowerStart)
	if xml := virsh(t, c, "dumpxml", spec.ID); !strings.Contains(xml, "<entry name='serial'>"+spec.Name+"</entry>") {
		t.Errorf("the guest is not told its new name:\n%s", xml)
	}
	virsh(t, c, "destroy", spec.ID)
	if got := mustDomain(t, c, spec.ID); got.State != lab.Stopped {
		t.Errorf("got state %s, want it stopped", got.State)
	}
}

// TestVirshHints makes sure that what virsh does is hinted at.
func TestVirshHints(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	hints := make(chan lab.Hint, 1000)
	c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
	for _, args := range [][]string{
		{"start", spec.ID},
		{"suspend", spec.ID},
		{"resume", spec.ID},
		{"setvcpus", spec.ID, "2", "--config", "--maximum"},
		{"setmem", spec.ID, "48M", "--config"},
		{"desc", spec.ID, "--config", "something"},
		{"destroy", spec.ID},
		{"domrename", spec.ID, spec.Name + "-renamed"},
		{"undefine", spec.ID},
	} {
		for len(hints) > 0 {
			<-hints
		}
		virsh(t, c, args...)
		for limit, id := time.After(20*time.Second), ""; id != spec.ID; { // other machines may be at work
			select {
			case h := <-hints:
				id = h.ID
			case <-limit:
				t.Fatalf("%v: no hint", args)
			}
		}
	}
}

// TestForeignStart makes sure that a node started by virsh does not listen
// with the password of the boot before.
func TestForeignStart(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	password := func() string {
		_, after, _ := strings.Cut(virsh(t, c, "dumpxml", "--security-info", spec.ID), "passwd='")
		p, _, _ := strings.Cut(after, "'")
		return p
	}
	mustPower(t, c, spec.ID, lab.PowerStart)
	first := password()
	mustPower(t, c, spec.ID, lab.PowerForceOff)
	mustPower(t, c, spec.ID, lab.PowerStart)
	second := password()
	mustPower(t, c, spec.ID, lab.PowerForceOff)
	if len(first) != 8 || len(second) != 8 || first == second {
		t.Errorf("got passwords %q and %q, want 8 other characters at each boot", first, second)
	}
	virsh(t, c, "start", spec.ID)
	eventually(t, "the password changed", func() bool { return password() != second })
}

// TestClipboardStarts makes sure that QEMU takes the channel, whoever gave it to
// the node, and that it goes again.
func TestClipboardStarts(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	for _, on := range []bool{true, false} {
		spec.Clipboard = on
		if err := c.Define(t.Context(), spec, lab.Disk{}); err != nil {
			t.Fatal(err)
		}
		mustPower(t, c, spec.ID, lab.PowerStart)
		if got := strings.Contains(virsh(t, c, "dumpxml", spec.ID), "<clipboard copypaste='yes'/>"); got != on {
			t.Errorf("the running node has the channel: %v, want %v", got, on)
		}
		mustPower(t, c, spec.ID, lab.PowerForceOff)
	}
	mustRun(t, "virt-xml", "-c", c.cfg.URI, spec.ID, "--add-device", "--channel",
		"qemu-vdagent,source.clipboard.copypaste=yes,target.type=virtio,target.name=com.redhat.spice.0")
	if got := mustDomain(t, c, spec.ID).Spec; !got.Clipboard {
		t.Errorf("got %+v, want the channel that virt-xml added", got)
	}
}

func TestManagedSaveIsDropped(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	virsh(t, c, "managedsave", spec.ID)
	v, err := c.CreateOverlay(t.Context(), spec.OverlayVolume(2), spec.Base, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec.Generation = 2
	if err := c.Define(t.Context(), spec, lab.Disk{Overlay: v.Path, Base: v.Backing}); err != nil {
		t.Fatal(err)
	}
	if got := virsh(t, c, "dominfo", spec.ID); !strings.Contains(got, "Managed save:   no") {
		t.Errorf("it has a managed save of its old disk:\n%s", got)
	}
}

// What was written since a snapshot is in a file of its own; a change of
// anything but the disk must not put the node back on the one before.
func TestSnapshotStays(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	virsh(t, c, "snapshot-create-as", spec.ID, "since", "--disk-only")
	want := mustDomain(t, c, spec.ID).Overlay
	if filepath.Base(want) == spec.OverlayVolume(1) {
		t.Fatalf("the snapshot left the node on %s", want)
	}
	before := virsh(t, c, "domblklist", spec.ID, "--inactive", "--details")
	spec.Notes = "changed"
	if err := c.Define(t.Context(), spec, lab.Disk{}); err != nil {
		t.Fatal(err)
	}
	if got := virsh(t, c, "domblklist", spec.ID, "--inactive", "--details"); got != before {
		t.Errorf("got the disks\n%s, want them as the snapshot left them:\n%s", got, before)
	}
}

func TestForeignDomainsAreLeftAlone(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	other := mustOpen(t) // another pool
	if got, err := other.Domains(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("got %+v, error %v, want none", got, err)
	}
	if err := other.Undefine(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
	mustDomain(t, c, spec.ID)
	overlay := lab.Disk{Overlay: filepath.Join(c.cfg.PoolPath, spec.OverlayVolume(1)), Base: "/base"}
	if err := other.Define(t.Context(), spec, overlay); lab.KindOf(err) != lab.KindExists {
		t.Errorf("got %v, want KindExists", err)
	}
}

// mustSignalQEMU sends a signal to the process of a node.
func mustSignalQEMU(t *testing.T, spec lab.NodeSpec, signal syscall.Signal) {
	t.Helper()
	pid, err := strconv.Atoi(mustRun(t, "pgrep", "-f", "--", "guest="+spec.Name+","))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

func TestCrashIsFailure(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	hints := make(chan lab.Hint, 1000)
	c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
	mustSignalQEMU(t, spec, syscall.SIGKILL)
	for d := mustDomain(t, c, spec.ID); d.State != lab.Failed || d.Problem == nil; d = mustDomain(t, c, spec.ID) {
		select {
		case <-hints:
		case <-time.After(20 * time.Second):
			t.Fatalf("got %+v, want it failed", d)
		}
	}
	mustPower(t, c, spec.ID, lab.PowerStart)
	if d := mustDomain(t, c, spec.ID); d.State != lab.Running || d.Problem != nil {
		t.Errorf("got %+v, want it running", d)
	}
}

func TestConsoles(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	display, err := c.OpenGraphics(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer display.Close()
	greeting := make([]byte, 12)
	if _, err := io.ReadFull(display, greeting); err != nil || string(greeting) != "RFB 003.008\n" {
		t.Errorf("got greeting %q, error %v", greeting, err)
	}
	mime, picture, err := c.Screenshot(t.Context(), spec.ID)
	if err != nil || mime != "image/png" {
		t.Fatalf("got %s, error %v", mime, err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Errorf("%d bytes of picture: %v", len(picture), err)
	}
}

// TestSerial types into the serial port of the firmware; who comes later takes
// it over, and the calls of others are not held up meanwhile.
func TestSerial(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	first, err := c.OpenSerial(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, first)
		ended <- err
	}()
	begin := time.Now()
	for range 20 {
		mustDomain(t, c, spec.ID)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("20 calls took %v while a console was read", took)
	}
	second, err := c.OpenSerial(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the first reader got %v, want the end", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the first reader was not told that it lost the port")
	}
	if _, err := fmt.Fprint(second, "hello"); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a closed port can be read")
	}
}

func TestBaseIsReadOnly(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	mustPower(t, c, spec.ID, lab.PowerForceOff)
	info, err := os.Stat(filepath.Join(c.cfg.PoolPath, spec.Base))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != readOnly {
		t.Errorf("got mode %v, want %v", got, readOnly)
	}
	if got := ownerOf(info); got != os.Geteuid() {
		t.Errorf("libvirt gave the base to user %d", got)
	}
}
