package images

import (
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"sandboxlabs/backend/lab"
)

// unpackers make a reader of what is packed. They are given buffered input, and
// read no more of it than they must.
var unpackers = map[string]func(io.Reader) (io.Reader, error){
	asGzip: func(r io.Reader) (io.Reader, error) { return newMembers(r) },
	asXZ:   func(r io.Reader) (io.Reader, error) { return xzConfig.NewReader(r) },
	asZstd: func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow))
	},
	asBzip2: func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }, //nolint:unparam // as the others
}

// members unpacks the members of a gzip file one after the other, and ignores
// what follows the last, as gunzip does: OpenWrt signs its images there.
type members struct {
	from *bufio.Reader
	*gzip.Reader
}

func newMembers(r io.Reader) (*members, error) {
	from := bufio.NewReaderSize(r, 1<<20) // r itself, if it is such already
	z, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &members{from, z}, nil
}

func (m *members) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	next, err := m.from.Peek(2)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return n, err
	case string(next) != "\x1f\x8b":
		return n, io.EOF
	}
	err = m.Reset(m.from)
	m.Multistream(false)
	return n, err
}

// maxWindow is how far back a packed file may refer, in bytes: what xz -9 and
// zstd --long=27 use, twice.
const maxWindow = 256 << 20

var xzConfig = xz.ReaderConfig{DictCap: maxWindow}

// unpack goes on with what a packed file holds. How much that is is not known
// before, so that it ends where the room does: a bomb is defused by that.
func (a *addition) unpack(ctx context.Context, s *source) (*source, error) {
	defer s.close()
	packing, at := s.packing, section{0, s.info.Size()}
	if s.appliance.packing != none {
		packing, at = packingOf(s.appliance.packing), s.part
	}
	if a.unpacked++; a.unpacked > maxNesting {
		return nil, s.refuse(lab.Errorf(lab.KindInvalid, "it is packed more than %d times over", maxNesting).WithHint("Unpack it yourself, and add the disk in it."))
	}
	name := fmt.Sprintf("%s-%d", unpackFile, a.unpacked)
	a.begin(lab.StepUnpacking, at.size, a.image().Progress+(1-a.image().Progress)/3)
	counted := &counter{r: io.NewSectionReader(s.file, at.offset, at.size), at: a.at}
	err := a.stage.unpackTo(ctx, name, packing, counted)
	if err == nil && s.changed() {
		err = s.errChanged()
	}
	if err != nil {
		return nil, s.refuse(err)
	}
	if s.ours {
		if err := os.Remove(s.path); err != nil {
			return nil, explainStage(err)
		}
	}
	return a.shape(ctx, a.stage.path(name), true)
}

// maxNesting is how often a disk may be packed over: an ova.gz is, twice.
const maxNesting = 3

// packingOf reads the compression attribute of an OVF file (DSP0243, 7.1).
func packingOf(compression string) string {
	if compression == "gzip" {
		return asGzip
	}
	return compression
}

// unpackTo unpacks what from gives into a file of the stage.
func (s *stage) unpackTo(ctx context.Context, name, packing string, from io.Reader) (err error) {
	if unpackers[packing] == nil {
		return lab.Errorf(lab.KindInvalid, "its disk is packed by %q, which is not known here", packing).WithHint("Unpack it yourself, and add the disk in it.")
	}
	file, err := s.create(name, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return s.unpackInto(ctx, file, packing, from)
}

// unpackInto writes what from holds, packed, to a file of the stage.
func (s *stage) unpackInto(ctx context.Context, file io.Writer, packing string, from io.Reader) error {
	room, err := s.mustFit(0)
	if err != nil {
		return err
	}
	u, err := unpackers[packing](bufio.NewReaderSize(reader{ctx, from}, 1<<20))
	if err != nil {
		return damagedPacking(ctx, err)
	}
	n, err := io.Copy(file, io.LimitReader(reader{ctx, u}, room+1)) // of little that is packed much may come
	switch {
	case errors.Is(err, syscall.ENOSPC) || err == nil && n > room:
		err = lab.Errorf(lab.KindUnavailable, "there is no room for it: unpacked it is larger than the %s that are free", lab.Size(room)).
			WithHint("Make room on the disk of %s.", s.dir)
	case err != nil:
		err = damagedPacking(ctx, err)
	}
	if d, ok := u.(*zstd.Decoder); ok {
		d.Close() // it holds buffers
	}
	return err
}

// damagedPacking is the error of an unpacker, which tells nobody anything.
func damagedPacking(ctx context.Context, err error) error {
	if gone := lab.Cancelled(ctx); gone != nil {
		return gone
	}
	var known *lab.Error // of whoever reads for it
	if errors.As(err, &known) {
		return known
	}
	return lab.Errorf(lab.KindInvalid, "it can not be unpacked: it is damaged or cut short").WithHint(fetch).WithCause(err)
}

// counter tells how much was read through it.
type counter struct {
	r    io.Reader
	done int64
	at   func(int64)
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done += int64(n)
	c.at(c.done)
	return n, err
}
