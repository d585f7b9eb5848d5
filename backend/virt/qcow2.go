package virt

import (
	"encoding/binary"
	"errors"
	"io"
	"os"

	"sandboxlabs/backend/lab"
)

// readHeader reads the virtual size and the backing file from the header of a
// qcow2 file (QEMU's docs/interop/qcow2.txt). A volume that is just being made
// has none yet, and one that is damaged none that can be understood: neither is
// an error, or one such file would hide all others.
func readHeader(file string) (virtual int64, backing string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", err
	}
	virtual, backing, err = parseHeader(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, "", lab.Errorf(lab.KindUnavailable, "the header of %s can not be read", file).WithHint(healthy).WithCause(err)
	}
	return virtual, backing, nil
}

func parseHeader(f io.ReaderAt) (virtual int64, backing string, err error) {
	var h struct {
		Magic         [4]byte
		Version       uint32
		BackingOffset uint64
		BackingSize   uint32
		ClusterBits   uint32
		Size          uint64
	}
	err = binary.Read(io.NewSectionReader(f, 0, 32), binary.BigEndian, &h)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || err == nil && string(h.Magic[:]) != "QFI\xfb" {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	const longest, farthest = 1023, 2 << 20 // of a backing file's name: the format has it in the first cluster
	if h.BackingOffset == 0 {
		return int64(h.Size), "", nil
	}
	if h.BackingSize > longest || h.BackingOffset > farthest {
		return 0, "", nil
	}
	name := make([]byte, h.BackingSize)
	_, err = io.ReadFull(io.NewSectionReader(f, int64(h.BackingOffset), int64(len(name))), name)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, "", nil
	}
	return int64(h.Size), string(name), err
}
