package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"sandboxlabs/backend/lab"
)

// digest is what reading a volume through found.
type digest struct {
	sha          string // lower-case hex
	virtualBytes int64
	flaw         error // why no image can be made of it
}

// sums reads volumes through, one at a time, and remembers what it found until
// a volume's size or time changes.
type sums struct {
	pool  lab.Pool
	turn  chan struct{} // holds a token while nobody reads; guards known
	known map[version]digest
}

type version struct {
	volume  string
	bytes   int64
	modTime time.Time
}

func versionOf(v lab.Volume) version { return version{v.Name, v.FileBytes, v.ModTime.UTC().Round(0)} }

func newSums(pool lab.Pool) sums {
	s := sums{pool: pool, turn: make(chan struct{}, 1), known: map[version]digest{}}
	s.turn <- struct{}{}
	return s
}

func (s *sums) of(ctx context.Context, v lab.Volume) (digest, error) {
	release, err := s.take(ctx)
	if err != nil {
		return digest{}, err
	}
	defer release()
	if d, ok := s.known[versionOf(v)]; ok {
		return d, nil
	}
	d, err := s.read(ctx, v.Name, func(int64) {})
	if err == nil {
		s.known[versionOf(v)] = d
	}
	return d, err
}

// again reads a volume whatever is known of it, and calls at with how many bytes
// were read. Others need not wait for it.
func (s *sums) again(ctx context.Context, v lab.Volume, at func(int64)) (digest, error) {
	d, err := s.read(ctx, v.Name, at)
	if err != nil {
		return digest{}, err
	}
	release, err := s.take(ctx)
	if err != nil {
		return digest{}, err
	}
	defer release()
	s.known[versionOf(v)] = d
	return d, nil
}

// take waits until nobody else reads.
func (s *sums) take(ctx context.Context) (release func(), err error) {
	select {
	case <-ctx.Done():
		return nil, lab.Cancelled(ctx)
	case <-s.turn:
		return func() { s.turn <- struct{}{} }, nil
	}
}

func (s *sums) read(ctx context.Context, volume string, at func(int64)) (digest, error) {
	content, err := s.pool.Download(ctx, volume)
	if err != nil {
		return digest{}, err
	}
	defer content.Close()
	var head [headerSize]byte
	n, err := io.ReadFull(content, head[:])
	hash := sha256.New()
	hash.Write(head[:n])
	if err == nil {
		_, err = io.Copy(hash, &counter{r: reader{ctx, content}, at: at})
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		if err := lab.Cancelled(ctx); err != nil {
			return digest{}, err
		}
		return digest{}, lab.Errorf(lab.KindUnavailable, "can not read the volume %s", volume).WithHint(readable).WithCause(err)
	}
	size, flaw := parseHeader(head[:n])
	return digest{hex.EncodeToString(hash.Sum(nil)), size, flaw}, nil
}

// reader ends with the error of its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
