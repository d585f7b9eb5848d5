package archive

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"sandboxlabs/backend/lab"
)

// chunk is how much is read and written at once.
const chunk = 1 << 20

const (
	manifestName = "manifest.json"
	sumsName     = "SHA256SUMS"
)

// Writer writes a backup.
type Writer struct {
	zstd *packer
	tar  *tar.Writer
	made Manifest
	left []Member
	sums strings.Builder
}

// NewWriter begins a backup with its manifest, whose Format it sets.
func NewWriter(to io.Writer, m Manifest) (*Writer, error) {
	m.Format = Format
	if err := m.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "the manifest can not be written as JSON").WithCause(err)
	}
	if len(text) > maxManifest {
		return nil, lab.Errorf(lab.KindInvalid, "so many nodes do not fit into one backup").WithHint("Make several, of some of the nodes each.")
	}
	packed, err := newPacker(to)
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "the backup can not be packed").WithCause(err)
	}
	w := &Writer{zstd: packed, tar: tar.NewWriter(packed), made: m, left: m.Members()}
	return w, w.put(manifestName, int64(len(text)), strings.NewReader(string(text)))
}

// Add writes the next member of the manifest, of which content must have exactly
// the size that is said there.
func (w *Writer) Add(content io.Reader) error {
	if len(w.left) == 0 {
		return lab.Errorf(lab.KindInternal, "the backup is to have no more members")
	}
	next := w.left[0]
	w.left = w.left[1:]
	return w.put(next.Name, next.Bytes, content)
}

// put writes a member and notes its sum.
func (w *Writer) put(name string, size int64, content io.Reader) error {
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.made.Made.UTC().Truncate(1e9)}
	if err := w.tar.WriteHeader(&h); err != nil {
		return explainWrite(err)
	}
	sum := newSummer()
	n, err := sum.copy(w.tar, io.LimitReader(content, size))
	digest := sum.sum()
	switch {
	case err != nil:
		return explainWrite(err)
	case n != size:
		return lab.Errorf(lab.KindUnavailable, "%s has changed while it was read", name).WithHint("Make the backup again.")
	}
	fmt.Fprintf(&w.sums, "%s  %s\n", digest, name)
	return nil
}

// explainWrite leaves the errors of contents as they are.
func explainWrite(err error) error {
	var known *lab.Error
	if errors.As(err, &known) {
		return err
	}
	return lab.Errorf(lab.KindUnavailable, "the backup can not be written").WithCause(err).WithHint("Make room where it is to be, or choose another place.")
}

// Close writes the sums and the end; without it there is no backup.
func (w *Writer) Close() error {
	if len(w.left) > 0 {
		return lab.Errorf(lab.KindInternal, "the backup lacks %s", w.left[0].Name)
	}
	text := w.sums.String()
	err := w.put(sumsName, int64(len(text)), strings.NewReader(text))
	if err == nil {
		err = w.tar.Close()
	}
	if closed := w.zstd.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return explainWrite(err)
	}
	return nil
}

// summer sums up beside what else is done with the same bytes.
type summer struct {
	full, empty chan []byte
	done        chan string
}

func newSummer() *summer {
	s := &summer{full: make(chan []byte, 2), empty: make(chan []byte, 4), done: make(chan string, 1)}
	go func() {
		h := sha256.New()
		for b := range s.full {
			h.Write(b)
			select {
			case s.empty <- b:
			default:
			}
		}
		s.done <- hex.EncodeToString(h.Sum(nil))
	}()
	return s
}

// Write implements io.Writer; it never fails.
func (s *summer) Write(p []byte) (int, error) {
	s.full <- append(s.buffer(), p...)
	return len(p), nil
}

// buffer gives one of those that were summed up, or another.
func (s *summer) buffer() []byte {
	select {
	case b := <-s.empty:
		return b[:0]
	default:
		return make([]byte, 0, chunk)
	}
}

// copy copies what is summed up meanwhile out of the same memory.
func (s *summer) copy(to io.Writer, from io.Reader) (n int64, err error) {
	for {
		b := s.buffer()
		got, err := from.Read(b[:cap(b)])
		if got > 0 {
			s.full <- b[:got]
			if _, err := to.Write(b[:got]); err != nil {
				return n, err
			}
			n += int64(got)
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// sum ends it.
func (s *summer) sum() string {
	close(s.full)
	return <-s.done
}
