package images

import (
	"bytes"
	"encoding/binary"
	"io"

	"sandboxlabs/backend/lab"
)

// The formats, by the names qemu-img has for them; the last two are no disks.
const (
	qcow2 = "qcow2"
	raw   = "raw"
	vmdk  = "vmdk"
	vdi   = "vdi"
	vhd   = "vpc"
	vhdx  = "vhdx"
	iso   = "iso"
	ova   = "ova" // a tar with an OVF description and its disks
	ovf   = "ovf" // the description, with its disks beside it
)

// The packings, by their usual extensions.
const (
	asGzip  = "gz"
	asXZ    = "xz"
	asZstd  = "zst"
	asBzip2 = "bz2"
	none    = ""
)

// packed maps what a packed file begins with.
var packed = map[string]string{
	"\x1f\x8b":           asGzip,
	"\xfd7zXZ\x00":       asXZ,
	"\x28\xb5\x2f\xfd":   asZstd,
	"BZh":                asBzip2,
	"PK\x03\x04":         "zip",
	"7z\xbc\xaf\x27\x1c": "7z",
	"Rar!\x1a\x07":       "rar",
	"\x04\x22\x4d\x18":   "lz4",
	"\x1f\x9d":           "Z",
	"LZIP":               "lz",
	"!<arch>\n":          "ar",
	"\xed\xab\xee\xdb":   "rpm",
}

// begins maps what a disk begins with.
var begins = map[string]string{
	magic:                     qcow2,
	"KDMV":                    vmdk,
	"COWD":                    vmdk,
	"# Disk DescriptorFile":   vmdk,
	"vhdxfile":                vhdx,
	"conectix":                vhd, // the copy of its footer that a growing one begins with
	"LUKS\xba\xbe":            luks,
	"QED\x00":                 "qed",
	"OOOS":                    "parallels",
	"WithoutFreeSpace":        "parallels",
	"WithouFreSpacExt":        "parallels",
	"\x08\x40\x00\x00DMG\x00": "dmg",
}

const luks = "luks"

// looked is how much of a file's beginning is looked at: a volume descriptor of
// ISO 9660 is at 32 KiB.
const looked = 64 << 10

// detect tells by a file's content how it is packed, if it is, or else its format.
// Extensions say little: half of the publishers name their qcow2 files .img.
func detect(f io.ReaderAt, size int64) (packing, format string, err error) {
	head := make([]byte, min(size, looked))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", "", err
	}
	if p := longest(packed, head); p != none {
		return p, "", nil
	}
	if format = longest(begins, head); format != "" {
		return none, format, nil
	}
	for _, look := range []func([]byte) string{asVDI, asTar, asOVF, asISO} {
		if format = look(head); format != "" {
			return none, format, nil
		}
	}
	if fixed, err := endsAsVHD(f, size); fixed || err != nil {
		return none, vhd, err
	}
	return none, asRaw(head), nil
}

// longest gives the value of the longest key that head begins with.
func longest(of map[string]string, head []byte) (value string) {
	length := 0
	for key, v := range of {
		if len(key) > length && bytes.HasPrefix(head, []byte(key)) {
			value, length = v, len(key)
		}
	}
	return value
}

// has reports whether text is at an offset of b.
func has(b []byte, offset int, text string) bool {
	return len(b) >= offset+len(text) && string(b[offset:offset+len(text)]) == text
}

// asVDI: the signature after 64 bytes of text (VirtualBox, VDICore.h).
func asVDI(head []byte) string {
	if has(head, 0x40, "\x7f\x10\xda\xbe") {
		return vdi
	}
	return ""
}

// asTar: an archive (POSIX ustar) is taken for an OVA.
func asTar(head []byte) string {
	if has(head, 257, "ustar") {
		return ova
	}
	return ""
}

func asOVF(head []byte) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	beginning := text[:min(len(text), 4<<10)]
	if bytes.HasPrefix(text, []byte("<")) && bytes.Contains(beginning, []byte("Envelope")) {
		return ovf
	}
	return ""
}

// sector is the size of a sector of ISO 9660.
const sector = 2 << 10

// asISO: the first volume descriptor (ECMA-119, 8.1). An ISO that boots from a
// stick too begins with a partition table besides.
func asISO(head []byte) string {
	if has(head, 16*sector+1, "CD001") {
		return iso
	}
	return ""
}

// boots reports whether one of an ISO's volume descriptors is a boot record (El
// Torito 1.0, figure 7), without which no firmware starts it.
func boots(f io.ReaderAt, size int64) bool {
	at := make([]byte, sector)
	for n := int64(16); n < 32 && (n+1)*sector <= size; n++ {
		if _, err := f.ReadAt(at, n*sector); err != nil || !has(at, 1, "CD001") || at[0] == 255 {
			return false
		}
		if at[0] == 0 && has(at, 7, "EL TORITO SPECIFICATION") {
			return true
		}
	}
	return false
}

const footerSize = 512

// endsAsVHD: a disk of fixed size has its footer behind the content (Microsoft,
// Virtual Hard Disk Image Format Specification).
func endsAsVHD(f io.ReaderAt, size int64) (bool, error) {
	if size < footerSize {
		return false, nil
	}
	footer := make([]byte, footerSize)
	if _, err := f.ReadAt(footer, size-footerSize); err != nil && err != io.EOF {
		return false, err
	}
	return has(footer, 0, "conectix"), nil
}

// asRaw: a partition table or a file system is what an unformatted disk image
// can be told by; a text or a picture has neither.
func asRaw(head []byte) string {
	for _, sign := range []struct {
		at   int
		text string
	}{
		{510, "\x55\xaa"},  // MBR, and FAT and NTFS
		{512, "EFI PART"},  // GPT, sectors of 512 bytes
		{4096, "EFI PART"}, // and of 4096
		{1080, "\x53\xef"}, // ext2, 3, 4
		{0, "XFSB"},        // XFS
	} {
		if has(head, sign.at, sign.text) {
			return raw
		}
	}
	return ""
}

// refuseForeign gives the reason why a format can not be an image, if it is one
// of which that is known before it is opened.
func refuseForeign(packing, format string) error {
	switch {
	case packing != none && unpackers[packing] == nil:
		return lab.Errorf(lab.KindInvalid, "it is an archive of the kind %s, which is not unpacked here", packing).WithHint("Unpack it, and add the disk in it.")
	case packing != none:
		return nil
	case format == "":
		return lab.Errorf(lab.KindInvalid, "it is no disk in a format known here, and has no partition table").
			WithHint("Choose a disk image: qcow2, raw, vmdk, vdi, vhd, vhdx, ova or an ISO, packed or not.")
	case format == luks:
		return lab.Errorf(lab.KindInvalid, "it is encrypted").WithHint("Make an unencrypted copy of it with qemu-img convert.")
	case known[format]:
		return nil
	}
	return lab.Errorf(lab.KindInvalid, "it is in the format %s, which is not known here", format).WithHint(convert)
}

var known = map[string]bool{qcow2: true, raw: true, vmdk: true, vdi: true, vhd: true, vhdx: true, iso: true, ova: true, ovf: true}

// refuseParent refuses a disk that is the difference to another one, for the
// formats that say so in a field of their headers.
func refuseParent(f io.ReaderAt, format string, size int64) error {
	var kind uint32
	field := make([]byte, 4)
	switch format {
	case vhd: // type of disk: 4 is differencing
		if _, err := f.ReadAt(field, size-footerSize+60); err != nil {
			return lab.Errorf(lab.KindInvalid, "it is cut short").WithHint(fetch)
		}
		kind = binary.BigEndian.Uint32(field)
	case vdi: // type of image: 3 is undo, 4 is differencing
		if _, err := f.ReadAt(field, 0x4c); err != nil {
			return lab.Errorf(lab.KindInvalid, "it is cut short").WithHint(fetch)
		}
		kind = binary.LittleEndian.Uint32(field)
	}
	if kind == 4 || kind == 3 && format == vdi {
		return lab.Errorf(lab.KindInvalid, "it stands on another disk").WithHint("Merge it with that disk where it was made, and add the whole.")
	}
	return nil
}
