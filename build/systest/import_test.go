package systest

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sandboxlabs/backend/lab"
)

// formats are the files people have, each with how it is made of the tiny guest's
// disk, and the profile in which it is added and booted: a profile makes a difference
// to where an image goes, and none to what it is made of.
var formats = []struct {
	file, profile string
	make          string // a shell command in the folder of tiny.raw
}{
	{"growing.vhd", session, "qemu-img convert -O vpc -o subformat=dynamic,force_size=on tiny.raw growing.vhd"},
	{"fixed.vhd", session, "qemu-img convert -O vpc -o subformat=fixed,force_size=on tiny.raw fixed.vhd"},
	{"sparse.vmdk", session, "qemu-img convert -O vmdk -o subformat=monolithicSparse tiny.raw sparse.vmdk"},
	{"packed.raw.xz", session, "xz -1 -c tiny.raw >packed.raw.xz"},
	{"disk.vdi", system, "qemu-img convert -O vdi tiny.raw disk.vdi"},
	{"other.vhdx", system, "qemu-img convert -O vhdx tiny.raw other.vhdx"},
	{"parts.vmdk", system, "qemu-img convert -O vmdk -o subformat=twoGbMaxExtentSparse tiny.raw parts.vmdk"},
	{"appliance.ova", system, "true"}, // mustAppliance makes it
}

// appliance describes a machine as an OVF does (DMTF DSP0243): two processors,
// 192 MiB, and a disk.
const appliance = `<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
 <References><File ovf:id="file1" ovf:href="disk.vmdk"/></References>
 <DiskSection><Info>disks</Info><Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="268435456"/></DiskSection>
 <VirtualSystem ovf:id="vm"><Info>machine</Info><Name>appliance</Name><VirtualHardwareSection><Info>hardware</Info>
  <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
  <Item><rasd:ResourceType>4</rasd:ResourceType><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:VirtualQuantity>192</rasd:VirtualQuantity></Item>
  <Item><rasd:ResourceType>17</rasd:ResourceType><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource></Item>
 </VirtualHardwareSection></VirtualSystem>
</Envelope>`

// mustAppliance packs an OVF and its disk as virtual machines are passed on.
func mustAppliance(t *testing.T, w *world, dir string) {
	t.Helper()
	w.must(t, "qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", w.site.image, filepath.Join(dir, "disk.vmdk"))
	disk, err := os.ReadFile(filepath.Join(dir, "disk.vmdk"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(t.TempDir(), "ova")
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(file)
	for _, part := range []struct{ name, content string }{{"vm.ovf", appliance}, {"disk.vmdk", string(disk)}} {
		h := tar.Header{Name: part.name, Size: int64(len(part.content)), Mode: 0o644, Typeflag: tar.TypeReg}
		if err := archive.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, part.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), file.Chmod(0o644), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file.Name(), filepath.Join(dir, "appliance.ova")); err != nil {
		t.Fatal(err)
	}
}

// TestImport makes images of every format, half of them in each profile, compares
// each with the tiny guest's disk, and boots them to their shells.
func TestImport(t *testing.T) {
	inEachProfile(t, func(t *testing.T, w *world) {
		dir := w.path("files")
		w.must(t, "mkdir", "-m", "0777", dir)
		w.must(t, "qemu-img", "convert", "-O", "raw", w.site.image, filepath.Join(dir, "tiny.raw"))
		if w.profile == system {
			mustAppliance(t, w, dir)
		}
		var booting []string
		awaitBoots := func() {
			for _, node := range booting {
				mustGuest(t, w, node)
				w.program(t, "node", "off", node)
			}
			booting = nil
		}
		for _, f := range formats {
			if f.profile != w.profile {
				continue
			}
			w.must(t, "sh", "-c", fmt.Sprintf("cd %s && %s", dir, f.make))
			name := lab.SuggestName(f.file)
			w.program(t, "image", "add", filepath.Join(dir, f.file))
			image := imageOf(t, w, name)
			w.must(t, "qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", image.Path, w.site.image)
			w.must(t, "find", dir, "-name", f.file, "-delete")
			node := w.node(name)
			w.program(t, "node", "create", node, "--image", name, "--start")
			if booting = append(booting, node); len(booting) == 2 { // emulated, more at once only take longer
				awaitBoots()
			}
		}
		awaitBoots()
		if w.profile == system {
			if got := imageOf(t, w, "appliance").Defaults; got.VCPUs != 2 || got.MemoryMiB != 192 {
				t.Errorf("got %+v, want the hardware of the appliance", got)
			}
		}
		checkWhole(t, w)
		if left := w.must(t, "find", w.path(poolDir)+".incoming", "-mindepth", "1"); left != "" {
			t.Errorf("got %q left of the additions, want nothing", left)
		}
	})
}

func imageOf(t *testing.T, w *world, name string) lab.Image {
	t.Helper()
	for _, i := range mustDecode[[]lab.Image](t, w.program(t, "image", "ls", "--json")) {
		if i.Name == name {
			return i
		}
	}
	t.Fatalf("there is no image %s", name)
	return lab.Image{}
}
