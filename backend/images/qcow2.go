package images

import (
	"encoding/binary"
	"math"

	"sandboxlabs/backend/lab"
)

// The header of a qcow2 file, big-endian, after QEMU's docs/interop/qcow2.txt.
const (
	headerSize = 104 // version 3; version 2 ends at 72

	headerVersion      = 4
	headerBacking      = 8
	headerVirtualBytes = 24
	headerEncryption   = 32
	headerIncompatible = 72

	incompatibleDirty    = 1 << 0
	incompatibleCorrupt  = 1 << 1
	incompatibleDataFile = 1 << 2
	incompatibleKnown    = 1<<5 - 1 // with compression type and extended L2 entries
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
