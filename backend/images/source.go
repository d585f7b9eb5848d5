package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"syscall"

	"sandboxlabs/backend/lab"
)

// source is a local file that can become a base image.
type source struct {
	file         *os.File
	path         string
	info         fs.FileInfo
	virtualBytes int64
}

// openSource opens a regular file and reads its header. Nothing else is opened:
// a pipe would wait for a writer, and some devices act when they are opened.
func openSource(path string) (*source, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, lab.Errorf(lab.KindInvalid, "%s is not a regular file", path).WithHint("Choose a qcow2 file.")
	}
	if err != nil {
		return nil, explainOpen(err, path)
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, explainOpen(err, path)
	}
	s := &source{file: file, path: path}
	if err := s.readHeader(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

const readable = "See whether its disk is healthy and still mounted."

func explainOpen(err error, path string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lab.Errorf(lab.KindNotFound, "there is no file %s", path).WithHint("See whether the path is right.")
	case errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "you may not read %s", path).WithHint("Make it readable for you, or copy it.")
	}
	return lab.Errorf(lab.KindUnavailable, "can not open %s", path).WithHint(readable).WithCause(err)
}

func (s *source) readHeader() (err error) {
	if s.info, err = s.file.Stat(); err != nil || !s.info.Mode().IsRegular() {
		return lab.Errorf(lab.KindInvalid, "%s is not a regular file", s.path).WithCause(err)
	}
	var head [headerSize]byte
	n, err := s.file.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return s.unreadable(err)
	}
	s.virtualBytes, err = parseHeader(head[:n])
	return s.refuse(err)
}

// refuse makes a sentence of what is wrong with the file.
func (s *source) refuse(err error) error {
	var e *lab.Error
	if !errors.As(err, &e) {
		return err
	}
	return lab.Errorf(e.Kind, "%s can not be a base image", s.path).WithCause(e).WithHint("%s", e.Hint)
}

func (s *source) unreadable(err error) error {
	return lab.Errorf(lab.KindUnavailable, "can not read %s", s.path).WithHint(readable).WithCause(err)
}

// content reads the file from its start; at is told how far it is, 0 to 1.
func (s *source) content(ctx context.Context, at func(float64)) *pass {
	size := s.info.Size()
	return &pass{ctx: ctx, from: io.NewSectionReader(s.file, 0, size), size: size, at: at, hash: sha256.New()}
}

// changed tells whether the file is no longer the one that was opened.
func (s *source) changed() bool {
	now, err := s.file.Stat()
	return err != nil || now.Size() != s.info.Size() || !now.ModTime().Equal(s.info.ModTime())
}

// errChanged is the end of an Add whose file does not hold still.
func (s *source) errChanged() error {
	return lab.Errorf(lab.KindBusy, "%s changed while it was being read", s.path).WithHint("Add it again when nothing writes to it.")
}

// pass is one reading of a source.
type pass struct {
	ctx   context.Context
	from  io.Reader
	size  int64
	done  int64
	short bool // it ended before size
	at    func(float64)
	hash  hash.Hash
}

func (p *pass) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.from.Read(b)
	p.hash.Write(b[:n])
	p.done += int64(n)
	p.short = err == io.EOF && p.done < p.size
	p.at(float64(p.done) / float64(p.size))
	return n, err
}

func (p *pass) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }
