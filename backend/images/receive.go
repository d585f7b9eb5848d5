package images

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// A reception has a folder of its own in the staging folder, whose name no image
// can have, and a lock beside it, so that one that can be locked was left by a
// process that died. Placing a disk is an adoption (adopt.go).
const (
	receptionPrefix = ".reception-"
	receptionLock   = ".lock"
)

var _ lab.Receiver = (*Library)(nil)

// reception is a lab.Reception.
type reception struct {
	library *Library
	stage   *stage
	unlock  func()
}

// Receive implements lab.Receiver.
func (l *Library) Receive(ctx context.Context) (lab.Reception, error) {
	root, placer, err := l.staging(ctx)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, receptionPrefix+strings.ToLower(rand.Text()))
	unlock, err := durable.Lock(dir + receptionLock)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		unlock()
		return nil, explainStage(err)
	}
	return &reception{library: l, stage: &stage{dir: dir, placer: placer, free: l.free}, unlock: unlock}, nil
}

// Room implements lab.Reception.
func (r *reception) Room() (int64, error) { return r.stage.room() }

// Path implements lab.Reception.
func (r *reception) Path(name string) string { return r.stage.path(name) }

// Close implements lab.Reception.
func (r *reception) Close() error {
	defer r.unlock()
	return r.stage.remove()
}

// Take implements lab.Reception.
func (r *reception) Take(ctx context.Context, name string, size int64, content io.Reader) error {
	if name == "" || strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") {
		return lab.Errorf(lab.KindInvalid, "%q is no name for a file that is received", name)
	}
	f, err := os.OpenFile(r.Path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return explainStage(err)
	}
	n, err := r.fill(ctx, f, io.LimitReader(content, size))
	if err == nil && n != size {
		err = lab.Errorf(lab.KindInvalid, "the content of %s ends after %d of %d bytes", name, n, size)
	}
	if err == nil {
		err = explainFull(f.Truncate(size)) // its end may be a hole
	}
	return errors.Join(err, explainFull(f.Close()))
}

// hole is what is looked at for zeros: a cluster of qcow2, and a multiple of every file system's blocks.
const hole = 64 << 10

// fill writes a content with holes where it is zero.
func (r *reception) fill(ctx context.Context, f *os.File, content io.Reader) (size int64, err error) {
	b, zeros := make([]byte, 1<<20), make([]byte, hole)
	for {
		if err := lab.Cancelled(ctx); err != nil {
			return size, err
		}
		n, err := io.ReadFull(content, b)
		for at := 0; at < n; at += hole {
			part := b[at:min(n, at+hole)]
			if bytes.Equal(part, zeros[:len(part)]) {
				continue
			}
			if _, err := f.WriteAt(part, size+int64(at)); err != nil {
				return size, explainFull(err)
			}
		}
		begun := size
		size += int64(n)
		_ = unix.SyncFileRange(int(f.Fd()), begun, int64(n), unix.SYNC_FILE_RANGE_WRITE) // the disk may begin: placing waits for it
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

func explainFull(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errFull.WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "what is received can not be written").WithHint(readable).WithCause(err)
}

// Check implements lab.Reception.
func (r *reception) Check(ctx context.Context, name string) error {
	f, err := os.Open(r.Path(name))
	if err != nil {
		return explainStage(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, headerSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return explainStage(err)
	}
	if _, err := parseOverlay(head[:n]); err != nil {
		return err
	}
	return lab.Cancelled(ctx)
}

// PlaceDisk implements lab.Reception. The variables come first: an overlay that
// is there has its variables.
func (r *reception) PlaceDisk(ctx context.Context, overlay, base, disk, variables string) (_ lab.Volume, err error) {
	if err := checkAdopted(overlay); err != nil {
		return lab.Volume{}, err
	}
	s, err := r.library.beginAdoption(ctx, overlay)
	if err != nil {
		return lab.Volume{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.library.giveUp(context.WithoutCancel(ctx), s, overlay))
		}
	}()
	if err := r.library.pool.Delete(ctx, overlay); err != nil { // variables that lie there without their overlay are nobody's
		return lab.Volume{}, err
	}
	if err := os.Rename(r.Path(disk), s.path(diskFile)); err != nil {
		return lab.Volume{}, explainStage(err)
	}
	if err := rebase(ctx, s.path(diskFile), base); err != nil {
		return lab.Volume{}, err
	}
	if variables != "" {
		id, generation, _ := lab.ParseOverlayVolume(overlay)
		name := (&lab.NodeSpec{ID: id}).VariablesVolume(generation)
		if _, err := r.library.place(ctx, s, name, r.Path(variables)); err != nil {
			return lab.Volume{}, err
		}
	}
	return r.library.place(ctx, s, overlay, s.path(diskFile))
}

// SweepReceptions implements lab.Receiver.
func (l *Library) SweepReceptions(ctx context.Context) error {
	root, _, err := l.staging(ctx)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return explainStage(err)
	}
	var errs []error
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), receptionPrefix) {
			errs = append(errs, sweepReception(filepath.Join(root, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// sweepReception removes one unless somebody works in it.
func sweepReception(dir string) error {
	unlock, err := durable.Lock(dir + receptionLock)
	if lab.KindOf(err) == lab.KindBusy {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return (&stage{dir: dir}).remove()
}
