package images

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// described is a description with extents, each a line.
func described(kind, parent string, extents ...string) []byte {
	return fmt.Appendf(nil, "# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=%s\ncreateType=%q\n\n# Extent description\n%s\n\nddb.adapterType = \"ide\"\n",
		parent, kind, strings.Join(extents, "\n"))
}

// sparse is a sparse extent with a text in it; capacity in sectors.
func sparse(capacity uint64, text []byte) []byte {
	b := make([]byte, 512, 4096)
	copy(b, "KDMV")
	binary.LittleEndian.PutUint32(b[4:], 1)
	binary.LittleEndian.PutUint64(b[12:], capacity)
	if text != nil {
		binary.LittleEndian.PutUint64(b[28:], 1)
		binary.LittleEndian.PutUint64(b[36:], uint64(len(text)+511)/512)
	}
	return append(b, append(text, make([]byte, 512)...)...)
}

func TestVMDKOpensNothingElse(t *testing.T) {
	const whole = "ffffffff"
	for _, tt := range []struct {
		what, says string
		content    []byte
	}{
		{"an extent elsewhere", "outside its folder", described("monolithicFlat", whole, `RW 8 FLAT "/etc/shadow" 0`)},
		{"an extent above", "outside its folder", described("monolithicFlat", whole, `RW 8 FLAT "../disk-flat.vmdk" 0`)},
		{"an extent without a name", "outside its folder", described("monolithicFlat", whole, `RW 8 FLAT`)},
		{"an extent that is a link", "no regular file", described("monolithicFlat", whole, `RW 8 FLAT "link" 0`)},
		{"an extent that is not there", "a part of it is missing", described("monolithicFlat", whole, `RW 8 FLAT "absent" 0`)},
		{"a device", "not known here", described("fullDevice", whole, `RW 8 FLAT "/dev/sda" 0`)},
		{"a snapshot", "stands on another disk", described("monolithicFlat", "0a1b2c3d", `RW 8 FLAT "flat" 0`)},
		{"a sparse snapshot", "stands on another disk", sparse(8, described("monolithicSparse", "0a1b2c3d", `RW 8 SPARSE "bad.img"`))},
		{"a text in a sparse extent that names others", "not known here", sparse(8, described("twoGbMaxExtentFlat", whole, `RW 8 FLAT "/etc/shadow" 0`))},
		{"two extents in one", "several extents", sparse(8, described("monolithicSparse", whole, `RW 8 SPARSE "a"`, `RW 8 FLAT "/etc/shadow"`))},
		{"a sparse extent without a size", "no size", sparse(0, described("monolithicSparse", whole, `RW 8 SPARSE "a"`))},
		{"an extent of an extent", "no size", described("twoGbMaxExtentSparse", whole, `RW 8 SPARSE "hollow"`)},
		{"no extents", "without the files", described("monolithicFlat", whole)},
		{"a number that is none", "its description is damaged", described("monolithicFlat", whole, `RW 99999999999999999999 FLAT "flat" 0`)},
		{"half a header", "cut short", []byte("KDMV\x01\x00")},
	} {
		path := mustFile(t, "bad.img", tt.content)
		dir := filepath.Dir(path)
		mustWrite(t, filepath.Join(dir, "hollow"), string(sparse(0, described("twoGbMaxExtentFlat", whole, `RW 8 FLAT "/etc/shadow" 0`))))
		mustWrite(t, filepath.Join(dir, "flat"), "")
		if err := os.Symlink("/etc/shadow", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		mustRefuse(t, tt.what, path, tt.says)
	}
}

func TestVMDKWithItsExtentsBeside(t *testing.T) {
	text := described("monolithicFlat", "ffffffff", `RW 8 FLAT "disk-flat.vmdk" 0`, `RW 8 ZERO`)
	path := mustFile(t, "disk.vmdk", text)
	mustWrite(t, filepath.Join(filepath.Dir(path), "disk-flat.vmdk"), strings.Repeat("x", 4096))
	beside, err := checkVMDK(bytes.NewReader(text), int64(len(text)), filepath.Dir(path))
	if !beside || err != nil {
		t.Errorf("got %v, %v, want it opened by its path", beside, err)
	}
	if _, err := checkVMDK(bytes.NewReader(text), int64(len(text)), ""); err == nil {
		t.Error("got no error in an archive, where nothing is beside it")
	}
}
