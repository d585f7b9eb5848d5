package virt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// reserve is what must be free on the pool's disk, beyond what is written at
// once, for a new volume to make sense.
const reserve = 16 << 20

// CreateOverlay implements lab.Pool.
func (c *Conn) CreateOverlay(ctx context.Context, name, base string, size int64) (volume lab.Volume, err error) {
	if err := checkOverlay(name); err != nil {
		return lab.Volume{}, err
	}
	if base != "" {
		if err := checkVolume(base); err != nil {
			return lab.Volume{}, err
		}
	}
	err = c.with(ctx, "make the overlay", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			under, err := c.under(ctx, p, base, size)
			if err != nil {
				return err
			}
			handle, err := c.make(ctx, p, overlayXML(name, under.Path, size), reserve)
			if err != nil {
				return err
			}
			defer free(handle)
			volume, err = c.volume(ctx, p, name)
			return err
		})
	})
	return volume, err
}

// under gives the base of an overlay whose disk is to have size bytes; without a
// base it is the zero volume.
func (c *Conn) under(ctx context.Context, p *libvirt.StoragePool, base string, size int64) (lab.Volume, error) {
	if base == "" {
		if size <= 0 {
			return lab.Volume{}, lab.Errorf(lab.KindInvalid, "a disk of %d bytes can not be made", size)
		}
		return lab.Volume{}, nil
	}
	v, err := c.volume(ctx, p, base)
	if err == nil && size != 0 && size < v.VirtualBytes {
		err = lab.Errorf(lab.KindInvalid, "a disk of %s is smaller than its base, which has %s", lab.Size(size), lab.Size(v.VirtualBytes))
	}
	return v, err
}

func checkOverlay(name string) error {
	if isOverlay(name) {
		return nil
	}
	return lab.Errorf(lab.KindInvalid, "%q is not the name of an overlay", name)
}

// overlayXML describes an overlay (libvirt.org/formatstorage.html). Without a
// format libvirt would record the base as raw. Capacity 0 is the base's.
func overlayXML(name, base string, size int64) libvirtxml.StorageVolume {
	qcow2 := &libvirtxml.StorageVolumeTargetFormat{Type: "qcow2"}
	x := libvirtxml.StorageVolume{
		Name:     name,
		Capacity: &libvirtxml.StorageVolumeSize{Value: uint64(size)},
		Target: &libvirtxml.StorageVolumeTarget{
			Format: qcow2, Compat: "1.1",
			Permissions: &libvirtxml.StorageVolumeTargetPermissions{Mode: "0600"},
		},
	}
	if base != "" {
		x.BackingStore = &libvirtxml.StorageVolumeBackingStore{Path: base, Format: qcow2}
	}
	return x
}

// make makes a volume for which there must be room.
func (c *Conn) make(ctx context.Context, p *libvirt.StoragePool, x libvirtxml.StorageVolume, room int64) (*libvirt.StorageVol, error) {
	if err := c.checkRoom(p, room); err != nil {
		return nil, err
	}
	text, err := x.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write volume XML: %w", err)
	}
	handle, err := p.StorageVolCreateXML(text, 0)
	if errors.Is(err, libvirt.ERR_STORAGE_VOL_EXIST) && refresh(ctx, p) == nil { // the file may have gone while libvirt did not look
		handle, err = p.StorageVolCreateXML(text, 0)
	}
	if errors.Is(err, libvirt.ERR_STORAGE_VOL_EXIST) {
		return nil, errVolumeExists(x.Name)
	}
	if err != nil {
		return nil, c.blameDisk(p, err)
	}
	return handle, nil
}

func errVolumeExists(name string) *lab.Error {
	return lab.Errorf(lab.KindExists, "there is a volume %s in the pool already", name)
}

// checkRoom refuses before the work what the disk can not hold.
func (c *Conn) checkRoom(p *libvirt.StoragePool, need int64) error {
	free, err := c.room(p)
	if err != nil || free >= need {
		return err
	}
	return lab.Errorf(lab.KindUnavailable, "the disk of the pool is full: %d MiB are free at %s, %d MiB are needed",
		free>>20, c.cfg.PoolPath, (need+1<<20-1)>>20).WithHint("%s", errDiskFull.Hint)
}

// blameDisk finds out whether an error that libvirt did not explain, or
// explained in its own language, came from a full disk.
func (c *Conn) blameDisk(p *libvirt.StoragePool, err error) error {
	if free, statErr := c.room(p); statErr == nil && free < reserve/16 {
		return errDiskFull.WithCause(plain(err))
	}
	return err
}

// room is what is free on the pool's disk. What libvirt says was true when the
// pool was last read, so it is asked only for a disk that is not here.
func (c *Conn) room(p *libvirt.StoragePool) (int64, error) {
	if _, free, err := c.diskSpace(); !errors.Is(err, errNotHere) {
		return free, err
	}
	info, err := p.GetInfo()
	if err != nil {
		return 0, err
	}
	return int64(info.Available), nil
}

// diskSpace measures the file system on which the pool is, or would be made.
func (c *Conn) diskSpace() (total, free int64, err error) {
	if !c.uri.local() {
		return 0, 0, errNotHere
	}
	var st syscall.Statfs_t
	dir := filepath.Clean(c.cfg.PoolPath)
	for err = syscall.Statfs(dir, &st); errors.Is(err, syscall.ENOENT) && dir != "/"; err = syscall.Statfs(dir, &st) {
		dir = path.Dir(dir)
	}
	if err != nil {
		return 0, 0, lab.Errorf(lab.KindUnavailable, "the disk of the pool at %s can not be measured", dir).WithHint(healthy).WithCause(&os.PathError{Op: "statfs", Path: dir, Err: err})
	}
	return int64(st.Blocks) * st.Bsize, int64(st.Bavail) * st.Bsize, nil
}

// lookup finds a volume's handle, also if the file came while libvirt did not look.
func (c *Conn) lookup(ctx context.Context, p *libvirt.StoragePool, name string) (*libvirt.StorageVol, error) {
	handle, err := p.LookupStorageVolByName(name)
	if !errors.Is(err, libvirt.ERR_NO_STORAGE_VOL) {
		return handle, err
	}
	if err := refresh(ctx, p); err != nil {
		return nil, err
	}
	handle, err = p.LookupStorageVolByName(name)
	if errors.Is(err, libvirt.ERR_NO_STORAGE_VOL) {
		return nil, errNoVolume(name)
	}
	return handle, err
}

// Delete implements lab.Pool. The variables go first: without their overlay
// nobody would look for them.
func (c *Conn) Delete(ctx context.Context, name string) error {
	if err := checkVolume(name); err != nil {
		return err
	}
	return c.with(ctx, "delete the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			if vars := variablesOf(name); isOverlay(name) && c.mayHave(vars) {
				if err := c.remove(ctx, p, vars); err != nil {
					return err
				}
			}
			return c.remove(ctx, p, name)
		})
	})
}

// mayHave reports whether there may be a file of that name in the pool; libvirt
// need not look then, which reads all of the pool anew.
func (c *Conn) mayHave(name string) bool {
	if !c.uri.local() {
		return true
	}
	_, err := os.Lstat(path.Join(c.cfg.PoolPath, name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (c *Conn) remove(ctx context.Context, p *libvirt.StoragePool, name string) error {
	handle, err := c.lookup(ctx, p, name)
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer free(handle)
	return erase(handle)
}

// erase deletes a volume, or finds that it went: libvirt reads the pool again in the background
// when it has filled a volume, and misses one then that somebody else removed.
func erase(handle *libvirt.StorageVol) error {
	if err := handle.Delete(0); !errors.Is(err, libvirt.ERR_NO_STORAGE_VOL) {
		return err
	}
	return nil
}
