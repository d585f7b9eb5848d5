package virt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// readOnly is the mode of bases: every QEMU may read them, nothing may write.
const readOnly = 0o444

// Upload implements lab.Pool.
func (c *Conn) Upload(ctx context.Context, name string, size int64, content io.Reader) (volume lab.Volume, err error) {
	if !isBase(name) {
		return lab.Volume{}, lab.Errorf(lab.KindInvalid, "%q is not the name of a base volume", name)
	}
	err = c.with(ctx, "upload the base image", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			volume, err = c.upload(ctx, s, p, name, size, content)
			return err
		})
	})
	return volume, err
}

func (c *Conn) upload(ctx context.Context, s *session, p *libvirt.StoragePool, name string, size int64, content io.Reader) (lab.Volume, error) {
	if _, err := c.make(p, c.baseXML(name, size), size+reserve, func(text string) (*libvirt.StorageVol, error) {
		return p.StorageVolCreateXML(text, 0)
	}); err != nil {
		return lab.Volume{}, err
	}
	handle, err := p.LookupStorageVolByName(name)
	if err != nil {
		return lab.Volume{}, err
	}
	defer free(handle)
	err = c.fill(ctx, s, handle, size, content)
	if err != nil {
		return lab.Volume{}, errors.Join(c.blameDisk(p, err), handle.Delete(0))
	}
	return c.volume(p, name)
}

// baseXML describes the file to upload into. Declared raw, it is made as long
// as it must be and nothing is written into it; libvirt looks for the real
// format when the upload is over. The system's libvirt may write to a read-only
// file; a user's may not, and the mode is set by fill.
func (c *Conn) baseXML(name string, size int64) libvirtxml.StorageVolume {
	mode := "0600"
	if c.uri.system {
		mode = fmt.Sprintf("%#o", readOnly)
	}
	return libvirtxml.StorageVolume{
		Name:       name,
		Allocation: &libvirtxml.StorageVolumeSize{Value: 0},
		Capacity:   &libvirtxml.StorageVolumeSize{Value: uint64(size)},
		Target: &libvirtxml.StorageVolumeTarget{
			Format:      &libvirtxml.StorageVolumeTargetFormat{Type: "raw"},
			Permissions: &libvirtxml.StorageVolumeTargetPermissions{Mode: mode},
		},
	}
}

func (c *Conn) fill(ctx context.Context, s *session, handle *libvirt.StorageVol, size int64, content io.Reader) error {
	to, err := newStream(s)
	if err != nil {
		return err
	}
	if err := handle.Upload(to.Stream, 0, uint64(size), 0); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := send(ctx, to, size, content); err != nil {
		return errors.Join(err, to.Close())
	}
	if err := to.finish(); err != nil {
		return err
	}
	if c.uri.system {
		return nil
	}
	file, err := handle.GetPath()
	if err != nil {
		return err
	}
	return os.Chmod(file, readOnly)
}

// send copies exactly size bytes.
func send(ctx context.Context, to io.Writer, size int64, content io.Reader) error {
	n, err := io.Copy(to, contextReader{ctx, io.LimitReader(content, size)})
	if err != nil {
		return err
	}
	extra, err := io.ReadFull(content, make([]byte, 1))
	if err != nil && err != io.EOF {
		return err
	}
	if n != size || extra != 0 {
		return lab.Errorf(lab.KindInvalid, "the base image is not as long as was said: %d bytes", size)
	}
	return nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, cancelled(err)
	}
	return r.r.Read(p)
}

// Download implements lab.Pool. A file that can be read here is.
func (c *Conn) Download(ctx context.Context, name string) (content io.ReadCloser, err error) {
	if err := checkVolume(name); err != nil {
		return nil, err
	}
	err = c.with(ctx, "read the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			content, err = c.download(s, p, name)
			return err
		})
	})
	return content, err
}

func (c *Conn) download(s *session, p *libvirt.StoragePool, name string) (io.ReadCloser, error) {
	if c.uri.local() {
		f, err := os.Open(path.Join(c.cfg.PoolPath, name))
		if err == nil {
			return f, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNoVolume(name)
		}
	}
	handle, err := c.lookup(p, name)
	if err != nil {
		return nil, err
	}
	defer free(handle)
	from, err := newStream(s)
	if err != nil {
		return nil, err
	}
	if err := handle.Download(from.Stream, 0, 0, 0); err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return from, nil
}
