package images

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

var _ lab.Carer = (*Library)(nil)

// hold reserves an image and reads its record.
func (l *Library) hold(ctx context.Context, name string) (r record, unlock func(), err error) {
	if err := lab.CheckName(name); err != nil {
		return record{}, nil, err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return record{}, nil, err
	}
	if unlock, err = l.reserve(name); err != nil {
		return record{}, nil, err
	}
	if r, err = l.read(name); err != nil {
		unlock()
	}
	return r, unlock, err
}

// Verify implements lab.Carer.
func (l *Library) Verify(ctx context.Context, name string, progress func(lab.Image)) (lab.Image, error) {
	r, unlock, err := l.hold(ctx, name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	v, err := l.pool.Volume(ctx, r.Volume)
	if err == nil {
		return l.verify(ctx, r, v, newTeller(r.at(v), progress))
	}
	if lab.KindOf(err) == lab.KindNotFound {
		return r.changed("is gone"), nil
	}
	return lab.Image{}, err
}

// verify records what the volume was found to be.
func (l *Library) verify(ctx context.Context, r record, v lab.Volume, t *teller) (lab.Image, error) {
	t.begin(lab.StepVerifying, v.FileBytes, 1)
	d, err := l.sums.again(ctx, v, t.at)
	if err != nil {
		return lab.Image{}, err
	}
	is := r
	is.ModTime, is.Changed = v.ModTime.UTC(), d.sha != r.SHA256
	if is != r {
		err = l.write(is)
	}
	if is.Changed {
		return is.changed("was changed"), err
	}
	return is.at(v), err
}

// Remake implements lab.Carer.
func (l *Library) Remake(ctx context.Context, name string, how lab.Remaking, progress func(lab.Image)) (_ lab.Image, err error) {
	r, unlock, err := l.hold(ctx, name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	image, err := l.Check(ctx, name)
	if err == nil {
		err = how.Check(image)
	}
	if err != nil {
		return lab.Image{}, err
	}
	in := lab.Addition{Name: name, Compress: how.Compress}
	s, err := l.newStage(ctx, in)
	if err != nil {
		return lab.Image{}, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	a := &addition{library: l, in: in, stage: s, teller: newTeller(image, progress)}
	return a.remake(ctx, r, how)
}

func (a *addition) remake(ctx context.Context, r record, how lab.Remaking) (lab.Image, error) {
	disk, err := a.newDisk(ctx, r, how)
	if err != nil {
		return lab.Image{}, err
	}
	defer disk.close()
	a.change(func(i *lab.Image) {
		i.Bytes, i.VirtualBytes, i.Compression = disk.info.Size(), disk.virtualBytes, compression(disk.file)
	})
	if _, err := a.sum(ctx, disk); err != nil {
		return lab.Image{}, err
	}
	if a.image().Volume == r.Volume || how.VirtualBytes == 0 && disk.info.Size() >= r.Bytes {
		return a.library.look(ctx, r.Name) // nothing is gained
	}
	if how.Confirm != nil {
		if err := how.Confirm(ctx); err != nil {
			return lab.Image{}, err
		}
	}
	v, err := a.volume(ctx, disk)
	if err != nil {
		return lab.Image{}, err
	}
	return a.supersede(context.WithoutCancel(ctx), r, v)
}

// newDisk makes the new disk in the stage. The base is read through before or on
// the way: a fault in it would be none in a disk with a checksum of its own.
func (a *addition) newDisk(ctx context.Context, r record, how lab.Remaking) (*source, error) {
	base, err := a.openBase(ctx, r)
	if err != nil {
		return nil, err
	}
	defer base.close()
	if how.Compress {
		err = a.compress(ctx, base, r)
	} else {
		err = a.copyBase(ctx, base, r)
	}
	if err == nil && how.VirtualBytes > 0 {
		err = grow(ctx, a.stage.path(diskFile), how.VirtualBytes)
	}
	if err != nil {
		return nil, err
	}
	return a.staged(diskFile)
}

func (a *addition) openBase(ctx context.Context, r record) (*source, error) {
	file, err := a.library.open(ctx, r.Volume, a.stage.path(fetchFile))
	if err != nil {
		return nil, err
	}
	base := &source{file: file, path: r.Volume, format: qcow2}
	if base.info, err = file.Stat(); err != nil {
		base.close()
		return nil, base.unreadable(err)
	}
	return base, nil
}

func (a *addition) compress(ctx context.Context, base *source, r record) error {
	a.begin(lab.StepVerifying, base.info.Size(), 0.2)
	if err := a.readBase(ctx, base, r, io.Discard); err != nil {
		return err
	}
	disk, err := a.convert(ctx, base)
	if err == nil {
		disk.close()
	}
	return err
}

func (a *addition) copyBase(ctx context.Context, base *source, r record) error {
	file, err := a.stage.create(diskFile, base.info.Size())
	if err != nil {
		return err
	}
	a.begin(lab.StepCopying, base.info.Size(), 0.5)
	return errors.Join(a.readBase(ctx, base, r, file), file.Close())
}

func (a *addition) readBase(ctx context.Context, base *source, r record, to io.Writer) error {
	sha, err := base.readTo(ctx, to, a.at)
	if err == nil && sha != r.SHA256 {
		err = lab.Errorf(lab.KindUnavailable, "the file of the image %s was changed", r.Name).
			WithHint("Make sure of it: sandboxlabs image verify %s", r.Name)
	}
	return err
}

// grow lets a disk of ours have more bytes.
func grow(ctx context.Context, path string, virtualBytes int64) error {
	err := run{args: []string{"resize", "-q", "-f", qcow2, path, strconv.FormatInt(virtualBytes, 10)}, limit: limitCheck}.do(ctx)
	if err != nil && lab.Cancelled(ctx) == nil {
		return lab.Errorf(lab.KindOf(err), "the disk can not grow to %s", lab.Size(virtualBytes)).WithCause(err)
	}
	return err
}

// supersede publishes a base made anew. The volume it takes the place of goes
// last: until then the record says that it is to go.
func (a *addition) supersede(ctx context.Context, was record, v lab.Volume) (lab.Image, error) {
	image, is := a.image(), was
	is.Volume, is.SHA256, is.Bytes, is.ModTime = v.Name, image.SHA256, v.FileBytes, v.ModTime.UTC()
	is.VirtualBytes, is.Compression, is.Remade, is.Former = image.VirtualBytes, image.Compression, true, was.Volume
	if is.Origin.Format == "" && is.Origin.SHA256 == "" {
		is.Origin.SHA256 = was.SHA256
	}
	if err := a.library.write(is); err != nil {
		return lab.Image{}, errors.Join(err, a.library.discard(ctx, v))
	}
	if err := a.library.drop(ctx, was.Volume, was.Name); err != nil {
		return is.at(v), lab.Errorf(lab.KindOf(err), "image %s is made anew, but its old file stays", is.Name).
			WithHint("Remove that later: sandboxlabs image prune.").WithCause(err)
	}
	is.Former = ""
	return is.at(v), a.library.write(is)
}

// Rename implements lab.Carer. The new record comes before the old one goes: a
// crash between the two leaves both, of which one can be removed.
func (l *Library) Rename(ctx context.Context, name, to string) (lab.Image, error) {
	if err := lab.CheckName(to); err != nil {
		return lab.Image{}, err
	}
	r, unlock, err := l.hold(ctx, name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	if to == name {
		return l.look(ctx, name)
	}
	unlockNew, err := l.reserve(to)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlockNew()
	if _, err := l.read(to); lab.KindOf(err) != lab.KindNotFound {
		return lab.Image{}, lab.Errorf(lab.KindExists, "there is an image %s already", to).WithHint("Choose another name, or remove that image first.")
	}
	r.Name = to
	if err := l.write(r); err != nil {
		return lab.Image{}, err
	}
	if err := durable.Remove(l.path(name)); err != nil {
		return lab.Image{}, errors.Join(err, durable.Remove(l.path(to)))
	}
	return l.look(ctx, to)
}

// Strays implements lab.Carer.
func (l *Library) Strays(ctx context.Context) ([]lab.Volume, error) {
	volumes, err := l.pool.Volumes(ctx)
	if err != nil {
		return nil, err
	}
	records, err := l.records("")
	if err != nil {
		return nil, err
	}
	strays := []lab.Volume{}
	for _, v := range volumes {
		if slices.ContainsFunc(records, refersTo(v.Name)) {
			continue
		}
		unlock, err := l.holdStray(v.Name)
		switch kind := lab.KindOf(err); {
		case err == nil:
			unlock()
			strays = append(strays, v)
		case kind != lab.KindBusy && kind != lab.KindInvalid:
			return nil, err
		}
	}
	return strays, nil
}

// RemoveStray implements lab.Carer.
func (l *Library) RemoveStray(ctx context.Context, volume string) error {
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	unlock, err := l.holdStray(volume)
	if err != nil {
		return err
	}
	defer unlock()
	return l.pool.Delete(ctx, volume)
}

// holdStray reserves the name that a stray was made under, so that nobody makes
// an image of it. KindInvalid if it is no image's volume, KindBusy if it is no stray.
func (l *Library) holdStray(volume string) (unlock func(), err error) {
	_, name, _, ok := lab.ParseImageVolume(volume)
	if !ok {
		return nil, lab.Errorf(lab.KindInvalid, "%q is not the name of an image's volume", volume)
	}
	unlock, err = l.reserve(name)
	if err != nil {
		return nil, err
	}
	records, err := l.records("")
	if i := slices.IndexFunc(records, refersTo(volume)); err == nil && i >= 0 {
		err = lab.Errorf(lab.KindBusy, "the volume %s is that of image %s", volume, records[i].Name).WithHint("Remove the image instead.")
	}
	if err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}
