package images

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"sandboxlabs/backend/lab"
)

// A vmdk is a text that describes extents, files with the content, or one such
// file with the text in it (VMware, Virtual Disk Format 5.0). qemu-img opens
// whatever the text names, so it is read here first: an extent may be nothing
// but a plain file beside the text.

// maxDescriptor is far above any text.
const maxDescriptor = 1 << 20

// The kinds of disks that are one file, and those that are a text beside others.
var (
	vmdkAlone  = map[string]bool{"monolithicSparse": true, "streamOptimized": true}
	vmdkBeside = map[string]bool{"monolithicFlat": true, "twoGbMaxExtentSparse": true, "twoGbMaxExtentFlat": true, "vmfs": true, "vmfsSparse": true}
)

// extent is a line such as: RW 4192256 SPARSE "disk-s001.vmdk"
type extent struct {
	sectors int64
	kind    string // FLAT, SPARSE, ZERO, VMFS, VMFSSPARSE
	file    string
}

var (
	extentPattern = regexp.MustCompile(`^(?:RW|RDONLY|NOACCESS)\s+(\d+)\s+([A-Z]+)(?:\s+"([^"]*)")?`)
	valuePattern  = regexp.MustCompile(`^(\w+)\s*=\s*"?([^"]*)"?\s*$`)
)

type descriptor struct {
	values  map[string]string
	extents []extent
}

func parseDescriptor(text []byte) (d descriptor, err error) {
	d.values = map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimRight(text, "\x00")))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if m := extentPattern.FindStringSubmatch(line); m != nil {
			sectors, err := strconv.ParseInt(m[1], 10, 53)
			if err != nil {
				return d, damagedVMDK("an extent of %s sectors", m[1])
			}
			d.extents = append(d.extents, extent{sectors, m[2], m[3]})
		} else if m := valuePattern.FindStringSubmatch(line); m != nil {
			d.values[m[1]] = m[2]
		}
	}
	return d, lines.Err()
}

func damagedVMDK(format string, args ...any) error {
	return lab.Errorf(lab.KindInvalid, "its description is damaged: "+format, args...).WithHint(fetch)
}

// checkVMDK makes sure that qemu-img will open nothing but what belongs to the
// disk. dir is where its extents may be, empty for nowhere. beside reports
// whether there are such: the disk can then be opened by its path only.
func checkVMDK(f io.ReaderAt, size int64, dir string) (beside bool, err error) {
	head := make([]byte, 4)
	if _, err := f.ReadAt(head, 0); err != nil {
		return false, damagedVMDK("it is cut short")
	}
	if string(head) == "KDMV" {
		return false, checkSparse(f, true)
	}
	if string(head) == "COWD" {
		return false, nil // an old extent of ESX: it has no text in it
	}
	text := make([]byte, min(size, maxDescriptor))
	if _, err := f.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	d, err := parseDescriptor(text)
	if err == nil {
		err = d.check(vmdkBeside)
	}
	if err != nil {
		return false, err
	}
	if dir == "" || len(d.extents) == 0 {
		return false, lab.Errorf(lab.KindInvalid, "it is but the description of a disk, without the files that hold it").WithHint("Add it from the folder where those files are.")
	}
	return true, d.checkExtents(dir)
}

// check checks what a description says of the disk as a whole.
func (d descriptor) check(kinds map[string]bool) error {
	if parent := d.values["parentCID"]; parent != "" && !strings.EqualFold(parent, "ffffffff") {
		return lab.Errorf(lab.KindInvalid, "it stands on another disk").WithHint("Merge it with that disk where it was made, and add the whole.")
	}
	if kind := d.values["createType"]; !kinds[kind] {
		return lab.Errorf(lab.KindInvalid, "it is a vmdk of the kind %q, which is not known here", kind).WithHint(convert)
	}
	return nil
}

func (d descriptor) checkExtents(dir string) error {
	for _, e := range d.extents {
		if e.kind == "ZERO" {
			continue
		}
		if e.file == "" || e.file != filepath.Base(e.file) || e.file == ".." {
			return lab.Errorf(lab.KindInvalid, "it refers to %q, a file outside its folder", e.file).WithHint("Take no disk from whoever gave you this one.")
		}
		if err := checkExtent(filepath.Join(dir, e.file), e.kind); err != nil {
			return err
		}
	}
	return nil
}

func checkExtent(path, kind string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lab.Errorf(lab.KindInvalid, "a part of it is missing: %s", filepath.Base(path)).WithHint("Put all of its files into one folder.")
	case err != nil:
		return explainOpen(err, path)
	case !info.Mode().IsRegular():
		return lab.Errorf(lab.KindInvalid, "a part of it, %s, is no regular file", filepath.Base(path)).WithHint("Take no disk from whoever gave you this one.")
	case kind != "SPARSE":
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return explainOpen(err, path)
	}
	defer func() { _ = f.Close() }() // it was only read
	return checkSparse(f, false)
}

// checkSparse checks the header of a sparse extent, and the text in it if it is
// a whole disk. With a capacity of 0, QEMU goes by the text of any extent.
func checkSparse(f io.ReaderAt, whole bool) error {
	var h struct {
		Magic, Version, Flags       uint32
		Capacity, Grain             uint64
		DescriptorAt, DescriptorLen uint64
	}
	if err := binary.Read(io.NewSectionReader(f, 0, 44), binary.LittleEndian, &h); err != nil {
		return damagedVMDK("it is cut short")
	}
	if h.Capacity == 0 {
		return damagedVMDK("it has no size")
	}
	if !whole { // its text, if it has one, is not gone by
		return nil
	}
	if h.DescriptorAt > 1<<40 || h.DescriptorLen == 0 || h.DescriptorLen > maxDescriptor/512 {
		return damagedVMDK("it is not where it should be")
	}
	text := make([]byte, h.DescriptorLen*512)
	if _, err := f.ReadAt(text, int64(h.DescriptorAt)*512); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d, err := parseDescriptor(text)
	if err != nil {
		return err
	}
	if len(d.extents) > 1 {
		return damagedVMDK("it has several extents in one file")
	}
	return d.check(vmdkAlone)
}
