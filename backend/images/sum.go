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

func newSums(pool lab.Pool) sums {
	s := sums{pool: pool, turn: make(chan struct{}, 1), known: map[version]digest{}}
	s.turn <- struct{}{}
	return s
}

func (s *sums) of(ctx context.Context, v lab.Volume) (digest, error) {
	select {
	case <-ctx.Done():
		return digest{}, lab.Cancelled(ctx)
	case <-s.turn:
	}
	defer func() { s.turn <- struct{}{} }()
	key := version{v.Name, v.FileBytes, v.ModTime.UTC().Round(0)}
	if d, ok := s.known[key]; ok {
		return d, nil
	}
	d, err := s.read(ctx, v.Name)
	if err == nil {
		s.known[key] = d
	}
	return d, err
}

func (s *sums) read(ctx context.Context, volume string) (digest, error) {
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
		_, err = io.Copy(hash, reader{ctx, content})
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
