package images

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func needsQEMUImg(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs qemu-img; run without -short")
	}
}

func mustRun(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
}

// mustEdit writes a big-endian number into a file.
func mustEdit(t *testing.T, path string, offset int64, value uint64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(binary.BigEndian.AppendUint64(nil, value), offset)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatQEMUMakesIsTaken(t *testing.T) {
	needsQEMUImg(t)
	l, _ := newLibrary(t)
	for name, options := range map[string]string{
		"old": "compat=0.10", "new": "compat=1.1", "zstd": "compression_type=zstd", "wide": "extended_l2=on", "lazy": "lazy_refcounts=on",
	} {
		path := filepath.Join(t.TempDir(), "disk.qcow2")
		mustRun(t, "qemu-img", "create", "-q", "-f", "qcow2", "-o", options, path, "10M")
		if image := mustAdd(t, l, name, path); image.VirtualBytes != 10*mib {
			t.Errorf("%s: got %d bytes, want 10 MiB", name, image.VirtualBytes)
		}
	}
}

func TestDamageInsideIsFound(t *testing.T) {
	needsQEMUImg(t)
	const l1, cluster = 3 << 16, 1 << 16
	tests := []struct {
		name   string
		offset int64
		value  uint64
		want   lab.Kind
	}{
		{"L1 entry beyond the end", l1, 1<<63 | 100*cluster, lab.KindInvalid},
		{"L1 entry without a table", l1, 1 << 63, lab.KindInvalid},
		{"refcount table beyond the end", 48, 1000 * cluster, lab.KindInvalid},
		{"L1 table larger than any", 36, 0x7fffffff << 32, lab.KindInvalid},
		{"leaked cluster", 2*cluster + 8, 1 << 48, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, w := newLibrary(t)
			path := disk(t)
			mustEdit(t, path, tt.offset, tt.value)
			_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
			mustBeKind(t, err, tt.want)
			if err != nil {
				mustBeEmpty(t, l, w)
			}
		})
	}
}

func TestDiskInUseIsBusy(t *testing.T) {
	needsQEMUImg(t)
	l, _ := newLibrary(t)
	path := disk(t)
	// qemu-io holds the disk as a running machine does, until its input ends.
	user := exec.Command("qemu-io", "-f", "qcow2", path)
	input, err := user.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := user.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := user.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(input.Close(), user.Wait()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := input.Write([]byte("length\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_, err = l.Add(t.Context(), lab.Addition{Name: "tiny", Path: path}, nil)
	mustBeKind(t, err, lab.KindBusy)
}

func TestMissingProgramIsNamed(t *testing.T) {
	l, w := newLibrary(t)
	l.inspect = checkStructure
	t.Setenv("PATH", t.TempDir())
	_, err := l.Add(t.Context(), lab.Addition{Name: "tiny", Path: disk(t)}, nil)
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindUnavailable || !strings.Contains(p.Hint, "Install the package") {
		t.Errorf("got %+v, want KindUnavailable and the package", p)
	}
	mustBeEmpty(t, l, w)
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		script, said string
		want         lab.Kind
	}{
		{"exit 0", "", ""},
		{"exit 3", "1 leaked clusters", ""},
		{"exit 2", "many lines\nERROR cluster 5", lab.KindInvalid},
		{"exit 1", "Failed to get shared \"write\" lock\nIs another process using it?", lab.KindBusy},
		{"exit 1", "Block format 'x' is not known", lab.KindInvalid},
		{"exit 1", "Could not open", lab.KindInvalid},
		{"kill -9 $$", "", lab.KindInvalid},
	}
	for _, tt := range tests {
		got := verdict(exec.Command("/bin/sh", "-c", tt.script).Run(), tt.said)
		mustBeKind(t, got, tt.want)
		if got != nil && strings.Contains(got.Error(), "many lines") {
			t.Errorf("got %v, want the last line only", got)
		}
	}
	mustBeKind(t, verdict(exec.ErrNotFound, ""), lab.KindUnavailable)
}

func TestMessageIsBounded(t *testing.T) {
	var m message
	for range 3 {
		if n, err := m.Write(make([]byte, limitMessage-1)); n != limitMessage-1 || err != nil {
			t.Errorf("got %d, %v, want all taken", n, err)
		}
	}
	if m.Len() != limitMessage {
		t.Errorf("got %d bytes kept, want %d", m.Len(), limitMessage)
	}
}
