package images

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// ovfText describes a machine with disks, after DSP0243 as VMware's and
// VirtualBox's tools write it.
func ovfText(href, compression, memoryUnits string, disks int) string {
	var files, list, items strings.Builder
	for i := range disks {
		name := href
		if i > 0 {
			name = fmt.Sprintf("more-%d.vmdk", i)
		}
		fmt.Fprintf(&files, `<File ovf:id="file%d" ovf:href=%q ovf:compression=%q/>`, i, name, compression)
		fmt.Fprintf(&list, `<Disk ovf:diskId="vmdisk%d" ovf:fileRef="file%d" ovf:capacity="1"/>`, i, i)
		fmt.Fprintf(&items, `<Item><rasd:HostResource>ovf:/disk/vmdisk%d</rasd:HostResource><rasd:ResourceType>17</rasd:ResourceType></Item>`, i)
	}
	return fmt.Sprintf(`<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf">
 <References>%s</References>
 <DiskSection><Info>disks</Info>%s</DiskSection>
 <VirtualSystem ovf:id="vm"><Info>machine</Info><Name>appliance</Name>
  <VirtualHardwareSection>
   <Item><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
   <Item><rasd:ResourceType>4</rasd:ResourceType><rasd:AllocationUnits>%s</rasd:AllocationUnits><rasd:VirtualQuantity>192</rasd:VirtualQuantity></Item>
   %s
   <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
  </VirtualHardwareSection>
 </VirtualSystem>
</Envelope>`, files.String(), list.String(), memoryUnits, items.String())
}

func tarOf(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f[0], Size: int64(len(f[1])), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOVAIsReadInPlace(t *testing.T) {
	disk := string(sparse(8, described("streamOptimized", "ffffffff", `RW 8 SPARSE "disk.vmdk"`)))
	content := tarOf(t, [2]string{"vm.ovf", ovfText("disk.vmdk", "", "byte * 2^20", 2)}, [2]string{"vm.mf", "x"}, [2]string{"disk.vmdk", disk})
	a, at, err := readOVA(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(content[at.offset : at.offset+at.size]); got != disk {
		t.Errorf("got %d bytes at %d, want the disk", len(got), at.offset)
	}
	want := lab.Defaults{VCPUs: 2, MemoryMiB: 192, Firmware: lab.FirmwareUEFI}
	if a.defaults != want || a.name != "appliance" || len(a.notes()) != 1 {
		t.Errorf("got %+v with notes %v, want the hardware %+v and one note", a, a.notes(), want)
	}
}

func TestMemoryOfAnAppliance(t *testing.T) {
	for units, want := range map[string]int{
		"byte * 2^20": 192, "MegaBytes": 192, "byte * 2^30": 192 << 10, "GigaBytes": 192 << 10, "byte": 0, "byte * 2^10": 0,
	} {
		a, err := readOVF(strings.NewReader(ovfText("d.vmdk", "", units, 1)))
		if err != nil || a.defaults.MemoryMiB != want {
			t.Errorf("192 %s: got %d MiB, %v, want %d", units, a.defaults.MemoryMiB, err, want)
		}
	}
}

func TestApplianceThatIsNone(t *testing.T) {
	snapshot := string(sparse(8, described("monolithicSparse", "0a1b2c3d", `RW 8 SPARSE "d"`)))
	for _, tt := range []struct {
		what, says string
		content    []byte
	}{
		{"without a description", "no description", tarOf(t, [2]string{"disk.vmdk", "KDMV"})},
		{"with a broken description", "damaged", tarOf(t, [2]string{"vm.ovf", "<Envelope>"})},
		{"without a disk", "without a disk", tarOf(t, [2]string{"vm.ovf", ovfText("d", "", "byte", 0)})},
		{"without the file of its disk", "is missing", tarOf(t, [2]string{"vm.ovf", ovfText("d.vmdk", "", "byte", 1)})},
		{"with a disk elsewhere", "not beside its description", tarOf(t, [2]string{"vm.ovf", ovfText("../../etc/shadow", "", "byte", 1)})},
		{"with a disk at an address", "not beside its description", tarOf(t, [2]string{"vm.ovf", ovfText("https://example.org/d.vmdk", "", "byte", 1)})},
		{"with a disk that is none", "no format known here", tarOf(t, [2]string{"vm.ovf", ovfText("d.vmdk", "", "byte", 1)}, [2]string{"d.vmdk", "hello"})},
		{"with a snapshot", "stands on another disk", tarOf(t, [2]string{"vm.ovf", ovfText("d.vmdk", "", "byte", 1)}, [2]string{"d.vmdk", snapshot})},
		{"cut short", "damaged", tarOf(t, [2]string{"vm.ovf", ovfText("d.vmdk", "", "byte", 1)})[:700]},
	} {
		mustRefuse(t, tt.what, mustFile(t, "bad.img", tt.content), tt.says)
	}
}
