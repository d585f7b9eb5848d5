package archive

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"sandboxlabs/backend/lab"
)

// maxWindow is the most that unpacking keeps in memory; what Writer packs needs 8 MiB.
const maxWindow = 64 << 20

// Reader reads a backup from its beginning to its end.
type Reader struct {
	Manifest Manifest

	zstd *zstd.Decoder
	tar  *tar.Reader
	left []Member
	sums strings.Builder // of what was read
	now  *member
}

// member is the one that is being read.
type member struct {
	name string
	must string // its checksum; empty: any
	left io.LimitedReader
	sum  *summer
}

// NewReader reads the manifest. What it says can be relied on when Next has given
// io.EOF. Close must follow.
func NewReader(from io.Reader) (*Reader, error) {
	packed, err := zstd.NewReader(from, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, explainRead(err)
	}
	r := &Reader{zstd: packed, tar: tar.NewReader(packed)}
	text, err := r.whole(manifestName, maxManifest)
	if err == nil {
		r.Manifest, err = parse(text)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	r.left = r.Manifest.Members()
	return r, nil
}

// Close gives free what unpacking takes.
func (r *Reader) Close() {
	if r.now != nil {
		r.now.sum.sum()
		r.now = nil
	}
	r.zstd.Close()
}

// Next gives the next member, and its content until Next is called again. What is
// not read of one is read then, to be summed up. After the last one the sums are
// compared, and io.EOF says that everything was whole.
func (r *Reader) Next() (Member, io.Reader, error) {
	if err := r.finish(); err != nil {
		return Member{}, nil, err
	}
	if len(r.left) == 0 {
		return Member{}, nil, r.end()
	}
	next := r.left[0]
	r.left = r.left[1:]
	if err := r.open(next.Name, next.Bytes, next.Bytes); err != nil {
		return next, nil, err
	}
	r.now.must = next.Image
	return next, r, nil
}

// Read implements io.Reader for the member that Next gave.
func (r *Reader) Read(p []byte) (int, error) {
	if r.now == nil || r.now.left.N == 0 {
		return 0, io.EOF
	}
	n, err := r.now.left.Read(p)
	_, _ = r.now.sum.Write(p[:n]) // it never fails
	if err != nil && r.now.left.N > 0 {
		return n, explainRead(err)
	}
	return n, nil
}

// open begins the member that must come now, of at least and at most so many bytes.
func (r *Reader) open(name string, least, most int64) error {
	h, err := r.tar.Next()
	if err != nil {
		return explainRead(err)
	}
	_, sized := h.PAXRecords["size"]
	switch {
	case h.Name != name || h.Typeflag != tar.TypeReg || h.Linkname != "":
		return errDamaged("it holds %.80q where %s should be", h.Name, name)
	case len(h.PAXRecords) > 1 || len(h.PAXRecords) == 1 && !sized:
		return errDamaged("%s is more than a plain file", name)
	case h.Size < least || h.Size > most:
		return errDamaged("%s has %d bytes, which is not its size", name, h.Size)
	}
	r.now = &member{name: name, left: io.LimitedReader{R: r.tar, N: h.Size}, sum: newSummer()}
	return nil
}

// finish reads what is left of a member, and notes its sum.
func (r *Reader) finish() error {
	if r.now == nil {
		return nil
	}
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, chunk)) // in large pieces
	was, sum := r.now, r.now.sum.sum()
	r.now = nil
	fmt.Fprintf(&r.sums, "%s  %s\n", sum, was.name)
	if err == nil && was.must != "" && was.must != sum {
		err = errDamaged("%s has another checksum than its name says", was.name)
	}
	return err
}

// whole gives a member that is kept in memory.
func (r *Reader) whole(name string, most int64) ([]byte, error) {
	if err := r.open(name, 1, most); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	return text, errors.Join(err, r.finish())
}

// end compares the sums and makes sure that nothing follows.
func (r *Reader) end() error {
	computed := r.sums.String()
	told, err := r.whole(sumsName, int64(len(computed)))
	if err != nil {
		return err
	}
	if name := differing(computed, string(told)); name != "" {
		return errDamaged("%s has another checksum than was written down", name)
	}
	if _, err := r.tar.Next(); err == nil {
		return errDamaged("something follows its checksums")
	} else if !errors.Is(err, io.EOF) {
		return explainRead(err)
	}
	switch _, err := io.ReadFull(r.zstd, make([]byte, 1)); {
	case err == nil:
		return errDamaged("something follows its end")
	case !errors.Is(err, io.EOF):
		return explainRead(err)
	}
	return io.EOF
}

// differing names the first member whose lines are not the same; empty if all are.
func differing(computed, told string) string {
	lines := strings.Split(told, "\n")
	for i, line := range strings.Split(computed, "\n") {
		if i >= len(lines) || lines[i] != line {
			_, name, _ := strings.Cut(line, "  ")
			return name
		}
	}
	return ""
}

// explainRead makes a sentence of why a stream is no backup.
func explainRead(err error) error {
	var known *lab.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errDamaged("it ends too early")
	case errors.Is(err, zstd.ErrMagicMismatch):
		return errDamaged("it is not packed by zstd")
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return errDamaged("unpacking it takes more memory than a backup does")
	}
	return errDamaged("it can not be read").WithCause(err)
}
