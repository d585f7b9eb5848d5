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

// The modes of files in the pool. Every QEMU may read an image, nothing may write it.
const (
	readOnly fs.FileMode = 0o444
	private  fs.FileMode = 0o600
)

// Upload implements lab.Pool.
func (c *Conn) Upload(ctx context.Context, name string, size int64, content io.Reader) (volume lab.Volume, err error) {
	if err := checkFile(name); err != nil {
		return lab.Volume{}, err
	}
	err = c.with(ctx, "upload the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			volume, err = c.upload(ctx, s, p, name, size, content)
			return err
		})
	})
	return volume, err
}

func (c *Conn) upload(ctx context.Context, s *session, p *libvirt.StoragePool, name string, size int64, content io.Reader) (lab.Volume, error) {
	err := c.fill(ctx, s, p, fileXML(name, size, c.uploadMode(name)), content, func(handle *libvirt.StorageVol) error {
		if c.uri.system || !isImage(name) {
			return nil
		}
		file, err := handle.GetPath()
		if err != nil {
			return err
		}
		return os.Chmod(file, readOnly)
	})
	if err != nil {
		return lab.Volume{}, err
	}
	return c.filled(ctx, p, name)
}

// uploadMode is the mode of a volume while it is uploaded. The system's libvirt
// may write to a read-only file; a user's own may not, but is always here, so
// that the file can be made read-only when it is complete. A seed and an overlay are
// their node's alone: libvirt gives them to its QEMU at the start.
func (c *Conn) uploadMode(name string) fs.FileMode {
	if c.uri.system && isImage(name) {
		return readOnly
	}
	return private
}

// CopyOverlay implements lab.Pool. The file is copied byte by byte, with the
// name of its base in it: what libvirt makes of a volume with a backing file is
// a copy of everything below it too.
func (c *Conn) CopyOverlay(ctx context.Context, name, from string) (volume lab.Volume, err error) {
	for _, overlay := range []string{name, from} {
		if err := checkOverlay(overlay); err != nil {
			return lab.Volume{}, err
		}
	}
	err = c.with(ctx, "copy the overlay", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			volume, err = c.copyOverlay(ctx, s, p, name, from)
			return err
		})
	})
	return volume, err
}

// copyOverlay copies the firmware's variables last: a copy without them starts.
func (c *Conn) copyOverlay(ctx context.Context, s *session, p *libvirt.StoragePool, name, from string) (lab.Volume, error) {
	if err := c.copyFile(ctx, s, p, name, from); err != nil {
		return lab.Volume{}, err
	}
	if err := c.copyVariables(ctx, s, p, name, from); err != nil {
		return lab.Volume{}, errors.Join(err, c.remove(context.WithoutCancel(ctx), p, name))
	}
	return c.filled(ctx, p, name)
}

func (c *Conn) copyVariables(ctx context.Context, s *session, p *libvirt.StoragePool, name, from string) error {
	vars := variablesOf(from)
	if !c.mayHave(vars) {
		return nil
	}
	handle, err := c.lookup(ctx, p, vars) // so that libvirt looks for what QEMU's start has made
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	free(handle)
	return c.copyFile(ctx, s, p, variablesOf(name), vars)
}

func (c *Conn) copyFile(ctx context.Context, s *session, p *libvirt.StoragePool, name, from string) error {
	source, err := c.volume(ctx, p, from)
	if err != nil {
		return err
	}
	content, err := c.download(ctx, s, p, from)
	if err != nil {
		return err
	}
	defer content.Close()
	return c.fill(ctx, s, p, fileXML(name, source.FileBytes, private), content, func(*libvirt.StorageVol) error { return nil })
}

// fileXML describes a file to be filled (libvirt.org/formatstorage.html).
// Declared raw, it is made as long as it must be and nothing is written into
// it; libvirt looks for the real format when it is complete.
func fileXML(name string, size int64, mode fs.FileMode) libvirtxml.StorageVolume {
	return libvirtxml.StorageVolume{
		Name:       name,
		Allocation: &libvirtxml.StorageVolumeSize{Value: 0},
		Capacity:   &libvirtxml.StorageVolumeSize{Value: uint64(size)},
		Target: &libvirtxml.StorageVolumeTarget{
			Format:      &libvirtxml.StorageVolumeTargetFormat{Type: "raw"},
			Permissions: &libvirtxml.StorageVolumeTargetPermissions{Mode: fmt.Sprintf("%#o", mode)},
		},
	}
}

// fill makes a volume with a content and has it completed; on failure nothing stays.
func (c *Conn) fill(ctx context.Context, s *session, p *libvirt.StoragePool, x libvirtxml.StorageVolume,
	content io.Reader, complete func(*libvirt.StorageVol) error,
) error {
	size := int64(x.Capacity.Value)
	handle, err := c.make(ctx, p, x, size+reserve)
	if err != nil {
		return err
	}
	defer free(handle)
	err = transfer(ctx, s, handle, size, content)
	if err == nil {
		err = complete(handle)
	}
	if err != nil {
		return errors.Join(c.blameDisk(p, err), erase(handle))
	}
	return nil
}

func transfer(ctx context.Context, s *session, handle *libvirt.StorageVol, size int64, content io.Reader) error {
	to, err := newStream(s)
	if err != nil {
		return err
	}
	if err := handle.Upload(to.Stream, 0, uint64(size), 0); err != nil {
		to.abort()
		return err
	}
	if err := send(ctx, to, size, content); err != nil {
		to.abort()
		return err
	}
	return to.finish()
}

// send copies exactly size bytes.
func send(ctx context.Context, to io.Writer, size int64, content io.Reader) error {
	n, err := io.Copy(to, contextReader{ctx, io.LimitReader(content, size)})
	if err != nil {
		return err
	}
	extra, err := io.ReadFull(content, make([]byte, 1))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n != size || extra != 0 {
		return lab.Errorf(lab.KindInvalid, "the content is not %d bytes long, as was said", size)
	}
	return nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := lab.Cancelled(r.ctx); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// Download implements lab.Pool. A file that can be read here is.
func (c *Conn) Download(ctx context.Context, name string) (content io.ReadCloser, err error) {
	if err := checkFile(name); err != nil {
		return nil, err
	}
	err = c.with(ctx, "read the volume", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			content, err = c.download(ctx, s, p, name)
			return err
		})
	})
	return content, err
}

func (c *Conn) download(ctx context.Context, s *session, p *libvirt.StoragePool, name string) (io.ReadCloser, error) {
	if c.uri.local() {
		f, err := os.Open(path.Join(c.cfg.PoolPath, name))
		if err == nil {
			return f, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errNoVolume(name)
		}
	}
	handle, err := c.lookup(ctx, p, name)
	if err != nil {
		return nil, err
	}
	defer free(handle)
	from, err := newStream(s)
	if err != nil {
		return nil, err
	}
	if err := handle.Download(from.Stream, 0, 0, 0); err != nil {
		from.abort()
		return nil, err
	}
	return from, nil
}
