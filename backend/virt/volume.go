package virt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// Volumes implements lab.Pool.
func (c *Conn) Volumes(ctx context.Context) (volumes []lab.Volume, err error) {
	err = c.with(ctx, "list the volumes", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			volumes, err = c.localVolumes()
			if errors.Is(err, errNotHere) {
				volumes, err = c.libvirtVolumes(p)
			}
			return err
		})
	})
	return volumes, err
}

// Volume implements lab.Pool.
func (c *Conn) Volume(ctx context.Context, name string) (volume lab.Volume, err error) {
	if err := checkFile(name); err != nil {
		return lab.Volume{}, err
	}
	err = c.with(ctx, "read the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			volume, err = c.volume(ctx, p, name)
			return err
		})
	})
	return volume, err
}

func (c *Conn) volume(ctx context.Context, p *libvirt.StoragePool, name string) (lab.Volume, error) {
	v, err := c.localVolume(name)
	if !errors.Is(err, errNotHere) {
		return v, err
	}
	handle, err := p.LookupStorageVolByName(name)
	if isVariables(name) { // which QEMU's start makes, while libvirt does not look
		handle, err = c.lookup(ctx, p, name)
	}
	if errors.Is(err, libvirt.ERR_NO_STORAGE_VOL) {
		return lab.Volume{}, errNoVolume(name)
	}
	if err != nil {
		return lab.Volume{}, err
	}
	defer free(handle)
	return describe(handle)
}

// filled describes a volume that has just been filled. libvirt, which took it
// for raw, looks for its format in the background: it is made to look first.
func (c *Conn) filled(ctx context.Context, p *libvirt.StoragePool, name string) (lab.Volume, error) {
	v, err := c.localVolume(name)
	if !errors.Is(err, errNotHere) {
		return v, err
	}
	if err := refresh(ctx, p); err != nil {
		return lab.Volume{}, err
	}
	return c.volume(ctx, p, name)
}

// refresh has libvirt read the pool anew, which it refuses, with no code of its
// own for it, while it makes another volume.
func refresh(ctx context.Context, p *libvirt.StoragePool) error {
	const tries, pause = 250, 20 * time.Millisecond
	for range tries - 1 {
		if err := p.Refresh(0); !errors.Is(err, libvirt.ERR_INTERNAL_ERROR) {
			return err
		}
		select {
		case <-ctx.Done():
			return lab.Cancelled(ctx)
		case <-time.After(pause):
		}
	}
	return p.Refresh(0)
}

func isOverlay(name string) bool {
	_, _, ok := lab.ParseOverlayVolume(name)
	return ok
}

func isImage(name string) bool {
	_, _, _, ok := lab.ParseImageVolume(name)
	return ok && !isOverlay(name)
}

func isSeed(name string) bool {
	_, _, ok := lab.ParseSeedVolume(name)
	return ok
}

func isVariables(name string) bool {
	_, _, ok := lab.ParseVariablesVolume(name)
	return ok
}

// checkFile is checkVolume, and takes what lies beside an overlay too.
func checkFile(name string) error {
	if isVariables(name) {
		return nil
	}
	return checkVolume(name)
}

func checkVolume(name string) error {
	if isOverlay(name) || isImage(name) || isSeed(name) {
		return nil
	}
	return lab.Errorf(lab.KindInvalid, "%q is not the name of a volume of ours", name)
}

func errNoVolume(name string) *lab.Error {
	return lab.Errorf(lab.KindNotFound, "there is no volume %s in the pool", name)
}

// errNotHere says that the pool's files can not be read by this process: they
// are another machine's or another user's. libvirt must be asked then.
var errNotHere = errors.New("the pool is not readable here")

const healthy = "See whether the disk is healthy and still mounted."

// localVolumes reads the directory of the pool: one look at each file, where
// libvirt would need a call per volume.
func (c *Conn) localVolumes() ([]lab.Volume, error) {
	if !c.uri.local() {
		return nil, errNotHere
	}
	entries, err := os.ReadDir(c.cfg.PoolPath)
	if errors.Is(err, fs.ErrPermission) {
		return nil, errNotHere
	}
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "the directory of the pool can not be read").WithHint(healthy).WithCause(err)
	}
	volumes := []lab.Volume{}
	for _, e := range entries {
		if checkVolume(e.Name()) != nil {
			continue
		}
		v, err := c.localVolume(e.Name())
		if lab.KindOf(err) == lab.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		volumes = append(volumes, v)
	}
	return volumes, nil
}

func (c *Conn) localVolume(name string) (lab.Volume, error) {
	if !c.uri.local() {
		return lab.Volume{}, errNotHere
	}
	v := lab.Volume{Name: name, Path: path.Join(c.cfg.PoolPath, name)}
	info, err := os.Stat(v.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return lab.Volume{}, errNoVolume(name)
	case errors.Is(err, fs.ErrPermission):
		return lab.Volume{}, errNotHere
	case err != nil:
		return lab.Volume{}, lab.Errorf(lab.KindUnavailable, "%s can not be read", v.Path).WithHint(healthy).WithCause(err)
	}
	if !info.Mode().IsRegular() {
		return lab.Volume{}, errNoVolume(name)
	}
	v.FileBytes, v.ModTime = info.Size(), info.ModTime()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		v.Bytes = st.Blocks * 512
	}
	v.VirtualBytes, v.Backing, err = readHeader(v.Path)
	if errors.Is(err, fs.ErrPermission) {
		return lab.Volume{}, errNotHere
	}
	return v, err
}

// libvirtVolumes asks libvirt, a call per volume.
func (c *Conn) libvirtVolumes(p *libvirt.StoragePool) ([]lab.Volume, error) {
	handles, err := p.ListAllStorageVolumes(0)
	if err != nil {
		return nil, err
	}
	volumes := []lab.Volume{}
	var errs []error
	for i := range handles {
		v, err := describe(&handles[i])
		free(&handles[i])
		switch {
		case errors.Is(err, libvirt.ERR_NO_STORAGE_VOL): // just gone
		case err != nil:
			errs = append(errs, err)
		case checkVolume(v.Name) == nil:
			volumes = append(volumes, v)
		}
	}
	return volumes, errors.Join(errs...)
}

// describe asks libvirt for a volume; it looks at the file for that.
func describe(handle *libvirt.StorageVol) (lab.Volume, error) {
	text, err := handle.GetXMLDesc(0)
	if err != nil {
		return lab.Volume{}, err
	}
	var x libvirtxml.StorageVolume
	if err := x.Unmarshal(text); err != nil {
		return lab.Volume{}, fmt.Errorf("read volume XML: %w", err)
	}
	v := lab.Volume{Name: x.Name, Bytes: size(x.Allocation), FileBytes: size(x.Physical), VirtualBytes: size(x.Capacity)}
	if x.Target != nil {
		v.Path = x.Target.Path
		if x.Target.Timestamps != nil {
			v.ModTime = timestamp(x.Target.Timestamps.Mtime)
		}
	}
	if x.BackingStore != nil {
		v.Backing = x.BackingStore.Path
	}
	return v, nil
}

func size(s *libvirtxml.StorageVolumeSize) int64 {
	if s == nil {
		return 0
	}
	return int64(s.Value) // bytes: libvirt writes no other unit
}

// timestamp reads SECONDS.NANOSECONDS; anything else is the zero time.
func timestamp(text string) time.Time {
	sec, nsec, _ := strings.Cut(text, ".")
	s, err1 := strconv.ParseInt(sec, 10, 64)
	n, err2 := strconv.ParseInt("0"+nsec, 10, 64)
	if err1 != nil || err2 != nil {
		return time.Time{}
	}
	return time.Unix(s, n)
}
