package archive

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"
)

// TestManyBlocks has more blocks than can be packed at once, and an end within one.
func TestManyBlocks(t *testing.T) {
	content := make([]byte, 10*blockBytes+12345)
	for i := range content {
		content[i] = byte(i / 7 * i >> 13)
	}
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(content[blockBytes : 3*blockBytes]) // it never fails
	m := Manifest{
		Program: "1.2.3", Made: time.Unix(1700000000, 0).UTC(),
		Nodes: []Node{{Spec: spec(idA, "a"), Disk: File{Bytes: int64(len(content)), Allocated: 0}}},
	}
	m.Nodes[0].Spec.Base = ""
	file := mustWrite(t, m, []string{string(content)})
	if frames := bytes.Count(file, []byte{0x28, 0xb5, 0x2f, 0xfd}); frames < 11 {
		t.Errorf("%d frames, want 11 at least: one for each block", frames)
	}
	_, contents, err := readAll(bytes.NewReader(file))
	if err != nil || len(contents) != 1 || contents[0] != string(content) {
		t.Errorf("read %d members, error %v, want the content", len(contents), err)
	}
}

var errFull = errors.New("full")

// full takes so many bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestFullWhilePacking: what can not be written is said, wherever it ends.
func TestFullWhilePacking(t *testing.T) {
	noise := make([]byte, blockBytes)
	random := rand.NewChaCha8([32]byte{})
	for _, room := range []int{0, blockBytes, 5 * blockBytes} {
		p, err := newPacker(&full{room})
		for range 6 {
			if err == nil {
				_, _ = random.Read(noise) // it never fails
				_, err = p.Write(noise)
			}
		}
		if err == nil {
			err = p.Close()
		}
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: got %v, want %v", room, err, errFull)
		}
	}
}
