package images

import (
	"archive/tar"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"sandboxlabs/backend/lab"
)

// envelope is what is read of an OVF description (DMTF DSP0243). The namespaces
// differ between its versions and makers, the local names do not.
type envelope struct {
	Files []struct {
		ID          string `xml:"id,attr"`
		Href        string `xml:"href,attr"`
		Compression string `xml:"compression,attr"`
	} `xml:"References>File"`
	Disks []struct {
		ID   string `xml:"diskId,attr"`
		File string `xml:"fileRef,attr"`
	} `xml:"DiskSection>Disk"`
	Systems []system `xml:"VirtualSystem"`
	Many    []system `xml:"VirtualSystemCollection>VirtualSystem"`
}

type system struct {
	Name  string `xml:"Name"`
	Items []struct {
		Kind     int    `xml:"ResourceType"`
		Quantity int64  `xml:"VirtualQuantity"`
		Units    string `xml:"AllocationUnits"`
		Host     string `xml:"HostResource"`
	} `xml:"VirtualHardwareSection>Item"`
	Config []struct {
		Key   string `xml:"key,attr"`
		Value string `xml:"value,attr"`
	} `xml:"VirtualHardwareSection>Config"`
}

// The kinds of hardware that are read (CIM_ResourceAllocationSettingData).
const (
	ovfProcessor = 3
	ovfMemory    = 4
	ovfDisk      = 17
)

// appliance is what an OVF description says of its machine.
type appliance struct {
	name     string
	disk     string // name of the file of its first disk
	packing  string // of that file
	disks    int
	defaults lab.Defaults
}

// maxOVF is far above any description.
const maxOVF = 8 << 20

func readOVF(r io.Reader) (a appliance, err error) {
	var e envelope
	if err := xml.NewDecoder(io.LimitReader(r, maxOVF)).Decode(&e); err != nil {
		return a, lab.Errorf(lab.KindInvalid, "its description (OVF) is damaged").WithCause(err).WithHint(fetch)
	}
	systems := append(e.Systems, e.Many...)
	if len(systems) != 1 {
		return a, lab.Errorf(lab.KindInvalid, "it describes %d machines, not one", len(systems)).WithHint("Unpack it, and add the disks one by one.")
	}
	s := systems[0]
	a.name, a.defaults = s.Name, s.defaults()
	var file string
	if file, a.disks = e.disk(s); file == "" {
		return a, lab.Errorf(lab.KindInvalid, "it describes a machine without a disk").WithHint("Choose another file.")
	}
	for _, f := range e.Files {
		if f.ID == file {
			a.disk, a.packing = f.Href, f.Compression
		}
	}
	if a.disk == "" || a.disk != path.Base(a.disk) || a.disk == ".." {
		return a, lab.Errorf(lab.KindInvalid, "its disk is %q, which is not beside its description", a.disk).WithHint("Take no disk from whoever gave you this one.")
	}
	return a, nil
}

// disk gives the file of the first disk that the machine has, and how many it has.
func (e envelope) disk(s system) (file string, disks int) {
	files := map[string]string{}
	for _, d := range e.Disks {
		files[d.ID] = d.File
	}
	for _, item := range s.Items {
		if item.Kind != ovfDisk {
			continue
		}
		disks++
		if f := files[path.Base(item.Host)]; f != "" && file == "" {
			file = f
		}
	}
	if disks == 0 && len(e.Disks) > 0 {
		return e.Disks[0].File, len(e.Disks)
	}
	return file, disks
}

func (s system) defaults() (d lab.Defaults) {
	for _, item := range s.Items {
		switch item.Kind {
		case ovfProcessor:
			d.VCPUs = int(min(max(item.Quantity, 0), lab.MaxVCPUs))
		case ovfMemory:
			d.MemoryMiB = mebibytes(item.Quantity, item.Units)
		}
	}
	for _, c := range s.Config {
		if c.Key == "firmware" && c.Value == "efi" {
			d.Firmware = lab.FirmwareUEFI
		}
	}
	return d
}

// mebibytes reads a quantity of units such as "byte * 2^20", or the older
// "MegaBytes". What it can not be is 0, for which there is a default.
func mebibytes(quantity int64, units string) int {
	var mib int64
	switch units = strings.ToLower(strings.ReplaceAll(units, " ", "")); units {
	case "byte", "bytes":
		mib = quantity >> 20
	case "byte*2^10", "kilobytes":
		mib = quantity >> 10
	case "byte*2^30", "gigabytes":
		mib = min(quantity, lab.MaxMemoryMiB) << 10
	default:
		mib = quantity
	}
	if mib < lab.MinMemoryMiB || mib > lab.MaxMemoryMiB {
		return 0
	}
	return int(mib)
}

// notes are what a person should know of it.
func (a appliance) notes() []string {
	if a.disks < 2 {
		return nil
	}
	return []string{fmt.Sprintf("It has %d disks; only the first, %s, is taken.", a.disks, a.disk)}
}

// section is a file within a file.
type section struct{ offset, size int64 }

// readOVA reads the description in an OVA and finds its disk there: a tar has
// it as it is, so that it need not be taken out.
func readOVA(f io.ReaderAt, size int64) (a appliance, disk section, err error) {
	at := map[string]section{}
	file := io.NewSectionReader(f, 0, size)
	archive := tar.NewReader(file)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return a, disk, lab.Errorf(lab.KindInvalid, "it is cut short, or no archive of the kind OVA").WithCause(err).WithHint(fetch)
		}
		offset, err := file.Seek(0, io.SeekCurrent) // the archive's reader reads no further than it must
		if err != nil {
			return a, disk, err
		}
		at[path.Clean(h.Name)] = section{offset, h.Size}
		if a.disk == "" && h.Typeflag == tar.TypeReg && strings.EqualFold(path.Ext(h.Name), ".ovf") {
			if a, err = readOVF(archive); err != nil {
				return a, disk, err
			}
		}
	}
	disk, ok := at[a.disk]
	switch {
	case a.disk == "":
		err = lab.Errorf(lab.KindInvalid, "there is no description (OVF) in this archive").WithHint("Unpack it, and add the disk in it.")
	case !ok || disk.offset+disk.size > size:
		err = lab.Errorf(lab.KindInvalid, "its disk %s is missing", a.disk).WithHint(fetch)
	}
	return a, disk, err
}
