package images

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// patched is size zeros with texts at offsets.
func patched(size int, at map[int]string) []byte {
	b := make([]byte, size)
	for offset, text := range at {
		copy(b[offset:], text)
	}
	return b
}

func TestDetectGoesByContent(t *testing.T) {
	tests := []struct {
		what            string
		content         []byte
		packing, format string
	}{
		{"nothing", nil, "", ""},
		{"a byte", []byte("Q"), "", ""},
		{"a text", []byte("Dear reader,\nthis is no disk.\n"), "", ""},
		{"zeros", make([]byte, 1<<20), "", ""},
		{"qcow2", labtest.QCOW2(8*mib, labtest.NoFlaw), "", qcow2},
		{"a partition table", patched(1024, map[int]string{510: "\x55\xaa"}), "", raw},
		{"ext4", patched(4096, map[int]string{1080: "\x53\xef"}), "", raw},
		{"a sparse vmdk", []byte("KDMV...."), "", vmdk},
		{"a description", []byte("# Disk DescriptorFile\nversion=1\n"), "", vmdk},
		{"vdi", patched(1024, map[int]string{0x40: "\x7f\x10\xda\xbe"}), "", vdi},
		{"vhdx", []byte("vhdxfile"), "", vhdx},
		{"a growing vhd", patched(2048, map[int]string{0: "conectix"}), "", vhd},
		{"a fixed vhd", patched(4096, map[int]string{510: "\x55\xaa", 4096 - 512: "conectix"}), "", vhd},
		{"an ISO that boots from a stick too", patched(40<<10, map[int]string{510: "\x55\xaa", 32769: "CD001"}), "", iso},
		{"a tar", patched(1024, map[int]string{257: "ustar"}), "", ova},
		{"OVF", []byte("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<ovf:Envelope>"), "", ovf},
		{"LUKS", []byte("LUKS\xba\xbe\x00\x02"), "", luks},
		{"gzip", []byte("\x1f\x8b\x08"), asGzip, ""},
		{"xz", []byte("\xfd7zXZ\x00\x00"), asXZ, ""},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x00"), asZstd, ""},
		{"bzip2", []byte("BZh91AY"), asBzip2, ""},
		{"zip", []byte("PK\x03\x04"), "zip", ""},
	}
	for _, tt := range tests {
		packing, format, err := detect(bytes.NewReader(tt.content), int64(len(tt.content)))
		if packing != tt.packing || format != tt.format || err != nil {
			t.Errorf("%s: got %q, %q, %v, want %q, %q", tt.what, packing, format, err, tt.packing, tt.format)
		}
	}
}

// mustRefuse wants a file to be refused for what it is, by Probe and by Add.
func mustRefuse(t *testing.T, what, path, says string) {
	t.Helper()
	l, w := newLibrary(t)
	_, err := l.Add(t.Context(), lab.Addition{Name: "bad", Path: path}, nil)
	p := lab.ProblemOf(err)
	if p == nil || p.Kind != lab.KindInvalid || !strings.HasPrefix(p.Message, path) || !strings.Contains(p.Message, says) || p.Hint == "" {
		t.Errorf("%s: got %+v, want it refused saying %q, with a hint", what, p, says)
	}
	if _, probed := l.Probe(t.Context(), path); lab.KindOf(probed) != lab.KindInvalid {
		t.Errorf("%s: got %v from the probe, want it refused", what, probed)
	}
	mustBeEmpty(t, l, w)
	mustBeUnstaged(t, l)
}

func mustFile(t *testing.T, name string, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatCanNotBecomeAnImage(t *testing.T) {
	differencing := patched(2048, map[int]string{0: "conectix", 2048 - 512: "conectix"})
	binary.BigEndian.PutUint32(differencing[2048-512+60:], 4)
	child := patched(1024, map[int]string{0x40: "\x7f\x10\xda\xbe", 0x4c: "\x04"})
	for _, tt := range []struct {
		what, says string
		content    []byte
	}{
		{"a text", "no disk in a format known here", []byte("Dear reader,\n")},
		{"an archive", "of the kind zip", []byte("PK\x03\x04....")},
		{"LUKS", "encrypted", patched(1<<20, map[int]string{0: "LUKS\xba\xbe"})},
		{"another format", "the format qed", []byte("QED\x00....")},
		{"a differencing vhd", "stands on another disk", differencing},
		{"a child vdi", "stands on another disk", child},
		{"an ISO without a boot record", "no boot record", patched(40<<10, map[int]string{32768: "\x01CD001", 34816: "\xffCD001"})},
		{"an archive without a description", "cut short, or no archive", patched(1024, map[int]string{257: "ustar"})},
	} {
		mustRefuse(t, tt.what, mustFile(t, "bad.img", tt.content), tt.says)
	}
}

func TestISOBootsByItsRecord(t *testing.T) {
	record := "\x00CD001\x01EL TORITO SPECIFICATION"
	content := patched(64<<10, map[int]string{32768: "\x01CD001", 34816: record, 36864: "\xffCD001"})
	l, w := newLibrary(t)
	image, err := l.Add(t.Context(), lab.Addition{Name: "installer", Path: mustFile(t, "installer.iso", content)}, nil)
	if err != nil || image.Kind != lab.ImageMedium || image.VirtualBytes != int64(len(content)) {
		t.Fatalf("got %+v, %v, want a medium of %d bytes", image, err, len(content))
	}
	if kind, name, _, ok := lab.ParseImageVolume(image.Volume); kind != lab.ImageMedium || name != "installer" || !ok {
		t.Errorf("got the volume %s, want a medium's", image.Volume)
	}
	if err := os.Remove(l.path("installer")); err != nil {
		t.Fatal(err)
	}
	if got := mustImages(t, l); len(got) != 1 || got[0].Kind != lab.ImageMedium || got[0].VirtualBytes != image.VirtualBytes || got[0].Origin.Kind != lab.OriginFound {
		t.Errorf("got %+v from its volume alone, want the medium; the pool has %v", got, w.Pool.Names())
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("KDMV"))
	f.Add([]byte("# Disk DescriptorFile\nRW 1 FLAT \"/etc/shadow\" 0\n"))
	f.Add(patched(1024, map[int]string{257: "ustar"}))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, size := bytes.NewReader(content), int64(len(content))
		_, format, err := detect(r, size)
		if err != nil {
			t.Fatal(err)
		}
		switch format { // none of them may panic, whatever comes
		case vmdk:
			_, err = checkVMDK(r, size, t.TempDir())
		case ova:
			_, _, err = readOVA(r, size)
		case ovf:
			_, err = readOVF(r)
		case iso:
			boots(r, size)
		default:
			err = refuseParent(r, format, size)
		}
		if known := lab.KindOf(err); err != nil && known != lab.KindInvalid {
			t.Errorf("got %v (%s), want what can be told a person", err, known)
		}
	})
}
