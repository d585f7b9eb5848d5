package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"sandboxlabs/backend/lab"
)

const (
	idA  = "0b0e7b3a-9a55-4b57-a3e4-111111111111"
	idB  = "0b0e7b3a-9a55-4b57-a3e4-222222222222"
	sumT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"
)

func spec(id, name string) lab.NodeSpec {
	return lab.NodeSpec{
		ID: id, Name: name, Image: "tiny", Base: lab.BaseVolume("tiny", sumT), VCPUs: 1, MemoryMiB: 64,
		MAC: "52:54:00:00:00:01", Generation: 3, CreatedAt: time.Unix(1, 0).UTC(),
	}
}

// sample is a manifest with every kind of member, and their contents.
func sample() (Manifest, []string) {
	m := Manifest{
		Program: "1.2.3", Made: time.Unix(1700000000, 0).UTC(),
		Nodes: []Node{
			{Spec: spec(idA, "a"), Running: true, Frozen: true, Disk: File{Bytes: 5, Allocated: 5}, Variables: &File{Bytes: 3, Allocated: 3}},
			{Spec: spec(idB, "b"), Disk: File{Bytes: 3 << 20, Allocated: 0}},
		},
		Images: []Image{{Name: "tiny", Kind: lab.ImageBase, Volume: lab.BaseVolume("tiny", sumT), SHA256: sumT, VirtualBytes: 64 << 20, File: &File{Bytes: 4, Allocated: 4}}},
	}
	return m, []string{"disk!", "var", strings.Repeat("\x00", 3<<20), "test"}
}

func mustWrite(t testing.TB, m Manifest, contents []string) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, m)
	for _, c := range contents {
		if err == nil {
			err = w.Add(strings.NewReader(c))
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// readAll reads a backup to its end.
func readAll(from io.Reader) (m Manifest, contents []string, err error) {
	r, err := NewReader(from)
	if err != nil {
		return m, nil, err
	}
	defer r.Close()
	for {
		_, content, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r.Manifest, contents, nil
		}
		if err != nil {
			return m, nil, err
		}
		b, err := io.ReadAll(content)
		if err != nil {
			return m, nil, err
		}
		contents = append(contents, string(b))
	}
}

func wantDamaged(t *testing.T, what string, err error, says string) {
	t.Helper()
	if lab.KindOf(err) != lab.KindInvalid || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: got %v, want it refused saying %q", what, err, says)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	m, contents := sample()
	file := mustWrite(t, m, contents)
	if len(file) > 4096 {
		t.Errorf("got %d bytes, want zeros to take next to nothing", len(file))
	}
	got, read, err := readAll(iotestOneByte{bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	m.Format = Format
	if fmt.Sprintf("%+v", got.Nodes[0].Spec) != fmt.Sprintf("%+v", m.Nodes[0].Spec) || got.Program != m.Program || !got.Made.Equal(m.Made) || len(read) != len(contents) {
		t.Errorf("got %+v with %d files, want %+v", got, len(read), m)
	}
	for i := range contents {
		if read[i] != contents[i] {
			t.Errorf("file %d came back with %d bytes that are others", i, len(read[i]))
		}
	}
}

// iotestOneByte gives what a slow pipe does.
type iotestOneByte struct{ r io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.r.Read(p[:min(1, len(p))]) }

// Members that nobody reads are summed up all the same.
func TestSkippedMembersAreVerified(t *testing.T) {
	m, contents := sample()
	r, err := NewReader(bytes.NewReader(mustWrite(t, m, contents)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for err == nil {
		if _, _, err = r.Next(); err == nil {
			n++
		}
	}
	if !errors.Is(err, io.EOF) || n != 4 {
		t.Errorf("got %v after %d members", err, n)
	}
}

func TestEveryCutIsNoticed(t *testing.T) {
	m, contents := sample()
	m.Nodes, contents = m.Nodes[:1], append(contents[:2:2], contents[3])
	file := mustWrite(t, m, contents)
	for n := range file {
		_, _, err := readAll(bytes.NewReader(file[:n]))
		wantDamaged(t, fmt.Sprintf("cut after %d of %d bytes", n, len(file)), err, "damaged")
	}
}

// What tar itself and the sums must be like is tried on archives made by hand.
func TestForeignArchives(t *testing.T) {
	m, contents := sample()
	whole := members(t, mustWrite(t, m, contents))
	for _, tt := range []struct {
		name, says string
		change     func(all []entry) []entry
	}{
		{"nothing is changed", "", func(all []entry) []entry { return all }},
		{"no manifest", "where manifest.json should be", func(all []entry) []entry { return all[1:] }},
		{"a path that climbs", "where nodes/", func(all []entry) []entry { all[1].Name = "../../etc/cron.d/x"; return all }},
		{"an absolute path", "where nodes/", func(all []entry) []entry { all[1].Name = "/etc/passwd"; return all }},
		{"a symbolic link", "where nodes/", func(all []entry) []entry {
			all[1].Typeflag, all[1].Linkname, all[1].Size, all[1].content = tar.TypeSymlink, "/etc/passwd", 0, ""
			return all
		}},
		{"a hard link", "where nodes/", func(all []entry) []entry {
			all[1].Typeflag, all[1].Linkname, all[1].Size, all[1].content = tar.TypeLink, "manifest.json", 0, ""
			return all
		}},
		{"a device", "where nodes/", func(all []entry) []entry {
			all[1].Typeflag, all[1].Size, all[1].content = tar.TypeBlock, 0, ""
			return all
		}},
		{"an unknown entry", "where nodes/", func(all []entry) []entry { return append([]entry{all[0], file("more", "x")}, all[1:]...) }},
		{"an entry behind the sums", "something follows", func(all []entry) []entry { return append(all, file("more", "x")) }},
		{"an entry is lacking", "where nodes/", func(all []entry) []entry { return append(all[:2:2], all[3:]...) }},
		{"no sums", "ends too early", func(all []entry) []entry { return all[:len(all)-1] }},
		{"a longer file than was said", "is not its size", func(all []entry) []entry { all[1].content, all[1].Size = "disk!!", 6; return all }},
		{"another content", "has another checksum", func(all []entry) []entry { all[1].content = "dusk!"; return all }},
		{"an image that is another", "than its name says", func(all []entry) []entry { all[4].content = "tent"; return all }},
		{"records of pax", "more than a plain file", func(all []entry) []entry {
			all[1].PAXRecords = map[string]string{"GNU.sparse.major": "1", "SCHILY.xattr.user.x": "y"}
			return all
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := make([]entry, len(whole))
			copy(all, whole)
			_, _, err := readAll(bytes.NewReader(pack(t, tt.change(all))))
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantDamaged(t, tt.name, err, tt.says)
		})
	}
}

type entry struct {
	tar.Header
	content string
}

func file(name, content string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600}, content}
}

// members takes a backup apart.
func members(t *testing.T, packed []byte) (all []entry) {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file(h.Name, string(b)))
	}
}

// pack makes an archive of anything.
func pack(t testing.TB, all []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, e := range all {
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Skipf("tar does not write such a thing: %v", err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestManifests(t *testing.T) {
	m, contents := sample()
	text := members(t, mustWrite(t, m, contents))[0].content
	for _, tt := range []struct{ name, old, new, says string }{
		{"a newer format", `"format": 1`, `"format": 2`, "newer SandBoxLabs"},
		{"a field of a newer one", `"running": true`, `"colour": true`, "newer SandBoxLabs"},
		{"no format", `"format": 1`, `"format": 0`, "can not be understood"},
		{"no JSON", "{", "", "can not be understood"},
		{"a node that can not be", `"vcpus": 1`, `"vcpus": 0`, "a node that can not be"},
		{"a node twice", idB, idA, "twice"},
		{"a name twice", `"name": "b"`, `"name": "a"`, "twice"},
		{"no such base", `"base": "tiny.`, `"base": "huge.`, "what a stands on"},
		{"a path for an image", `"volume": "tiny.`, `"volume": "../tiny.`, "can not be"},
		{"another checksum", `"sha256": "9f`, `"sha256": "8f`, "no checksum"},
		{"a disk larger than any", `"bytes": 5,`, `"bytes": 99999999999999999,`, "a size that no disk has"},
		{"a version that moves the cursor", `"program": "1.2.3"`, `"program": "\u001b[2J"`, "no version"},
		{"an origin that does", `"kind": ""`, `"kind": "", "of": "\u001b[2J"`, "where the image tiny is from"},
		{"an empty disk", `"bytes": 5,`, `"bytes": 0,`, "a size that no disk has"},
	} {
		changed := strings.Replace(text, tt.old, tt.new, 1)
		if changed == text {
			t.Fatalf("%s: nothing was changed", tt.name)
		}
		_, err := parse([]byte(changed))
		wantDamaged(t, tt.name, err, tt.says)
	}
}

// A bomb of zeros is refused by its manifest before it is unpacked.
func TestBombs(t *testing.T) {
	bomb := pack(t, []entry{file(manifestName, strings.Repeat(" ", maxManifest+1))})
	_, _, err := readAll(bytes.NewReader(bomb))
	wantDamaged(t, "a manifest that is too large", err, "is not its size")
	wide, err := zstd.NewWriter(nil, zstd.WithWindowSize(maxWindow*2), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = readAll(bytes.NewReader(wide.EncodeAll(bytes.Repeat([]byte("0123456789abcdef"), maxWindow/8), nil)))
	wantDamaged(t, "a window that takes too much memory", err, "damaged")
}

func TestWriterHoldsToItsManifest(t *testing.T) {
	m, contents := sample()
	w, err := NewWriter(io.Discard, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); lab.KindOf(err) != lab.KindInternal {
		t.Errorf("got %v for a backup without its files", err)
	}
	if err := w.Add(strings.NewReader(contents[0][1:])); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v for a disk that shrank", err)
	}
	m.Nodes[1].Spec.ID = m.Nodes[0].Spec.ID
	if _, err := NewWriter(io.Discard, m); err == nil {
		t.Error("a manifest with a node twice was written")
	}
}
