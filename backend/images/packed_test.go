package images

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"sandboxlabs/backend/lab"
)

// packings are ways to pack a disk, by name.
var packings = map[string]func(t *testing.T, content []byte) []byte{
	"gz": func(t *testing.T, content []byte) []byte {
		return packedBy(t, content, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	},
	"gz in members": func(t *testing.T, content []byte) []byte {
		return append(gzipped(t, content[:100_000]), gzipped(t, content[100_000:])...)
	},
	"gz with a signature": func(t *testing.T, content []byte) []byte {
		return append(gzipped(t, content), "FWx0, and so on"...)
	},
	"xz": func(t *testing.T, content []byte) []byte {
		return packedBy(t, content, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) })
	},
	"zst": func(t *testing.T, content []byte) []byte {
		return packedBy(t, content, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) })
	},
	"bz2": func(t *testing.T, content []byte) []byte {
		cmd := exec.CommandContext(t.Context(), "bzip2", "-c")
		cmd.Stdin = bytes.NewReader(content)
		out, err := cmd.Output()
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("needs bzip2")
		}
		if err != nil {
			t.Fatal(err)
		}
		return out
	},
}

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	return packedBy(t, content, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
}

func packedBy(t *testing.T, content []byte, packer func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := packer(&out)
	if err == nil {
		_, err = w.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestPackedDownloads unpacks on the way, and goes on where it was cut.
func TestPackedDownloads(t *testing.T) {
	content := payload()
	for name, pack := range packings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, w := newWebLibrary(t)
			p := mustPublish(t, pack(t, content))
			p.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool {
				if n == 0 {
					p.cut(w, len(p.content)/2)
				}
				return false
			}
			image := mustPull(t, l, p.remote())
			if want := fmt.Sprintf("%x", sha256.Sum256(content)); image.SHA256 != want {
				t.Errorf("got the checksum %s, want the content's, %s", image.SHA256, want)
			}
			if got := p.sentBytes(); got != len(p.content) {
				t.Errorf("got %d bytes sent, want %d", got, len(p.content))
			}
			mustRemove(t, l, "disk")
			t.Run("given up", func(t *testing.T) {
				p.answer = func(w http.ResponseWriter, _ *http.Request, n int) bool { p.cut(w, len(p.content)/2); return true }
				p.etag = "" // which leaves nothing to go on from
				_, err := pull(t, l, p.remote())
				wantError(t, err, lab.KindUnavailable, "it can not be downloaded")
				wantNothing(t, l, w)
			})
			t.Run("wrong", func(t *testing.T) {
				p.answer = nil
				p.content = append([]byte{}, p.content...)
				is := p.remote().Sum
				p.content[len(p.content)/2] ^= 0xff
				_, err := pull(t, l, lab.Remote{Addresses: []string{p.file()}, Sum: is})
				wantError(t, err, lab.KindInvalid, is, p.remote().Sum)
				wantNothing(t, l, w)
			})
		})
	}
}

// TestBombs unpacks to more than there is room for.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 16*mib)
	for _, packing := range []string{"xz", "gz", "zst"} {
		t.Run(packing, func(t *testing.T) {
			t.Parallel()
			l, w := newWebLibrary(t)
			p := mustPublish(t, packings[packing](t, zeros))
			l.free = func(string) (int64, error) { return reserveBytes + 2*mib, nil }
			_, err := pull(t, l, p.remote())
			wantError(t, err, lab.KindUnavailable, "no room", "2 MiB")
			wantNothing(t, l, w)
		})
	}
}

// slow ends what is written to it, once something is.
type slow struct {
	end  context.CancelFunc
	took int
}

func (s *slow) Write(p []byte) (int, error) {
	s.end()
	s.took += len(p)
	return len(p), nil
}

// TestCancelledInTheMiddle: also where nothing more is read, of what is packed, until
// much is unpacked.
func TestCancelledInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	to := &slow{end: cancel}
	s := &stage{dir: t.TempDir(), free: func(string) (int64, error) { return 1 << 40, nil }}
	err := s.unpackInto(ctx, to, asZstd, bytes.NewReader(packings["zst"](t, make([]byte, 32<<20))))
	if lab.KindOf(err) != lab.KindUnavailable || to.took > 1<<20 {
		t.Errorf("ended with %v after %d bytes, want it cancelled after the first", err, to.took)
	}
}
