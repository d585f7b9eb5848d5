package images

import (
	"context"
	"errors"
	"io"

	"sandboxlabs/backend/lab"
)

// Add implements lab.Library. It reads the file twice, since the name of the
// volume holds its checksum: once to sum it up, once to copy it. KindBusy if
// the name is being added or removed, or a running machine writes to the file.
func (l *Library) Add(ctx context.Context, name, path string, progress func(lab.Image)) (lab.Image, error) {
	if err := lab.CheckName(name); err != nil {
		return lab.Image{}, err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Image{}, err
	}
	unlock, err := l.reserve(name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	from, err := openSource(path)
	if err != nil {
		return lab.Image{}, err
	}
	defer func() { _ = from.file.Close() }() // it was only read
	a := &addition{library: l, from: from, progress: progress, image: lab.Image{
		Name: name, Bytes: from.info.Size(), VirtualBytes: from.virtualBytes, State: lab.ImageAdding,
	}}
	defer l.forget(name)
	return a.run(ctx)
}

func (l *Library) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.adding, name)
}

// addition is one Add under way.
type addition struct {
	library  *Library
	from     *source
	progress func(lab.Image)
	image    lab.Image // as it is told
}

func (a *addition) run(ctx context.Context) (lab.Image, error) {
	a.tell()
	if err := a.library.inspect(ctx, a.from.file); err != nil {
		return lab.Image{}, a.from.refuse(err)
	}
	if err := a.sum(ctx); err != nil {
		return lab.Image{}, err
	}
	if image, err := a.present(ctx); err == nil || lab.KindOf(err) != lab.KindNotFound {
		return image, err
	}
	volume, err := a.volume(ctx)
	if err != nil {
		return lab.Image{}, err
	}
	return a.publish(ctx, volume)
}

// sum is the first half.
func (a *addition) sum(ctx context.Context) error {
	p := a.from.content(ctx, func(f float64) { a.advance(f / 2) })
	_, err := io.Copy(io.Discard, p)
	if gone := lab.Cancelled(ctx); gone != nil {
		return gone
	}
	if err != nil {
		return a.from.unreadable(err)
	}
	if p.short || a.from.changed() {
		return a.from.errChanged()
	}
	a.image.SHA256 = p.sum()
	a.image.Volume = lab.BaseVolume(a.image.Name, a.image.SHA256)
	return nil
}

// present gives the image if the name holds this content, whole, already.
// KindNotFound if it must be copied, KindExists if the name holds another.
func (a *addition) present(ctx context.Context) (lab.Image, error) {
	name := a.image.Name
	r, err := a.library.read(name)
	if err != nil {
		return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no readable record of %s", name)
	}
	if r.SHA256 != a.image.SHA256 {
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
func (a *addition) volume(ctx context.Context) (lab.Volume, error) {
	pool := a.library.pool
	v, err := pool.Volume(ctx, a.image.Volume)
	if err == nil {
		if _, err = a.library.recordOf(ctx, a.image.Name, v); err == nil {
			return v, nil
		}
	}
	if lab.KindOf(err) != lab.KindNotFound {
		return lab.Volume{}, err
	}
	if err := pool.Delete(ctx, a.image.Volume); err != nil {
		return lab.Volume{}, err
	}
	return a.upload(ctx)
}

// upload is the second half.
func (a *addition) upload(ctx context.Context) (lab.Volume, error) {
	p := a.from.content(ctx, func(f float64) { a.advance(0.5 + f/2) })
	v, err := a.library.pool.Upload(ctx, a.image.Volume, p.size, p)
	uploaded := err == nil
	if gone := lab.Cancelled(ctx); gone != nil {
		err = gone
	} else if p.short || a.from.changed() || uploaded && p.sum() != a.image.SHA256 {
		err = a.from.errChanged()
	}
	if err != nil && uploaded {
		err = errors.Join(err, a.library.discard(ctx, v))
	}
	return v, err
}

// publish writes the record, and only then is there an image.
func (a *addition) publish(ctx context.Context, v lab.Volume) (lab.Image, error) {
	r := newRecord(a.image.Name, a.image.SHA256, v, a.image.VirtualBytes)
	if err := a.library.write(r); err != nil {
		return lab.Image{}, errors.Join(err, a.library.discard(ctx, v))
	}
	return r.at(v), nil
}

// discard deletes a volume also when the request is over.
func (l *Library) discard(ctx context.Context, v lab.Volume) error {
	return l.pool.Delete(context.WithoutCancel(ctx), v.Name)
}

// step is the least progress that is told.
const step = 0.01

func (a *addition) advance(to float64) {
	if to-a.image.Progress >= step {
		a.image.Progress = to
		a.tell()
	}
}

func (a *addition) tell() {
	a.library.mu.Lock()
	a.library.adding[a.image.Name] = a.image
	a.library.mu.Unlock()
	if a.progress != nil {
		a.progress(a.image)
	}
}
