package images

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// mustRunIn runs a command in a folder.
func mustRunIn(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// mustRaw makes a raw disk: a partition table, something written, and much nothing.
func mustRaw(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	content := make([]byte, 16*mib)
	rand.Read(content[4*mib : 6*mib])
	copy(content[510:], "\x55\xaa")
	mustWrite(t, filepath.Join(dir, "disk.raw"), string(content))
	return dir
}

// mustEqual wants an image to hold what the raw disk does.
func mustEqual(t *testing.T, w *labtest.World, volume, rawDisk string) {
	t.Helper()
	content, err := w.Pool.Download(t.Context(), volume)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "qemu-img", "compare", "-f", qcow2, "-F", raw, mustFile(t, "got.qcow2", got), rawDisk)
}

func TestEveryFormatIsConverted(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	disk := filepath.Join(dir, "disk.raw")
	for _, tt := range []struct{ file, format, options string }{
		{"sparse.vmdk", vmdk, "subformat=monolithicSparse"},
		{"stream.vmdk", vmdk, "subformat=streamOptimized"},
		{"flat.vmdk", vmdk, "subformat=monolithicFlat"},
		{"parts.vmdk", vmdk, "subformat=twoGbMaxExtentSparse"},
		{"flatparts.vmdk", vmdk, "subformat=twoGbMaxExtentFlat"},
		{"disk.vdi", vdi, "static=off"},
		{"static.vdi", vdi, "static=on"},
		{"growing.vhd", vhd, "subformat=dynamic,force_size=on"},
		{"fixed.vhd", vhd, "subformat=fixed,force_size=on"},
		{"disk.vhdx", vhdx, "subformat=dynamic"},
	} {
		mustRunIn(t, dir, "qemu-img", "convert", "-f", raw, "-O", tt.format, "-o", tt.options, "disk.raw", tt.file)
		l, w := newLibrary(t)
		path := filepath.Join(dir, tt.file)
		probe, err := l.Probe(t.Context(), path)
		if err != nil || probe.Format != tt.format || probe.VirtualBytes != 16*mib || probe.Name != strings.TrimSuffix(tt.file, filepath.Ext(tt.file)) {
			t.Errorf("%s: got %+v, %v, want %s of 16 MiB", tt.file, probe, err, tt.format)
		}
		image := mustAdd(t, l, "disk", path)
		if image.Origin.Format != tt.format || image.VirtualBytes != 16*mib {
			t.Errorf("%s: got %+v, want 16 MiB from %s", tt.file, image, tt.format)
		}
		mustEqual(t, w, image.Volume, disk)
	}
}

func TestRawIsConvertedWithProgress(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	for _, compress := range []bool{false, true} {
		l, w := newLibrary(t)
		var converting []lab.Step
		in := lab.Addition{Name: "disk", Path: filepath.Join(dir, "disk.raw"), Compress: compress, Defaults: &lab.Defaults{VCPUs: 2}}
		image, err := l.Add(t.Context(), in, func(i lab.Image) {
			if i.Step != nil && i.Step.Name == lab.StepConverting {
				converting = append(converting, *i.Step)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(converting); n < 3 || converting[n-1].Total != 16*mib || converting[n-1].Done < 15*mib {
			t.Errorf("compressed %v: got %+v, want progress up to 16 MiB", compress, converting)
		}
		if image.Defaults.VCPUs != 2 || image.Bytes > 4*mib {
			t.Errorf("compressed %v: got %+v, want 2 vCPUs and nothing of what is empty", compress, image)
		}
		mustEqual(t, w, image.Volume, filepath.Join(dir, "disk.raw"))
	}
}

func TestApplianceBringsItsHardware(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	mustRunIn(t, dir, "qemu-img", "convert", "-f", raw, "-O", vmdk, "-o", "subformat=streamOptimized", "disk.raw", "disk.vmdk")
	stream, err := os.ReadFile(filepath.Join(dir, "disk.vmdk"))
	if err != nil {
		t.Fatal(err)
	}
	text := ovfText("disk.vmdk", "", "byte * 2^20", 1)
	mustWrite(t, filepath.Join(dir, "vm.ova"), string(tarOf(t, [2]string{"vm.ovf", text}, [2]string{"disk.vmdk", string(stream)})))
	mustWrite(t, filepath.Join(dir, "vm.ovf"), text)
	want := lab.Defaults{VCPUs: 2, MemoryMiB: 192, Firmware: lab.FirmwareUEFI}
	for _, file := range []string{"vm.ova", "vm.ovf"} {
		l, w := newLibrary(t)
		probe, err := l.Probe(t.Context(), filepath.Join(dir, file))
		if err != nil || probe.Defaults != want {
			t.Errorf("%s: got %+v, %v, want its hardware", file, probe, err)
		}
		image := mustAdd(t, l, "vm", filepath.Join(dir, file))
		if image.Defaults != want || image.Origin.Format != vmdk {
			t.Errorf("%s: got %+v, want its hardware and vmdk", file, image)
		}
		mustEqual(t, w, image.Volume, filepath.Join(dir, "disk.raw"))
	}
}

func TestPackedIsUnpacked(t *testing.T) {
	needsQEMUImg(t)
	for _, tt := range []struct {
		file string
		pack []string
	}{
		{"disk.raw.gz", []string{"gzip", "-k", "disk.raw"}},
		{"disk.raw.xz", []string{"xz", "-k", "-1", "disk.raw"}},
		{"disk.raw.zst", []string{"zstd", "-q", "disk.raw"}},
		{"disk.raw.bz2", []string{"bzip2", "-k", "-1", "disk.raw"}},
		{"disk.raw.gz.xz", []string{"sh", "-c", "gzip -k disk.raw && xz -k disk.raw.gz"}},
	} {
		dir := mustRaw(t)
		mustRunIn(t, dir, tt.pack[0], tt.pack[1:]...)
		l, w := newLibrary(t)
		image := mustAdd(t, l, lab.SuggestName(tt.file), filepath.Join(dir, tt.file))
		if image.Name != "disk" || image.Origin.Format != raw {
			t.Errorf("%s: got %+v, want disk, from raw", tt.file, image)
		}
		mustEqual(t, w, image.Volume, filepath.Join(dir, "disk.raw"))
	}
}

// TestBombFindsNoRoom packs zeros by the hundred: what is unpacked of them ends
// where the room does.
func TestBombFindsNoRoom(t *testing.T) {
	needsQEMUImg(t)
	dir := t.TempDir()
	mustRunIn(t, dir, "sh", "-c", "head -c 200M /dev/zero | xz -1 >bomb.xz; head -c 200M /dev/zero | zstd -q >bomb.zst; head -c 200M /dev/zero | gzip >bomb.gz")
	for _, file := range []string{"bomb.xz", "bomb.zst", "bomb.gz"} {
		l, w := newLibrary(t)
		l.free = func(string) (int64, error) { return reserveBytes + 20*mib, nil }
		_, err := l.Add(t.Context(), lab.Addition{Name: "bomb", Path: filepath.Join(dir, file)}, nil)
		if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Message, "no room") || p.Hint == "" {
			t.Errorf("%s: got %+v, want to be told that there is no room", file, p)
		}
		mustBeEmpty(t, l, w)
		mustBeUnstaged(t, l)
	}
}

func TestConversionFindsNoRoom(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	l, w := newLibrary(t)
	l.free = func(string) (int64, error) { return reserveBytes + mib, nil }
	_, err := l.Add(t.Context(), lab.Addition{Name: "disk", Path: filepath.Join(dir, "disk.raw")}, nil)
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Message+err.Error(), "room") {
		t.Errorf("got %+v, want to be told that there is no room", p)
	}
	mustBeEmpty(t, l, w)
	mustBeUnstaged(t, l)
}

func TestCancelledConversionLeavesNothing(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	mustRunIn(t, dir, "xz", "-k", "-1", "disk.raw")
	for _, step := range []lab.StepName{lab.StepConverting, lab.StepUnpacking, lab.StepCopying} {
		l, w := newLibrary(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := l.Add(ctx, lab.Addition{Name: "disk", Path: filepath.Join(dir, "disk.raw.xz")}, func(i lab.Image) {
			if i.Step != nil && i.Step.Name == step {
				cancel()
			}
		})
		cancel()
		mustBeKind(t, err, lab.KindUnavailable)
		mustBeEmpty(t, l, w)
		mustBeUnstaged(t, l)
	}
}

// mustBeUnstaged wants nothing to be left of an addition.
func mustBeUnstaged(t *testing.T, l *Library) {
	t.Helper()
	if left, err := os.ReadDir(filepath.Join(l.dir, ".staging")); len(left) > 0 || err != nil {
		t.Errorf("got %v, %v in the stage, want nothing", left, err)
	}
}

func TestDamagedDisksAreRefused(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	mustRunIn(t, dir, "sh", "-c", `
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw cut.vmdk && truncate -s 1M cut.vmdk
qemu-img convert -f raw -O vhdx disk.raw cut.vhdx && truncate -s 2M cut.vhdx
xz -k -1 disk.raw && mv disk.raw.xz cut.xz && truncate -s 500K cut.xz
gzip -k disk.raw && mv disk.raw.gz cut.gz && truncate -s 500K cut.gz
head -c 512 disk.raw >small.raw && printf 'QFI\373\0\0\0\3' | dd of=small.raw conv=notrunc status=none`)
	for _, file := range []string{"cut.vmdk", "cut.vhdx", "cut.xz", "cut.gz", "small.raw"} {
		l, w := newLibrary(t)
		_, err := l.Add(t.Context(), lab.Addition{Name: "bad", Path: filepath.Join(dir, file)}, nil)
		if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindInvalid || p.Hint == "" {
			t.Errorf("%s: got %+v, want it refused, with a remedy", file, p)
		}
		mustBeEmpty(t, l, w)
		mustBeUnstaged(t, l)
	}
}

func TestMeterReadsWhatQEMUPrints(t *testing.T) {
	var got []float64
	m := &meter{at: func(part float64) { got = append(got, part) }}
	for _, text := range []string{"    (0.00/100%)\r    (12.", "50/100%)\r", "nonsense\n    (100.00/100%)\r\n", strings.Repeat("x", 1000), "    (-3/1000%)\r"} {
		if n, err := io.Copy(m, strings.NewReader(text)); n != int64(len(text)) || err != nil {
			t.Fatal(n, err)
		}
	}
	want := []float64{0, 0.125, 1}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInterruptedAdditionIsTold(t *testing.T) {
	l, w := newLibrary(t)
	in := lab.Addition{Name: "dead", Path: "/somewhere/disk.raw"}
	s, err := l.newStage(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s.path(diskFile), "half of it")
	l = newProcess(w, l.dir)
	got, err := l.Interrupted(t.Context())
	if err != nil || len(got) != 1 || got[0].Addition.Name != "dead" || got[0].Addition.Path != in.Path || got[0].Resumed {
		t.Errorf("got %+v, %v, want the one that died, not to be gone on with", got, err)
	}
	mustBeUnstaged(t, l)
	if got, err := l.Interrupted(t.Context()); len(got) > 0 || err != nil {
		t.Errorf("got %+v, %v, want it told once", got, err)
	}
}

func TestLivingAdditionIsNotInterrupted(t *testing.T) {
	l, w := newLibrary(t)
	other, told := newProcess(w, l.dir), false
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, func(lab.Image) {
		told = true
		if got, err := other.Interrupted(t.Context()); len(got) > 0 || err != nil {
			t.Errorf("got %+v, %v, want the living left alone", got, err)
		}
	})
	if err != nil || !told {
		t.Errorf("got %v, told %v, want it added", err, told)
	}
}
