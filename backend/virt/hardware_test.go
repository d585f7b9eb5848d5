package virt

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

func exampleSpec() lab.NodeSpec {
	return lab.NodeSpec{
		ID: "0b0e8a52-0c42-4b4b-9f0e-5d1d3a3c7a11", Name: "web-1", Image: "tiny", Base: "tiny.0123456789ab.qcow2",
		VCPUs: 2, MemoryMiB: 512, MAC: "52:54:00:12:34:56", Keymap: "de", Generation: 3,
		Notes: "a <note> & \"more\"", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func exampleDisk(dir string) lab.Disk {
	spec := exampleSpec()
	return lab.Disk{Overlay: filepath.Join(dir, spec.OverlayVolume(spec.Generation)), Base: filepath.Join(dir, spec.Base)}
}

func mustNewDomain(t testing.TB, kvm bool) *libvirtxml.Domain {
	t.Helper()
	d, err := newDomain(machine{KVM: kvm}, site{pool: "sandboxlabs", sockets: "/var/lib/libvirt/qemu/channel/target"}, exampleSpec(), exampleDisk("/pool"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustMarshal(t testing.TB, d *libvirtxml.Domain) string {
	t.Helper()
	text, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDomainXML(t *testing.T) {
	shared := mustNewDomain(t, false)
	setClipboard(shared, true)
	seeded, spec := mustNewDomain(t, false), exampleSpec()
	setSeed(seeded, spec.ID, "/pool/"+spec.SeedVolume(3))
	for name, d := range map[string]*libvirtxml.Domain{
		"kvm": mustNewDomain(t, true), "tcg": mustNewDomain(t, false), "clipboard": shared, "seed": seeded, "install": mustInstaller(t),
	} {
		got := mustMarshal(t, d)
		golden := filepath.Join("testdata", name+".xml")
		if *update {
			if err := os.WriteFile(golden, []byte(got+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got+"\n" != string(want) {
			t.Errorf("%s differs from %s (run with -update and see git diff):\n%s", name, golden, got)
		}
	}
}

// mustInstaller is a node that is installed from a medium, with all that it may have.
func mustInstaller(t testing.TB) *libvirtxml.Domain {
	t.Helper()
	spec, disk := exampleSpec(), exampleDisk("/pool")
	spec.Base, disk.Base, spec.DiskBytes = "", "", 20<<30
	spec.Medium, spec.Firmware, spec.TPM = exampleMedium, lab.FirmwareUEFI, true
	d, err := newDomain(machine{}, site{pool: "sandboxlabs", folder: "/pool", system: true}, spec, disk)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const exampleMedium = "debian.0123456789ab.iso"

// TestMedium makes sure that only the drive's own media go in and out of it.
func TestMedium(t *testing.T) {
	at := site{folder: "/pool"}
	d := mustNewDomain(t, false)
	d.Devices.Disks = append(d.Devices.Disks, libvirtxml.DomainDisk{Device: "cdrom", Target: &libvirtxml.DomainDiskTarget{Dev: "sda", Bus: "sata"}})
	without := mustMarshal(t, d)
	setMedium(d, at, "")
	if got := mustMarshal(t, d); got != without {
		t.Errorf("got\n%s\nwant no drive for nothing", got)
	}
	setMedium(d, at, exampleMedium)
	drive := &d.Devices.Disks[2]
	if drive.Target.Dev != "sdb" || drive.Source.File.File != "/pool/"+exampleMedium || len(d.OS.BootDevices) != 2 {
		t.Errorf("got %+v, want it beside the other's drive", drive)
	}
	drive.Source = file("/theirs.iso")
	setMedium(d, at, "")
	if drive.Source == nil {
		t.Error("the medium that another program has put in was taken out")
	}
	setMedium(d, at, exampleMedium)
	setMedium(d, at, "")
	if drive.Source != nil {
		t.Errorf("got %+v in the drive, want nothing", drive.Source)
	}
}

// TestFirmwareOfOthers makes sure that what somebody chose for a domain stays.
func TestFirmwareOfOthers(t *testing.T) {
	spec := exampleSpec()
	spec.Firmware, spec.TPM = lab.FirmwareUEFI, true
	d := mustInstaller(t)
	d.OS.FirmwareInfo, d.OS.NVRam.Template = nil, "/vars.fd"
	d.Devices.TPMs[0].Model = "tpm-tis"
	if err := applySpec(d, site{folder: "/pool"}, spec, lab.Disk{Overlay: "/pool/" + spec.OverlayVolume(4)}); err != nil {
		t.Fatal(err)
	}
	want := libvirtxml.DomainNVRam{NVRam: "/pool/" + spec.ID + ".4.nvram", Template: "/vars.fd"}
	if *d.OS.NVRam != want || d.OS.FirmwareInfo != nil || len(d.Devices.TPMs) != 1 || d.Devices.TPMs[0].Model != "tpm-tis" {
		t.Errorf("got %+v, %+v, want their choice with the variables %+v", d.OS, d.Devices.TPMs, want)
	}
	for file, want := range map[string]bool{
		"/pool/" + spec.ID + ".4.nvram": true, "/pool/" + spec.ID + ".4.fd": false,
		"/var/lib/libvirt/qemu/nvram/web-1_VARS.fd": false, "": false,
	} {
		if got := ownVariables(file, spec.ID); got != want {
			t.Errorf("%s: got %t, want %t", file, got, want)
		}
	}
}

func TestDomainXMLIsValid(t *testing.T) {
	needReal(t)
	for _, name := range []string{"kvm", "tcg", "clipboard", "seed", "install"} {
		mustRun(t, "virt-xml-validate", filepath.Join("testdata", name+".xml"), "domain")
	}
}

// TestClipboard makes sure that the channel comes once, goes, and is left as
// others made it.
func TestClipboard(t *testing.T) {
	d := mustNewDomain(t, false)
	without := mustMarshal(t, d)
	for range 2 {
		setClipboard(d, true)
	}
	if got := len(d.Devices.Channels); got != 2 {
		t.Errorf("got %d channels, want the agent's and the clipboard's", got)
	}
	d.Devices.Channels[1].Target.VirtIO.Name = "another"
	theirs := mustMarshal(t, d)
	setClipboard(d, true)
	if got := mustMarshal(t, d); got != theirs {
		t.Errorf("got\n%s\nwant it left as it was:\n%s", got, theirs)
	}
	setClipboard(d, false)
	if got := mustMarshal(t, d); got != without {
		t.Errorf("got\n%s\nwant no trace of it:\n%s", got, without)
	}
}

// TestSeed makes sure that a node has one seed at most, of the right generation,
// and that disks of others stay.
func TestSeed(t *testing.T) {
	d, spec := mustNewDomain(t, false), exampleSpec()
	without := mustMarshal(t, d)
	theirs := seed("/theirs/0b0e8a52-0c42-4b4b-9f0e-5d1d3a3c7a12.1.seed.iso")
	disk := exampleDisk("/pool")
	for n := range 3 {
		disk.Seed = "/pool/" + spec.SeedVolume(n+1)
		setDisk(d, spec.ID, disk)
		if got := len(d.Devices.Disks); got != 2 || d.Devices.Disks[1].Source.File.File != disk.Seed || d.Devices.Disks[1].ReadOnly == nil {
			t.Fatalf("got %d disks, the last %+v, want the node's own and %s", got, d.Devices.Disks[1], disk.Seed)
		}
	}
	d.Devices.Disks = append(d.Devices.Disks, theirs)
	setDisk(d, spec.ID, exampleDisk("/pool"))
	if got := len(d.Devices.Disks); got != 2 || d.Devices.Disks[1].Source.File.File != theirs.Source.File.File {
		t.Fatalf("got %d disks, want the node's own and %s", got, theirs.Source.File.File)
	}
	d.Devices.Disks = d.Devices.Disks[:1]
	if got := mustMarshal(t, d); got != without {
		t.Errorf("got\n%s\nwant no trace of it:\n%s", got, without)
	}
}

// TestEditKeepsForeign brings a definition as libvirt writes it, with additions
// of others, to another spec: only the lines that tell the spec may differ.
func TestEditKeepsForeign(t *testing.T) {
	before, err := os.ReadFile("testdata/foreign.xml")
	if err != nil {
		t.Fatal(err)
	}
	var d libvirtxml.Domain
	if err := d.Unmarshal(string(before)); err != nil {
		t.Fatal(err)
	}
	original := mustMarshal(t, &d)
	spec := exampleSpec()
	spec.VCPUs, spec.MemoryMiB, spec.Notes = 4, 1024, "other"
	if err := applySpec(&d, site{pool: "sandboxlabs"}, spec, exampleDisk("/elsewhere")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, "testdata/foreign.diff", diff(t, original, mustMarshal(t, &d)))
}

// TestRoundTrip makes sure that libvirtxml knows every element and attribute
// that libvirt wrote into the example.
func TestRoundTrip(t *testing.T) {
	before, err := os.ReadFile("testdata/foreign.xml")
	if err != nil {
		t.Fatal(err)
	}
	var d libvirtxml.Domain
	if err := d.Unmarshal(string(before)); err != nil {
		t.Fatal(err)
	}
	got, want := names(t, mustMarshal(t, &d)), names(t, string(before))
	for name, n := range want {
		if got[name] < n {
			t.Errorf("of %d times %s %d are left", n, name, got[name])
		}
	}
}

func wantFile(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (run with -update and see git diff):\n%s", golden, got)
	}
}

// diff gives the lines that differ, as diff(1) does.
func diff(t *testing.T, before, after string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"before": before, "after": after} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	cmd := exec.Command("diff", "before", "after")
	cmd.Dir, cmd.Stdout = dir, &out
	if err := cmd.Run(); err == nil || out.Len() == 0 {
		t.Fatalf("no difference, error %v", err)
	}
	return strings.TrimSpace(out.String()) + "\n"
}

func TestAgentFits(t *testing.T) {
	long := "/home/somebody.with.a.long.name/.config/libvirt/qemu/channel/target"
	for name, want := range map[string]bool{"a": true, "a-name-of-twenty-letters": false} {
		if got := agentFits(site{sockets: long}, name); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		if !agentFits(site{sockets: "/var/lib/libvirt/qemu/channel/target"}, name) {
			t.Errorf("%s does not fit the system's directory", name)
		}
	}
	d := mustNewDomain(t, false)
	d.Name = "a-name-of-twenty-letters"
	followName(d, site{sockets: long})
	if len(d.Devices.Channels) != 0 {
		t.Error("the channel is still there")
	}
}

// TestUntilControllers makes sure that nothing is cut off that is read.
func TestUntilControllers(t *testing.T) {
	for _, file := range []string{"testdata/foreign.xml", "testdata/kvm.xml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err1 := parseDefinition(string(text))
		short := untilControllers(string(text))
		got, err2 := parseDefinition(short)
		if err1 != nil || err2 != nil || len(short) > len(text)*3/4 {
			t.Fatalf("%s: %d of %d bytes left, errors %v, %v", file, len(short), len(text), err1, err2)
		}
		if len(got.Graphics) != 0 {
			t.Errorf("%s: got a display, want it cut off", file)
		}
		want.Graphics = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}
