package images

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"sandboxlabs/backend/lab"
)

// Add implements lab.Library. KindBusy if the name is being added or removed, or
// a running machine writes to the file.
func (l *Library) Add(ctx context.Context, in lab.Addition, progress func(lab.Image)) (_ lab.Image, err error) {
	if err := lab.CheckName(in.Name); err != nil {
		return lab.Image{}, err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Image{}, err
	}
	unlock, err := l.reserve(in.Name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	s, err := l.newStage(ctx, in)
	if err != nil {
		return lab.Image{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	now := lab.Image{Name: in.Name, Kind: lab.ImageBase, State: lab.ImageAdding}
	a := &addition{library: l, in: in, stage: s, teller: newTeller(now, progress)}
	a.library.mu.Lock()
	l.adding[in.Name] = a
	a.library.mu.Unlock()
	defer l.forget(in.Name)
	return a.run(ctx)
}

func (l *Library) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.adding, name)
}

// addition is one Add under way.
type addition struct {
	*teller
	library  *Library
	in       lab.Addition
	stage    *stage
	format   string // that was converted
	hints    lab.Defaults
	unpacked int // how often
}

func (a *addition) run(ctx context.Context) (lab.Image, error) {
	a.tell()
	from, err := a.prepare(ctx)
	if err != nil {
		return lab.Image{}, err
	}
	defer from.close()
	a.change(func(i *lab.Image) {
		i.Kind, i.Bytes, i.VirtualBytes = kindOf(from.format), from.info.Size(), from.virtualBytes
		if i.Kind == lab.ImageBase {
			i.Compression = compression(from.file)
		}
	})
	from, err = a.sum(ctx, from)
	defer from.close()
	if err != nil {
		return lab.Image{}, err
	}
	if image, err := a.present(ctx); err == nil || lab.KindOf(err) != lab.KindNotFound {
		return image, err
	}
	volume, err := a.volume(ctx, from)
	if err != nil {
		return lab.Image{}, err
	}
	return a.publish(ctx, volume)
}

func kindOf(format string) lab.ImageKind {
	if format == iso {
		return lab.ImageMedium
	}
	return lab.ImageBase
}

// prepare gives a whole qcow2 file that stands alone, or an ISO.
func (a *addition) prepare(ctx context.Context) (*source, error) {
	switch {
	case a.in.Disk != nil:
		return a.flatten(ctx, *a.in.Disk)
	case a.in.Remote != nil:
		return a.download(ctx, *a.in.Remote)
	}
	return a.shape(ctx, a.in.Path, false)
}

// shape makes what can be published of a file; ours says that it is in the stage.
func (a *addition) shape(ctx context.Context, path string, ours bool) (*source, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	s.ours = ours
	if s.appliance.disk != "" {
		a.hints = s.appliance.defaults
	}
	switch {
	case s.packing != none || s.appliance.packing != none:
		return a.unpack(ctx, s)
	case s.format == ovf:
		s.close()
		return a.shape(ctx, filepath.Join(filepath.Dir(path), s.appliance.disk), ours)
	case s.format == iso:
		return s, nil
	case s.format != qcow2 || s.part != (section{}) || a.in.Compress:
		defer s.close()
		return a.convert(ctx, s)
	}
	a.begin(lab.StepChecking, 0, 0.02)
	if err := a.library.inspect(ctx, s.file); err != nil {
		s.close()
		return nil, s.refuse(err)
	}
	return s, nil
}

// convert makes a base of a disk in another format. What it takes is not known
// before; at most it is what the disk holds.
func (a *addition) convert(ctx context.Context, s *source) (*source, error) {
	a.format = s.format
	room, err := a.stage.mustFit(0)
	if err != nil {
		return nil, err
	}
	a.begin(lab.StepConverting, 0, 0.9)
	size, err := s.input().virtualSize(ctx)
	if err != nil {
		return nil, s.refuse(err)
	}
	a.begin(lab.StepConverting, size, 0.9)
	disk, err := a.make(ctx, conversion{from: s.input(), largest: room})
	if err == nil && s.changed() {
		disk.close()
		err = s.errChanged()
	}
	if err != nil {
		return nil, s.refuse(err)
	}
	return disk, nil
}

// make runs a conversion into the stage.
func (a *addition) make(ctx context.Context, c conversion) (*source, error) {
	total := a.total()
	c.to, c.compress = a.stage.path(diskFile), a.in.Compress
	c.at = func(part float64) { a.at(int64(part * float64(total))) }
	if err := c.do(ctx); err != nil {
		return nil, err
	}
	return a.staged(diskFile)
}

// staged opens a file of the stage.
func (a *addition) staged(name string) (*source, error) {
	s, err := openSource(a.stage.path(name))
	if err != nil {
		return nil, err
	}
	s.ours = true
	return s, nil
}

// flatten makes one disk of a node's chain.
func (a *addition) flatten(ctx context.Context, chain lab.Chain) (*source, error) {
	overlay, err := a.library.open(ctx, chain.Overlay, a.stage.path(fetchFile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = overlay.Close() }() // it was only read
	var base *os.File
	if chain.Base != "" {
		if base, err = a.library.open(ctx, chain.Base, a.stage.path(fetchFile+".base")); err != nil {
			return nil, err
		}
		defer func() { _ = base.Close() }()
	}
	room, err := a.stage.mustFit(0)
	if err != nil {
		return nil, err
	}
	size, err := asInput(qcow2, overlay, section{}).virtualSize(ctx) // qemu-img info opens no base
	if err != nil {
		return nil, err
	}
	a.begin(lab.StepConverting, size, 0.9)
	return a.make(ctx, conversion{from: asChain(overlay, base), largest: room})
}

// open opens a volume's file; one that can not be read in place is fetched first.
func (l *Library) open(ctx context.Context, volume, fetched string) (*os.File, error) {
	content, err := l.pool.Download(ctx, volume)
	if err != nil {
		return nil, err
	}
	if f, ok := content.(*os.File); ok {
		return f, nil
	}
	defer func() { _ = content.Close() }() // it was only read
	f, err := os.OpenFile(fetched, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, explainStage(err)
	}
	if _, err := io.Copy(f, reader{ctx, content}); err != nil {
		return nil, errors.Join(lab.Errorf(lab.KindUnavailable, "the volume %s can not be fetched", volume).WithHint(readable).WithCause(err), f.Close())
	}
	return f, nil
}

// sum sums the content up. Where it can be moved into the pool later, it is
// copied into the stage on the way, and what was copied is given. What was
// summed up when it came is not read again.
func (a *addition) sum(ctx context.Context, from *source) (*source, error) {
	if from.sha256 != "" {
		a.summed(from.sha256)
		return from, nil
	}
	copied, to, until := from, io.Discard, 0.5+a.image().Progress/2
	if a.stage.placer != nil {
		until = 1
		if linked := a.link(from); linked != nil {
			copied = linked
		} else if !from.ours {
			file, err := a.stage.create(copyFile, from.info.Size())
			if err != nil {
				return from, err
			}
			copied, to = &source{file: file, path: file.Name(), info: from.info, ours: true}, io.Writer(file)
		}
	}
	a.begin(lab.StepCopying, from.info.Size(), until)
	settled := settle(from)
	sha, err := from.readTo(ctx, to, a.at)
	if unsettled := <-settled; err == nil {
		err = unsettled
	}
	if err != nil {
		return copied, err
	}
	a.summed(sha)
	return copied, nil
}

// link takes a file itself into the stage, where that was asked for and can be
// done; else it gives nil, and the file is copied.
func (a *addition) link(from *source) *source {
	if !a.in.Link || from.ours {
		return nil
	}
	path := a.stage.path(copyFile)
	if err := os.Link(from.path, path); err != nil {
		return nil
	}
	if file, err := os.Open(path); err == nil {
		if info, err := file.Stat(); err == nil && os.SameFile(info, from.info) {
			return &source{file: file, path: path, info: info, ours: true}
		}
		_ = file.Close() // it was only opened
	}
	_ = os.Remove(path) // what stays is overwritten by the copy, or goes with the stage
	return nil
}

// settle has the disk write down what was converted while it is summed up, rather than after.
func settle(s *source) <-chan error {
	settled := make(chan error, 1)
	if !s.ours {
		settled <- nil
		return settled
	}
	go func() {
		err := s.file.Sync()
		switch {
		case errors.Is(err, syscall.ENOSPC):
			err = errFull.WithCause(err)
		case err != nil:
			err = lab.Errorf(lab.KindUnavailable, "the disk can not write the image down").WithHint("See what the system's log says of the disk.").WithCause(err)
		}
		settled <- err
	}()
	return settled
}

// summed names the volume by its content.
func (a *addition) summed(sha string) {
	a.change(func(i *lab.Image) { i.SHA256, i.Volume = sha, lab.ImageVolume(i.Kind, i.Name, sha) })
}

var errFull = lab.Errorf(lab.KindUnavailable, "the disk is full").WithHint("Make room on it.")

// present gives the image if the name holds this content, whole, already.
// KindNotFound if it must be made, KindExists if the name holds another.
func (a *addition) present(ctx context.Context) (lab.Image, error) {
	name := a.in.Name
	r, err := a.library.read(name)
	if err != nil {
		return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no readable record of %s", name)
	}
	if r.SHA256 != a.image().SHA256 {
		return lab.Image{}, lab.Errorf(lab.KindExists, "there is another image with the name %s", name).
			WithHint("Choose another name, or remove that image first.")
	}
	v, err := a.library.pool.Volume(ctx, r.Volume)
	if err != nil {
		return lab.Image{}, err
	}
	image, err := a.library.judge(ctx, r, v)
	if err == nil && image.State != lab.ImageReady {
		err = lab.Errorf(lab.KindNotFound, "the volume of %s is not whole", name)
	}
	return image, err
}

// volume finds the volume of this content, left by a killed Add, or makes it.
// One of its name that has another content, cut short or changed, is replaced.
func (a *addition) volume(ctx context.Context, from *source) (lab.Volume, error) {
	pool, name := a.library.pool, a.image().Volume
	v, err := pool.Volume(ctx, name)
	if err == nil {
		_, err = a.library.sums.again(ctx, v, func(int64) {}) // it may have been changed without a trace
	}
	if err == nil {
		if _, err = a.library.recordOf(ctx, a.in.Name, v); err == nil {
			return v, nil
		}
	}
	if lab.KindOf(err) != lab.KindNotFound {
		return lab.Volume{}, err
	}
	if err := pool.Delete(ctx, name); err != nil {
		return lab.Volume{}, err
	}
	if from.ours && a.stage.placer != nil {
		return a.stage.placer.Place(ctx, name, from.path)
	}
	return a.upload(ctx, from)
}

// upload is the second reading of what can not be moved.
func (a *addition) upload(ctx context.Context, from *source) (lab.Volume, error) {
	a.begin(lab.StepCopying, from.info.Size(), 1)
	p := from.content(ctx, a.at)
	v, err := a.library.pool.Upload(ctx, a.image().Volume, p.size, p)
	uploaded := err == nil
	if gone := lab.Cancelled(ctx); gone != nil {
		err = gone
	} else if p.short || from.changed() || uploaded && p.sum() != a.image().SHA256 {
		err = from.errChanged()
	}
	if err != nil && uploaded {
		err = errors.Join(err, a.library.discard(ctx, v))
	}
	return v, err
}

// publish writes the record, and only then is there an image.
func (a *addition) publish(ctx context.Context, v lab.Volume) (lab.Image, error) {
	image := a.image()
	r := newRecord(a.in.Name, image.SHA256, v, image.VirtualBytes)
	r.Kind, r.Compression, r.Defaults, r.Origin = image.Kind, image.Compression, a.hints, a.in.Origin
	r.Origin.Format = a.format
	if a.in.Defaults != nil {
		r.Defaults = *a.in.Defaults
	}
	if err := a.library.write(r); err != nil {
		return lab.Image{}, errors.Join(err, a.library.discard(ctx, v))
	}
	return r.at(v), nil
}

// discard deletes a volume also when the request is over.
func (l *Library) discard(ctx context.Context, v lab.Volume) error {
	return l.pool.Delete(context.WithoutCancel(ctx), v.Name)
}
