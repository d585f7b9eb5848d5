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
	"path/filepath"
	"syscall"

	"sandboxlabs/backend/lab"
)

// source is a local file, opened, and what it turned out to be.
type source struct {
	file    *os.File
	path    string
	info    fs.FileInfo
	packing string // none, or how it is packed; then nothing more is known of it
	format  string
	// part is where the disk is in the file; zero: it is the file.
	part section
	// beside says that the disk is in other files too, which are found by its path.
	beside       bool
	appliance    appliance // of an OVA or OVF
	virtualBytes int64     // of a qcow2 file or an ISO; 0: qemu-img must be asked
	ours         bool      // it is in the stage, and may be moved into the pool
	sha256       string    // of a file in the stage that was summed up when it came; empty: not known
}

// openSource opens a regular file and looks at its content. Nothing else is
// opened: a pipe would wait for a writer, and some devices act when they are opened.
func openSource(path string) (*source, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, path: path}
	if err := s.examine(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, lab.Errorf(lab.KindInvalid, "%s is not a regular file", path).WithHint("Choose the image of a disk.")
	}
	if err != nil {
		return nil, explainOpen(err, path)
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, explainOpen(err, path)
	}
	return file, nil
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

func (s *source) close() { _ = s.file.Close() } // it was only read

func (s *source) examine() (err error) {
	if s.info, err = s.file.Stat(); err != nil || !s.info.Mode().IsRegular() {
		return lab.Errorf(lab.KindInvalid, "%s is not a regular file", s.path).WithCause(err)
	}
	if s.packing, s.format, err = detect(s.file, s.info.Size()); err != nil {
		return s.unreadable(err)
	}
	if err = refuseForeign(s.packing, s.format); err == nil {
		err = s.examineFormat()
	}
	return s.refuse(err)
}

// examineFormat makes sure, as far as the beginning of the file tells, that what
// opens the disk will open no other file.
func (s *source) examineFormat() (err error) {
	size := s.info.Size()
	switch s.format {
	case qcow2:
		s.virtualBytes, err = s.readHeader()
	case iso:
		s.virtualBytes = size
		if !boots(s.file, size) {
			err = lab.Errorf(lab.KindInvalid, "nothing can be started from this ISO: it has no boot record").WithHint("Choose the ISO of an installer or a live system.")
		}
	case vmdk:
		s.beside, err = checkVMDK(s.file, size, filepath.Dir(s.path))
	case ova:
		err = s.examineOVA()
	case ovf:
		s.appliance, err = readOVF(io.NewSectionReader(s.file, 0, size))
	default:
		err = refuseParent(s.file, s.format, size)
	}
	return err
}

func (s *source) readHeader() (int64, error) {
	var head [headerSize]byte
	n, err := s.file.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, s.unreadable(err)
	}
	return parseHeader(head[:n])
}

// examineOVA makes the disk in the archive the source.
func (s *source) examineOVA() (err error) {
	if s.appliance, s.part, err = readOVA(s.file, s.info.Size()); err != nil || s.appliance.packing != none {
		return err
	}
	disk := io.NewSectionReader(s.file, s.part.offset, s.part.size)
	_, s.format, err = detect(disk, s.part.size)
	switch {
	case err != nil:
		return s.unreadable(err)
	case s.format == vmdk:
		_, err = checkVMDK(disk, s.part.size, "")
		return err
	case s.format == vdi || s.format == vhd || s.format == vhdx || s.format == raw:
		return refuseParent(disk, s.format, s.part.size)
	case s.format == qcow2:
		var head [headerSize]byte
		n, _ := disk.ReadAt(head[:], 0) // cut short, it is no header
		_, err := parseHeader(head[:n])
		return err
	}
	return lab.Errorf(lab.KindInvalid, "the disk in it, %s, is in no format known here", s.appliance.disk).WithHint("Unpack it, and convert its disk with qemu-img.")
}

// input is how qemu-img opens it.
func (s *source) input() input {
	if s.beside {
		return asPath(s.format, s.path)
	}
	return asInput(s.format, s.file, s.part)
}

// refuse makes a sentence of what is wrong with the file.
func (s *source) refuse(err error) error {
	var e *lab.Error
	if !errors.As(err, &e) {
		return err
	}
	return lab.Errorf(e.Kind, "%s can not become an image", s.path).WithCause(e).WithHint("%s", e.Hint)
}

func (s *source) unreadable(err error) error {
	return lab.Errorf(lab.KindUnavailable, "can not read %s", s.path).WithHint(readable).WithCause(err)
}

// content reads the file from its start; at is told how many bytes were read.
func (s *source) content(ctx context.Context, at func(int64)) *pass {
	size := s.info.Size()
	return &pass{ctx: ctx, from: io.NewSectionReader(s.file, 0, size), size: size, at: at, hash: sha256.New()}
}

// readTo reads the file through and gives its checksum.
func (s *source) readTo(ctx context.Context, to io.Writer, at func(int64)) (sha string, err error) {
	p := s.content(ctx, at)
	_, err = io.CopyBuffer(struct{ io.Writer }{to}, p, make([]byte, 256<<10)) // writers that read by themselves do by 8 KiB
	switch gone := lab.Cancelled(ctx); {
	case gone != nil:
		return "", gone
	case errors.Is(err, syscall.ENOSPC):
		return "", errFull.WithCause(err)
	case err != nil:
		return "", s.unreadable(err)
	case p.short || s.changed():
		return "", s.errChanged()
	}
	return p.sum(), nil
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
	at    func(int64)
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
	p.at(p.done)
	return n, err
}

func (p *pass) sum() string { return hex.EncodeToString(p.hash.Sum(nil)) }
