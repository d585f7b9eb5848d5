package labtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"

	"sandboxlabs/backend/lab"
)

var (
	_ lab.Receiver = (*Library)(nil)
	_ lab.Copier   = (*Hypervisor)(nil)
)

// reception is a lab.Reception in memory, but for a file that is to be an image.
// What it has outlives a process that dies.
type reception struct {
	l     *Library
	dir   string
	files map[string][]byte
	dead  bool // its process is; guarded by l.mu
}

// Receive begins to take files.
func (l *Library) Receive(ctx context.Context) (r lab.Reception, err error) {
	err = l.do(ctx, "Receive", "", func() error {
		dir, err := os.MkdirTemp("", "reception-")
		if err != nil {
			return lab.Errorf(lab.KindUnavailable, "no folder can be made").WithCause(err)
		}
		made := &reception{l: l, dir: dir, files: make(map[string][]byte)}
		l.receptions = append(l.receptions, made)
		r = made
		return nil
	})
	return r, err
}

// SweepReceptions removes those whose process died.
func (l *Library) SweepReceptions(ctx context.Context) error {
	return l.do(ctx, "SweepReceptions", "", func() error {
		var alive []*reception
		for _, r := range l.receptions {
			if !r.dead {
				alive = append(alive, r)
			} else if err := os.RemoveAll(r.dir); err != nil {
				return err
			}
		}
		l.receptions = alive
		return nil
	})
}

// forsake leaves every reception without its process.
func (l *Library) forsake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.receptions {
		r.dead = true
	}
}

// Receptions tells how many have not been closed.
func (l *Library) Receptions() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.receptions)
}

// Room is what the pool has left.
func (r *reception) Room() (int64, error) { return r.l.pool.left(), nil }

// Path is that of a file on the disk.
func (r *reception) Path(name string) string { return r.dir + "/" + name }

// Take keeps a file.
func (r *reception) Take(ctx context.Context, name string, size int64, content io.Reader) error {
	return r.l.script.call(ctx, func() error {
		if name == "" || strings.Contains(name, "/") {
			return lab.Errorf(lab.KindInvalid, "%q is no name", name)
		}
		b, err := io.ReadAll(io.LimitReader(content, size))
		switch {
		case err != nil:
			return err
		case int64(len(b)) != size:
			return lab.Errorf(lab.KindInvalid, "%s ends early", name)
		case size > r.l.pool.left():
			return lab.Errorf(lab.KindUnavailable, "the disk is full")
		}
		r.files[name] = b
		return os.WriteFile(r.Path(name), b, 0o600)
	}, "Reception.Take", name)
}

// Check looks at what begins as a qcow2 disk does; anything else is what a guest of the fakes wrote.
func (r *reception) Check(_ context.Context, name string) error {
	b := bytes.Clone(r.files[name])
	if !bytes.HasPrefix(b, []byte("QFI")) || len(b) < headerSize {
		return nil
	}
	binary.BigEndian.PutUint64(b[offsetBacking:], 0)
	if err := CheckQCOW2(b); err != nil {
		return lab.Errorf(lab.KindInvalid, "%s can be no overlay", name).WithCause(err)
	}
	return nil
}

// PlaceDisk puts a file into the pool, from which moment it is unsettled.
func (r *reception) PlaceDisk(ctx context.Context, overlay, base, disk, variables string) (made lab.Volume, err error) {
	err = r.l.do(ctx, "PlaceDisk", overlay, func() error {
		if !isOverlay(overlay) {
			return lab.Errorf(lab.KindInvalid, "%q is no overlay", overlay)
		}
		content, ok := r.files[disk]
		if !ok {
			return lab.Errorf(lab.KindNotFound, "there is no %s", disk)
		}
		made, err = r.l.pool.placed(overlay, base, content, r.files[variables])
		if err == nil {
			r.l.unsettled[overlay] = true
			delete(r.files, disk)
		}
		return err
	})
	return made, err
}

// placed makes an overlay of what its guest wrote elsewhere, or of a qcow2 file.
func (p *Pool) placed(overlay, base string, content, variables []byte) (lab.Volume, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := lab.Volume{Bytes: int64(len(content)), FileBytes: int64(len(content)), VirtualBytes: BaseBytes, Backing: base}
	if under := p.at(base); under != nil {
		v.VirtualBytes = under.VirtualBytes
	}
	if !bytes.HasPrefix(content, []byte("QFI")) {
		content = bytes.TrimRight(content, "\x00")
	}
	made, err := p.add(overlay, v, content)
	if err != nil || variables == nil {
		return made, err
	}
	id, generation, _ := lab.ParseOverlayVolume(overlay)
	size := int64(len(variables))
	_, err = p.add((&lab.NodeSpec{ID: id}).VariablesVolume(generation), lab.Volume{Bytes: size, FileBytes: size}, variables)
	return made, err
}

// Close removes what was not placed; a process that died can not.
func (r *reception) Close() error {
	if r.l.script.Dead() {
		return nil
	}
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	for i, other := range r.l.receptions {
		if other == r {
			r.l.receptions = append(r.l.receptions[:i:i], r.l.receptions[i+1:]...)
			break
		}
	}
	return os.RemoveAll(r.dir)
}

// Listen puts an agent into a node's guest, until it is off.
func (h *Hypervisor) Listen(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.domains[id].agent = true
}

// CopyDisk copies what the guest of an active domain has written.
func (h *Hypervisor) CopyDisk(ctx context.Context, id, volume string) (frozen bool, err error) {
	err = h.do(h.called(ctx, "CopyDisk", id, volume), id, func(d *domain) (bool, error) {
		switch owner, _, ok := lab.ParseOverlayVolume(volume); {
		case !ok || owner != id:
			return false, lab.Errorf(lab.KindInvalid, "%q is no overlay of the node", volume)
		case d == nil:
			return false, gone(id)
		case !d.state.Active():
			return false, lab.Errorf(lab.KindBusy, "%s is not active", d.spec.Name)
		}
		frozen = d.agent && d.state == lab.Running
		return false, h.pool.copied(volume, d.live.Overlay)
	})
	return frozen && err == nil, err
}

// copied makes an overlay like the one at a path.
func (p *Pool) copied(name, path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.at(path)
	if v == nil {
		return lab.Errorf(lab.KindUnavailable, "the disk is gone")
	}
	_, err := p.add(name, v.Volume, bytes.Clone(v.content))
	return err
}

// EndCopy has nothing to end: what the fake copies is whole at once.
func (h *Hypervisor) EndCopy(ctx context.Context, id, volume string) error {
	return h.do(h.called(ctx, "EndCopy", id, volume), id, func(*domain) (bool, error) { return false, nil })
}
