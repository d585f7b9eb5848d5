package labtest

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Flaw is a reason for which a Library must refuse a file.
type Flaw string

// The flaws a test file can have. NoFlaw is a whole, empty qcow2 disk.
const (
	NoFlaw       Flaw = ""
	NotQCOW2     Flaw = "not qcow2"
	WithBacking  Flaw = "backing file"
	WithDataFile Flaw = "external data file"
	Encrypted    Flaw = "encrypted"
	Dirty        Flaw = "dirty"
	Corrupt      Flaw = "corrupt"
	NewerFormat  Flaw = "unknown feature"
	Truncated    Flaw = "truncated"
)

// Flaws lists every flaw.
var Flaws = []Flaw{NotQCOW2, WithBacking, WithDataFile, Encrypted, Dirty, Corrupt, NewerFormat, Truncated}

// The layout of the files written here, after QEMU's docs/interop/qcow2.txt:
// one cluster each for header, refcount table, refcount block and L1 table.
const (
	clusterBits = 16
	clusterSize = 1 << clusterBits
	headerSize  = 104

	offsetBacking      = 8
	offsetSize         = 24
	offsetCrypt        = 32
	offsetIncompatible = 72
)

// MustQCOW2 writes an empty qcow2 disk of virtualBytes (below 512 MiB) with one
// flaw or none into a new directory, under the given file name, and gives its
// path. The same arguments give the same bytes.
func MustQCOW2(t testing.TB, name string, virtualBytes int64, flaw Flaw) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, QCOW2(virtualBytes, flaw), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// QCOW2 gives the bytes of an empty qcow2 disk (version 3) of virtualBytes.
func QCOW2(virtualBytes int64, flaw Flaw) []byte {
	b := make([]byte, 4*clusterSize)
	copy(b, "QFI\xfb")
	put32, put64 := binary.BigEndian.PutUint32, binary.BigEndian.PutUint64
	put32(b[4:], 3) // version
	put32(b[20:], clusterBits)
	put64(b[offsetSize:], uint64(virtualBytes))
	put32(b[36:], 1)                      // entries of the L1 table
	put64(b[40:], 3*clusterSize)          // L1 table
	put64(b[48:], 1*clusterSize)          // refcount table
	put32(b[56:], 1)                      // clusters of the refcount table
	put32(b[96:], 4)                      // 1<<4 bits in a refcount
	put32(b[100:], headerSize)            // its own length
	put64(b[clusterSize:], 2*clusterSize) // the one refcount block
	for i := range 4 {
		binary.BigEndian.PutUint16(b[2*clusterSize+2*i:], 1)
	}
	return spoil(b, flaw)
}

func spoil(b []byte, flaw Flaw) []byte {
	switch flaw {
	case NotQCOW2:
		copy(b, "RAW!")
	case WithBacking:
		setBacking(b, "/etc/passwd")
	case Encrypted:
		binary.BigEndian.PutUint32(b[offsetCrypt:], 1)
	case Dirty:
		b[offsetIncompatible+7] = 1 << 0
	case Corrupt:
		b[offsetIncompatible+7] = 1 << 1
	case WithDataFile:
		b[offsetIncompatible+7] = 1 << 2
	case NewerFormat:
		b[offsetIncompatible+7] = 1 << 7
	case Truncated:
		return b[:headerSize/2]
	}
	return b
}

// QCOW2On gives the bytes of an empty overlay of virtualBytes on another file;
// without one it is QCOW2.
func QCOW2On(path string, virtualBytes int64) []byte {
	b := QCOW2(virtualBytes, NoFlaw)
	if path != "" {
		setBacking(b, path)
	}
	return b
}

func setBacking(b []byte, path string) {
	copy(b[512:], path)
	binary.BigEndian.PutUint64(b[offsetBacking:], 512)
	binary.BigEndian.PutUint32(b[offsetBacking+8:], uint32(len(path)))
}

// backing gives the path of the file that a whole qcow2 file stands on.
func backing(b []byte) string {
	at := binary.BigEndian.Uint64(b[offsetBacking:])
	if at == 0 {
		return ""
	}
	return string(b[at : at+uint64(binary.BigEndian.Uint32(b[offsetBacking+8:]))])
}

// CheckQCOW2 finds the flaw of a file that MustQCOW2 could have written: what a
// fake Library needs to know of the format.
func CheckQCOW2(b []byte) error {
	switch {
	case len(b) < headerSize:
		return errors.New(string(Truncated))
	case string(b[:4]) != "QFI\xfb":
		return errors.New(string(NotQCOW2))
	case binary.BigEndian.Uint64(b[offsetBacking:]) != 0:
		return errors.New(string(WithBacking))
	case binary.BigEndian.Uint32(b[offsetCrypt:]) != 0:
		return errors.New(string(Encrypted))
	case binary.BigEndian.Uint64(b[offsetIncompatible:]) != 0:
		return errors.New("feature that a base image must not have")
	}
	return nil
}

// VirtualBytes gives the size of the disk in a whole qcow2 file.
func VirtualBytes(b []byte) int64 {
	return int64(binary.BigEndian.Uint64(b[offsetSize:]))
}

func setVirtualBytes(b []byte, n int64) { binary.BigEndian.PutUint64(b[offsetSize:], uint64(n)) }
