package images

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sandboxlabs/backend/lab"
)

// adopting is the folder, in the staging folder, of the adoptions that are not
// settled: a folder for each, named as its volume. It is there before the volume,
// so that after a crash it is known whose making the volume is. Whoever works in
// one has the volume's node reserved.
const adopting = ".adopting"

var _ lab.Adopter = (*Library)(nil)

// Inspect implements lab.Adopter.
func (l *Library) Inspect(ctx context.Context, path string) (lab.DiskFile, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return lab.DiskFile{}, err
	}
	s, err := openOverlay(path)
	if err != nil {
		return lab.DiskFile{}, err
	}
	defer s.close()
	info, err := s.input().info(ctx)
	if err != nil {
		return lab.DiskFile{}, s.refuseOverlay(err)
	}
	return lab.DiskFile{Bytes: s.info.Size(), VirtualBytes: info.VirtualSize, Backing: info.Backing, BackingFormat: info.BackingFormat}, nil
}

// openOverlay opens a qcow2 file that may stand on another one, and looks at its header.
func openOverlay(path string) (*source, error) {
	file, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	s := &source{file: file, path: path, format: qcow2}
	if s.info, err = file.Stat(); err == nil {
		var head [headerSize]byte
		n, readErr := file.ReadAt(head[:], 0)
		if err = readErr; err == nil || errors.Is(err, io.EOF) {
			s.virtualBytes, err = parseOverlay(head[:n])
		}
	}
	if err != nil {
		return nil, errors.Join(s.refuseOverlay(err), file.Close())
	}
	return s, nil
}

// refuseOverlay makes a sentence of what is wrong with an overlay's file.
func (s *source) refuseOverlay(err error) error {
	var e *lab.Error
	if !errors.As(err, &e) {
		return s.unreadable(err)
	}
	return lab.Errorf(e.Kind, "%s can not become a node's disk", s.path).WithCause(e).WithHint("%s", e.Hint)
}

// Near implements lab.Adopter.
func (l *Library) Near(ctx context.Context, path string) (bool, error) {
	root, placer, err := l.staging(ctx)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return false, explainStage(err)
	}
	there, err := os.Stat(root)
	if err != nil {
		return false, explainStage(err)
	}
	file, err := os.Stat(path)
	if err != nil {
		return false, explainOpen(err, path)
	}
	a, okA := there.Sys().(*syscall.Stat_t)
	b, okB := file.Sys().(*syscall.Stat_t)
	return placer != nil && okA && okB && a.Dev == b.Dev && int(b.Uid) == os.Geteuid() && file.Mode().IsRegular(), nil
}

// Adopt implements lab.Adopter. The node of the volume must be reserved.
func (l *Library) Adopt(ctx context.Context, in lab.Adoption, progress func(int64)) (v lab.Volume, err error) {
	if err := cmp.Or(checkAdopted(in.Volume), lab.Cancelled(ctx)); err != nil {
		return lab.Volume{}, err
	}
	base, err := l.pool.Volume(ctx, in.Base)
	if err != nil {
		return lab.Volume{}, err
	}
	s, err := l.beginAdoption(ctx, in.Volume)
	if err != nil {
		return lab.Volume{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.giveUp(context.WithoutCancel(ctx), s, in.Volume))
		}
	}()
	if progress == nil {
		progress = func(int64) {}
	}
	if err := s.takeOverlay(ctx, in.Path, base.Path, progress); err != nil {
		return lab.Volume{}, err
	}
	return l.place(ctx, s, in.Volume, s.path(diskFile))
}

// checkAdopted checks the name of a volume: one that is none could name any folder.
func checkAdopted(volume string) error {
	if _, _, ok := lab.ParseOverlayVolume(volume); !ok {
		return lab.Errorf(lab.KindInvalid, "%q is not the name of an overlay", volume)
	}
	return nil
}

// beginAdoption makes the folder of an adoption. A volume that an earlier one
// left is removed; any other is somebody's.
func (l *Library) beginAdoption(ctx context.Context, volume string) (*stage, error) {
	left, err := l.left(ctx, volume)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		if err := l.pool.Delete(ctx, volume); err != nil {
			return nil, err
		}
		if err := l.Settle(ctx, volume); err != nil {
			return nil, err
		}
	}
	switch _, err := l.pool.Volume(ctx, volume); {
	case err == nil:
		return nil, lab.Errorf(lab.KindExists, "there is a volume %s in the pool already, and no node that it is known to be of", volume).
			WithHint("Move it out of the pool if you want to keep it, or remove it: virsh vol-delete.")
	case lab.KindOf(err) != lab.KindNotFound:
		return nil, err
	}
	root, placer, err := l.staging(ctx)
	if err != nil {
		return nil, err
	}
	s := &stage{dir: filepath.Join(root, adopting, volume), placer: placer, free: l.free}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, explainStage(err)
	}
	return s, nil
}

// giveUp leaves nothing of an adoption; what can not be removed now is remembered.
func (l *Library) giveUp(ctx context.Context, s *stage, volume string) error {
	if err := l.pool.Delete(ctx, volume); err != nil {
		return err
	}
	return s.remove()
}

// takeOverlay makes a copy of an overlay's file that stands on another base.
func (s *stage) takeOverlay(ctx context.Context, path, base string, progress func(int64)) error {
	from, err := openOverlay(path)
	if err != nil {
		return err
	}
	defer from.close()
	if _, err := from.input().info(ctx); err != nil { // a running machine has it locked
		return from.refuseOverlay(err)
	}
	file, err := s.create(diskFile, from.info.Size())
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // whoever takes it into the pool has it written down
	if _, err := from.readTo(ctx, file, progress); err != nil {
		return err
	}
	err = checkOverlay(ctx, file)
	if err == nil {
		err = rebase(ctx, file.Name(), base)
	}
	if err != nil {
		return from.refuseOverlay(err)
	}
	return nil
}

// place moves a file of a stage into the pool, or uploads it where that can not be.
func (l *Library) place(ctx context.Context, s *stage, volume, path string) (lab.Volume, error) {
	if s.placer != nil {
		return s.placer.Place(ctx, volume, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return lab.Volume{}, explainStage(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return lab.Volume{}, explainStage(err)
	}
	v, err := l.pool.Upload(ctx, volume, info.Size(), file)
	if err != nil {
		return lab.Volume{}, err
	}
	return v, os.Remove(path)
}

// Settle implements lab.Adopter.
func (l *Library) Settle(ctx context.Context, volume string) error {
	left, err := l.left(ctx, volume)
	for _, dir := range left {
		err = errors.Join(err, (&stage{dir: dir}).remove())
	}
	return err
}

// left gives the folders of an adoption that is not settled.
func (l *Library) left(ctx context.Context, volume string) (dirs []string, err error) {
	if err := checkAdopted(volume); err != nil {
		return nil, err
	}
	roots, err := l.adoptions(ctx)
	for _, root := range roots {
		dir := filepath.Join(root, volume)
		if _, err := os.Lstat(dir); err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs, err
}

// adoptions gives the folders in which adoptions are: of the pool's staging
// folder, and of ours, where they are made while that can not be written to.
func (l *Library) adoptions(ctx context.Context) ([]string, error) {
	root, placer, err := l.staging(ctx)
	if err != nil {
		return nil, err
	}
	if placer == nil {
		return []string{filepath.Join(root, adopting)}, nil
	}
	return []string{filepath.Join(root, adopting), filepath.Join(l.aside(), adopting)}, nil
}

// Unsettled implements lab.Adopter.
func (l *Library) Unsettled(ctx context.Context) (volumes []string, err error) {
	roots, err := l.adoptions(ctx)
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		entries, err := os.ReadDir(root)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, explainStage(err)
		}
		for _, e := range entries {
			if _, _, ok := lab.ParseOverlayVolume(e.Name()); ok {
				volumes = append(volumes, e.Name())
			}
		}
	}
	return volumes, nil
}
