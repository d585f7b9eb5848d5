package images

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"sandboxlabs/backend/lab"
)

// The header of a qcow2 file, big-endian, after QEMU's docs/interop/qcow2.txt.
const (
	headerSize = 104 // version 3; version 2 ends at 72

	headerVersion      = 4
	headerBacking      = 8
	headerClusterBits  = 20
	headerVirtualBytes = 24
	headerEncryption   = 32
	headerL1Size       = 36
	headerL1Offset     = 40
	headerIncompatible = 72
	headerCompression  = 104 // in version 3, if the feature is set

	incompatibleDirty    = 1 << 0
	incompatibleCorrupt  = 1 << 1
	incompatibleDataFile = 1 << 2
	incompatibleZstd     = 1 << 3   // the compression type is not zlib
	incompatibleExtended = 1 << 4   // the entries of L2 tables have 16 bytes
	incompatibleKnown    = 1<<5 - 1 // all of them
)

const magic = "QFI\xfb"

// The remedies.
const (
	convert = "Make a whole one of it: qemu-img convert -O qcow2 OLD NEW.qcow2"
	repair  = "If nothing uses it, repair it: qemu-img check -r all FILE"
	fetch   = "Get the file again."
)

// parseHeader reads the first bytes of a file and says whether it can be a base
// image. We read them ourselves before any other program opens the file: a
// backing file or a data file may name any file of this machine, or one on the
// network, and whoever opens the image opens that too.
func parseHeader(head []byte) (virtualBytes int64, err error) {
	if len(head) < headerSize || string(head[:len(magic)]) != magic {
		return 0, lab.Errorf(lab.KindInvalid, "it is not a qcow2 disk").WithHint(convert)
	}
	u32, u64 := binary.BigEndian.Uint32, binary.BigEndian.Uint64
	version, size := u32(head[headerVersion:]), u64(head[headerVirtualBytes:])
	switch {
	case version != 2 && version != 3:
		return 0, lab.Errorf(lab.KindInvalid, "it is of version %d of qcow2, which is not known here", version).WithHint(convert)
	case u64(head[headerBacking:]) != 0:
		return 0, lab.Errorf(lab.KindInvalid, "it stands on another disk (a backing file)").WithHint(convert)
	case u32(head[headerEncryption:]) != 0:
		return 0, lab.Errorf(lab.KindInvalid, "it is encrypted").WithHint("Make an unencrypted copy of it with qemu-img convert.")
	case size == 0 || size > math.MaxInt64:
		return 0, lab.Errorf(lab.KindInvalid, "it is damaged: its size is %d", size).WithHint(fetch)
	}
	if version == 3 {
		err = checkFeatures(u64(head[headerIncompatible:]))
	}
	return int64(size), err
}

// parseOverlay is parseHeader for a file that may stand on another one.
func parseOverlay(head []byte) (virtualBytes int64, err error) {
	alone := bytes.Clone(head)
	if len(alone) >= headerSize {
		clear(alone[headerBacking:][:8])
	}
	return parseHeader(alone)
}

func checkFeatures(bits uint64) error {
	switch {
	case bits&incompatibleDataFile != 0:
		return lab.Errorf(lab.KindInvalid, "its content is in another file (an external data file)").WithHint(convert)
	case bits&incompatibleCorrupt != 0:
		return lab.Errorf(lab.KindInvalid, "it is marked as damaged").WithHint(repair)
	case bits&incompatibleDirty != 0:
		return lab.Errorf(lab.KindInvalid, "it is in use or was not closed properly").WithHint(repair)
	case bits&^incompatibleKnown != 0:
		return lab.Errorf(lab.KindInvalid, "it uses features of qcow2 that are not known here (%#x)", bits&^incompatibleKnown).WithHint(convert)
	}
	return nil
}

// compression tells how the clusters of a whole qcow2 file are compressed: none,
// zlib or zstd. It looks for the first one that is, in the tables that lead to
// them; empty if these can not be read.
func compression(file io.ReaderAt) string {
	var head [headerCompression + 1]byte
	if _, err := file.ReadAt(head[:], 0); err != nil {
		return ""
	}
	u32, u64 := binary.BigEndian.Uint32, binary.BigEndian.Uint64
	kind, entry, features := "zlib", 8, uint64(0)
	if u32(head[headerVersion:]) == 3 {
		features = u64(head[headerIncompatible:])
	}
	if features&incompatibleZstd != 0 && head[headerCompression] == 1 {
		kind = "zstd"
	}
	if features&incompatibleExtended != 0 {
		entry = 16
	}
	l1, err := entries(file, u64(head[headerL1Offset:]), 8*int64(u32(head[headerL1Size:])), 8)
	for _, at := range l1 {
		if at &= offsetBits; at == 0 {
			continue
		}
		var l2 []uint64
		if l2, err = entries(file, at, 1<<(u32(head[headerClusterBits:])&31), entry); err != nil {
			break
		}
		if slices.ContainsFunc(l2, func(e uint64) bool { return e&compressedBit != 0 }) {
			return kind
		}
	}
	if err != nil {
		return ""
	}
	return "none"
}

// The bits of table entries.
const (
	offsetBits    = 1<<56 - 1<<9 // of a table or cluster
	compressedBit = 1 << 62
)

// maxTable is far above any table of a disk that QEMU opens, in bytes.
const maxTable = 64 << 20

// entries gives the first eight bytes of each entry of a table.
func entries(file io.ReaderAt, at uint64, size int64, each int) ([]uint64, error) {
	if size > maxTable {
		return nil, errors.New("a table is too large")
	}
	table := make([]byte, size)
	if _, err := file.ReadAt(table, int64(at&offsetBits)); err != nil {
		return nil, err
	}
	all := make([]uint64, 0, len(table)/each)
	for b := table; len(b) >= each; b = b[each:] {
		all = append(all, binary.BigEndian.Uint64(b))
	}
	return all, nil
}
