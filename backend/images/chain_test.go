package images

import (
	"os"
	"path/filepath"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// TestNodesDiskIsFlattened makes an image of an overlay, alone and on a base. The
// fake pool's files can not be opened in place, as those of the system's pool can
// not by a member of its group: they are fetched.
func TestNodesDiskIsFlattened(t *testing.T) {
	needsQEMUImg(t)
	dir := mustRaw(t)
	l, w := newLibrary(t)
	base := mustAdd(t, l, "base", filepath.Join(dir, "disk.raw"))
	mustRunIn(t, dir, "qemu-img", "create", "-q", "-f", qcow2, "-b", filepath.Join(dir, "disk.raw"), "-F", raw, "disk.qcow2", "32M")
	mustRunIn(t, dir, "qemu-io", "-f", qcow2, "-c", "write -P 0x5a 20M 1M", "-c", "write -P 0x5b 4M 64k", "disk.qcow2")
	mustRunIn(t, dir, "qemu-img", "convert", "-f", qcow2, "-O", raw, "disk.qcow2", "want.raw")
	// What the overlay itself calls its base is not asked.
	mustRunIn(t, dir, "qemu-img", "rebase", "-u", "-f", qcow2, "-b", "/nowhere.qcow2", "-F", qcow2, "disk.qcow2")
	mustRunIn(t, dir, "qemu-img", "convert", "-f", raw, "-O", qcow2, "want.raw", "alone.qcow2")

	for _, tt := range []struct{ file, base string }{{"disk.qcow2", base.Volume}, {"alone.qcow2", ""}} {
		content, err := os.ReadFile(filepath.Join(dir, tt.file))
		if err != nil {
			t.Fatal(err)
		}
		overlay := labtest.OverlayName()
		if _, err := w.Pool.CreateOverlay(t.Context(), overlay, tt.base, 32*mib); err != nil {
			t.Fatal(err)
		}
		w.Pool.Write(overlay, string(content))
		in := lab.Addition{
			Name: lab.SuggestName(tt.file), Disk: &lab.Chain{Overlay: overlay, Base: tt.base}, Compress: tt.base == "",
			Origin: lab.Origin{Kind: lab.OriginNode, Of: "web", Base: "base"}, Defaults: &lab.Defaults{MemoryMiB: 64},
		}
		image, err := l.Add(t.Context(), in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if image.Origin != in.Origin || image.Defaults.MemoryMiB != 64 || image.VirtualBytes != 32*mib {
			t.Errorf("got %+v, want 32 MiB with the origin %+v", image, in.Origin)
		}
		mustEqual(t, w, image.Volume, filepath.Join(dir, "want.raw"))
		left, err := filepath.Glob(filepath.Join(l.dir, ".staging", "*"))
		if len(left) > 0 || err != nil {
			t.Errorf("got %v left in the stage, %v, want nothing", left, err)
		}
	}
}
