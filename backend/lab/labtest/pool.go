package labtest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// poolPath is where the fake pool says it is.
const poolPath = "/pool/"

// overlayBytes is what an overlay takes that nobody has written to.
const overlayBytes = 196 << 10

// Pool is a lab.Pool in memory.
type Pool struct {
	script *Script

	mu      sync.Mutex
	volumes map[string]*volume
	down    *lab.Error // why nothing can be reached
	free    int64      // bytes left on the disk
}

type volume struct {
	lab.Volume
	content []byte // of a base: its file; of an overlay: what the guest wrote
}

func newPool(s *Script) *Pool {
	return &Pool{script: s, volumes: make(map[string]*volume), free: 100 << 30}
}

// SetFree leaves this many bytes on the disk.
func (p *Pool) SetFree(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = n
}

// Write appends text to what the guest wrote to an overlay; the text makes the
// overlay grow by a MiB for each byte.
func (p *Pool) Write(name, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.volumes[name]
	v.content = append(v.content, text...)
	v.Bytes += int64(len(text)) << 20
	v.FileBytes = v.Bytes
}

// Touch writes to a volume without changing it.
func (p *Pool) Touch(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.volumes[name].ModTime = p.volumes[name].ModTime.Add(time.Second)
}

// WriteVariables plays the UEFI of a node, which writes its variables beside an overlay.
func (p *Pool) WriteVariables(overlay, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, generation, _ := lab.ParseOverlayVolume(overlay)
	size := int64(len(text))
	if _, err := p.add((&lab.NodeSpec{ID: id}).VariablesVolume(generation), lab.Volume{Bytes: size, FileBytes: size}, []byte(text)); err != nil {
		panic(err) // the test wrote them twice
	}
}

// Read gives what the guest wrote to an overlay; ok is false if it is gone.
func (p *Pool) Read(name string) (text string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.volumes[name]
	if !ok {
		return "", false
	}
	return string(v.content), true
}

// Names lists the volumes, sorted, without being recorded.
func (p *Pool) Names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.volumes))
}

// Lose removes a volume as a stranger's rm would.
func (p *Pool) Lose(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.volumes, name)
}

// Spoil changes a byte of a base, and leaves its size and time as they are.
func (p *Pool) Spoil(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	content := bytes.Clone(p.volumes[name].content)
	content[len(content)-1] ^= 1
	p.volumes[name].content = content
}

// whole reports whether there is an overlay, alone or on a base that is there, and
// the seed if there is to be one.
func (p *Pool) whole(disk lab.Disk) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.at(disk.Overlay)
	return v != nil && (v.Backing == "" || p.at(v.Backing) != nil) && (disk.Seed == "" || p.at(disk.Seed) != nil)
}

// at gives the volume at a path; nil if there is none. p.mu must be held.
func (p *Pool) at(path string) *volume { return p.volumes[strings.TrimPrefix(path, poolPath)] }

func (p *Pool) disconnect(why *lab.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = why
}

// do runs one call's work under the lock, after the name has been checked.
func (p *Pool) do(ctx context.Context, method, name string, rule func(string) bool, work func() error) error {
	return p.script.call(ctx, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case !rule(name):
			return lab.Errorf(lab.KindInvalid, "%q is no volume of ours", name)
		case p.down != nil:
			return p.down
		}
		return work()
	}, "Pool."+method, name)
}

func isOverlay(name string) bool {
	_, _, ok := lab.ParseOverlayVolume(name)
	return ok
}

func isImage(name string) bool {
	_, _, _, ok := lab.ParseImageVolume(name)
	return ok
}

func isSeed(name string) bool {
	_, _, ok := lab.ParseSeedVolume(name)
	return ok
}

func isVolume(name string) bool { return isOverlay(name) || isImage(name) || isSeed(name) }

func isVariables(name string) bool {
	_, _, ok := lab.ParseVariablesVolume(name)
	return ok
}

// isReadable tells what can be read: volumes, and what lies beside them.
func isReadable(name string) bool { return isVolume(name) || isVariables(name) }

// Volumes gives every volume.
func (p *Pool) Volumes(ctx context.Context) (all []lab.Volume, err error) {
	anything := func(string) bool { return true }
	err = p.do(ctx, "Volumes", "", anything, func() error {
		for name, v := range p.volumes {
			if isVolume(name) {
				all = append(all, v.Volume)
			}
		}
		return nil
	})
	return all, err
}

// Volume gives one.
func (p *Pool) Volume(ctx context.Context, name string) (got lab.Volume, err error) {
	err = p.do(ctx, "Volume", name, isReadable, func() error {
		v, err := p.find(name)
		if err != nil {
			return err
		}
		got = v.Volume
		return nil
	})
	return got, err
}

func (p *Pool) find(name string) (*volume, error) {
	if v := p.volumes[name]; v != nil {
		return v, nil
	}
	return nil, lab.Errorf(lab.KindNotFound, "there is no volume %s", name)
}

// CreateOverlay makes an empty overlay.
func (p *Pool) CreateOverlay(ctx context.Context, name, base string, size int64) (made lab.Volume, err error) {
	err = p.do(ctx, "CreateOverlay", name, isOverlay, func() error {
		under := &volume{}
		if base != "" {
			if !isImage(base) {
				return lab.Errorf(lab.KindInvalid, "%q is no base", base)
			}
			if under, err = p.find(base); err != nil {
				return err
			}
		}
		virtual := cmp.Or(size, under.VirtualBytes)
		if virtual <= 0 || virtual < under.VirtualBytes {
			return lab.Errorf(lab.KindInvalid, "a disk of %d bytes can not be made", virtual)
		}
		made, err = p.add(name, lab.Volume{Bytes: overlayBytes, FileBytes: overlayBytes, VirtualBytes: virtual, Backing: under.Path}, nil)
		return err
	})
	return made, err
}

// CopyOverlay makes an overlay like another.
func (p *Pool) CopyOverlay(ctx context.Context, name, from string) (made lab.Volume, err error) {
	err = p.do(ctx, "CopyOverlay", name, isOverlay, func() error {
		if !isOverlay(from) {
			return lab.Errorf(lab.KindInvalid, "%q is no overlay", from)
		}
		v, err := p.find(from)
		if err != nil {
			return err
		}
		made, err = p.add(name, v.Volume, bytes.Clone(v.content))
		return err
	})
	return made, err
}

// add puts a volume of the given shape into the pool, if there is room.
func (p *Pool) add(name string, v lab.Volume, content []byte) (lab.Volume, error) {
	switch {
	case p.volumes[name] != nil:
		return lab.Volume{}, lab.Errorf(lab.KindExists, "there is a volume %s already", name)
	case p.free < v.Bytes:
		return lab.Volume{}, lab.Errorf(lab.KindUnavailable, "the disk is full").WithHint("Make room on it.")
	}
	v.Name, v.Path, v.ModTime = name, poolPath+name, time.Now().UTC()
	p.free -= v.Bytes
	p.volumes[name] = &volume{Volume: v, content: content}
	return v, nil
}

// filled is a volume of a qcow2 file, or of any other.
func filled(content []byte) lab.Volume {
	v := lab.Volume{Bytes: int64(len(content)), FileBytes: int64(len(content))}
	if len(content) >= headerSize && string(content[:4]) == "QFI\xfb" {
		v.VirtualBytes, v.Backing = VirtualBytes(content), backing(content)
	}
	return v
}

// Upload makes an image's volume, a seed's or an overlay's.
func (p *Pool) Upload(ctx context.Context, name string, size int64, content io.Reader) (made lab.Volume, err error) {
	err = p.do(ctx, "Upload", name, isReadable, func() error {
		if p.volumes[name] != nil {
			return lab.Errorf(lab.KindExists, "there is a volume %s already", name)
		}
		b, err := io.ReadAll(content)
		if err != nil {
			return lab.Errorf(lab.KindUnavailable, "the file can not be read").WithCause(err)
		}
		if int64(len(b)) != size {
			return lab.Errorf(lab.KindInvalid, "the file has %d bytes, not %d", len(b), size)
		}
		made, err = p.add(name, filled(b), b)
		return err
	})
	return made, err
}

// Download gives the content of a volume.
func (p *Pool) Download(ctx context.Context, name string) (content io.ReadCloser, err error) {
	err = p.do(ctx, "Download", name, isReadable, func() error {
		v, err := p.find(name)
		if err != nil {
			return err
		}
		whole := bytes.Clone(v.content)
		if isOverlay(name) && !bytes.HasPrefix(whole, []byte("QFI\xfb")) { // what the guest wrote, and no file
			whole = append(whole, make([]byte, max(0, v.FileBytes-int64(len(whole))))...)
		}
		content = io.NopCloser(bytes.NewReader(whole))
		return nil
	})
	return content, err
}

// Delete removes a volume.
func (p *Pool) Delete(ctx context.Context, name string) error {
	return p.do(ctx, "Delete", name, isVolume, func() error {
		if v := p.volumes[name]; v != nil {
			p.free += v.Bytes
		}
		delete(p.volumes, name)
		if id, generation, ok := lab.ParseOverlayVolume(name); ok {
			delete(p.volumes, (&lab.NodeSpec{ID: id}).VariablesVolume(generation))
		}
		return nil
	})
}
