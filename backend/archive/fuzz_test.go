package archive

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/klauspost/compress/zstd"

	"sandboxlabs/backend/lab"
)

// FuzzManifest: a manifest that is accepted can be written again, and what is
// written is accepted.
func FuzzManifest(f *testing.F) {
	m, _ := sample()
	m.Format = Format
	text, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if err != nil {
			if lab.KindOf(err) != lab.KindInvalid {
				t.Errorf("got %v, want it invalid", err)
			}
			return
		}
		for _, member := range m.Members() {
			if member.Bytes <= 0 || member.Bytes > maxMemberSize {
				t.Errorf("the member %+v was accepted", member)
			}
		}
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(again); err != nil {
			t.Errorf("accepted once, and then not: %v", err)
		}
	})
}

// FuzzReader: whatever comes, a reader ends, with a sentence or a whole backup.
// What is not packed is packed first, for the fuzzer would hardly come through
// the checksums of zstd.
func FuzzReader(f *testing.F) {
	m, contents := sample()
	m.Nodes, contents = m.Nodes[:1], append(contents[:2:2], contents[3])
	whole := mustWrite(f, m, contents)
	z, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	unpacked, err := z.DecodeAll(whole, nil)
	if err != nil {
		f.Fatal(err)
	}
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(true, whole)
	f.Add(false, unpacked)
	f.Add(false, unpacked[:len(unpacked)/2])
	f.Fuzz(func(t *testing.T, packed bool, file []byte) {
		if !packed {
			file = packer.EncodeAll(file, nil)
		}
		m, read, err := readAll(bytes.NewReader(file))
		switch {
		case err != nil && lab.KindOf(err) != lab.KindInvalid:
			t.Errorf("got %v, want it invalid", err)
		case err == nil && len(read) != len(m.Members()):
			t.Errorf("got %d files, want %d", len(read), len(m.Members()))
		}
	})
}
