package virt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// stagingSuffix names the folder beside the pool's in which volumes are made:
// in the pool itself libvirt would list what is not whole.
const stagingSuffix = ".incoming"

// Staging implements lab.Placer. What is made beside the pool gets the security
// label that files of the pool have, where there are such.
func (c *Conn) Staging(ctx context.Context) (dir string, err error) {
	if !c.uri.local() {
		return "", errNoPlacing(errNotHere)
	}
	err = c.with(ctx, "find the pool", func(s *session) error {
		return c.withPool(s, func(*libvirt.StoragePool) error { return nil }) // it is there, and where we think
	})
	if err != nil {
		return "", err
	}
	dir = filepath.Clean(c.cfg.PoolPath) + stagingSuffix
	if err := writable(c.cfg.PoolPath, dir); err != nil {
		return "", errNoPlacing(err)
	}
	return dir, nil
}

func errNoPlacing(err error) *lab.Error {
	return lab.Errorf(lab.KindUnavailable, "files can not be moved into the pool").WithCause(err)
}

// probeFile is the name of the file by which it is tried whether others can be moved.
const probeFile = ".sandboxlabs-probe"

// writable makes sure that files can be moved from one folder into another. One process tries it
// at a time, so that a file of that name is of one that died, and goes with the next try.
func writable(pool, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // and lets go of it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return &os.PathError{Op: "lock", Path: dir, Err: err}
	}
	probe, target := filepath.Join(dir, probeFile), filepath.Join(pool, probeFile)
	err = errors.Join(removeAny(probe), removeAny(target))
	if err == nil {
		err = os.WriteFile(probe, nil, 0o600)
	}
	if err == nil {
		err = os.Link(probe, target)
	}
	return errors.Join(err, removeAny(target), removeAny(probe))
}

// removeAny removes a file if it is there.
func removeAny(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Place implements lab.Placer. The file is linked, which never replaces another,
// and on the disk before it has its name there.
func (c *Conn) Place(ctx context.Context, name, file string) (volume lab.Volume, err error) {
	if isSeed(name) || checkFile(name) != nil {
		return lab.Volume{}, lab.Errorf(lab.KindInvalid, "%q is not the name of an image's or an overlay's volume", name)
	}
	err = c.with(ctx, "place the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			if err := c.place(name, file); err != nil {
				return err
			}
			// That virsh sees it at once is a courtesy, which libvirt refuses while it fills another volume.
			if err := p.Refresh(0); err != nil {
				c.cfg.Log.Debug("the pool was not read again", "error", err)
			}
			volume, err = c.volume(ctx, p, name)
			return err
		})
	})
	return volume, err
}

func (c *Conn) place(name, file string) error {
	target := filepath.Join(c.cfg.PoolPath, name)
	mode := private
	if isImage(name) {
		mode = readOnly
	}
	err := settle(file, mode)
	if err == nil {
		err = os.Link(file, target)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return errVolumeExists(name)
	case err != nil:
		return lab.Errorf(lab.KindUnavailable, "the volume can not be moved into the pool").WithHint(healthy).WithCause(err)
	}
	if err := errors.Join(os.Remove(file), syncDir(c.cfg.PoolPath)); err != nil {
		return lab.Errorf(lab.KindUnavailable, "the volume can not be moved into the pool").WithHint(healthy).WithCause(errors.Join(err, os.Remove(target)))
	}
	return nil
}

// settle gives a file its mode and has it on the disk.
func settle(file string, mode fs.FileMode) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(mode), f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
