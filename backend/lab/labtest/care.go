package labtest

import (
	"bytes"
	"context"

	"sandboxlabs/backend/lab"
)

var _ lab.Carer = (*Library)(nil)

// care does long work on an image, which nobody else may change meanwhile.
func (l *Library) care(ctx context.Context, method, name string, step lab.StepName, progress func(lab.Image), work func(lab.Image) error) error {
	return l.script.call(ctx, func() error {
		image, err := l.hold(name)
		if err != nil {
			return err
		}
		defer l.release(name)
		if err := l.advance(ctx, image, step, progress); err != nil {
			return err
		}
		return work(image)
	}, "Library."+method, name)
}

func (l *Library) hold(name string) (lab.Image, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := lab.CheckName(name); err != nil {
		return lab.Image{}, err
	}
	l.adopt()
	image, ok := l.images[name]
	switch {
	case !ok:
		return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no image %s", name)
	case l.adding[name]:
		return lab.Image{}, lab.Errorf(lab.KindBusy, "image %s is being changed", name)
	}
	l.adding[name] = true
	return image, nil
}

// Verify compares an image with its volume.
func (l *Library) Verify(ctx context.Context, name string, progress func(lab.Image)) (got lab.Image, err error) {
	err = l.care(ctx, "Verify", name, lab.StepVerifying, progress, func(image lab.Image) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		var bad error
		if got, bad = l.check(image); bad != nil {
			got.State, got.Problem = lab.ImageChanged, lab.ProblemOf(bad)
		}
		return nil
	})
	return got, err
}

// Remake gives a base another size, or a byte less if it is compressed.
func (l *Library) Remake(ctx context.Context, name string, how lab.Remaking, progress func(lab.Image)) (made lab.Image, err error) {
	err = l.care(ctx, "Remake", name, lab.StepConverting, progress, func(image lab.Image) error {
		l.mu.Lock()
		image, err := l.check(image)
		l.mu.Unlock()
		if err == nil {
			err = how.Check(image)
		}
		if err == nil && how.Confirm != nil {
			err = how.Confirm(ctx)
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		made, err = l.remake(image, how)
		return err
	})
	return made, err
}

func (l *Library) remake(image lab.Image, how lab.Remaking) (lab.Image, error) {
	_, content := l.pool.take(image.Volume)
	content = bytes.Clone(content)
	if how.VirtualBytes > 0 {
		setVirtualBytes(content, how.VirtualBytes)
	}
	if how.Compress {
		if image.Compression == "zstd" && how.VirtualBytes == 0 {
			return image, nil
		}
		content, image.Compression = content[:len(content)-1], "zstd"
	}
	sha := sum(content)
	v, err := l.pool.put(lab.BaseVolume(image.Name, sha), content)
	if err != nil {
		return lab.Image{}, err
	}
	old := image.Volume
	image.Volume, image.Path, image.SHA256, image.ModTime = v.Name, v.Path, sha, v.ModTime
	image.Bytes, image.AllocatedBytes, image.VirtualBytes = v.FileBytes, v.Bytes, v.VirtualBytes
	l.images[image.Name] = image
	if l.has(old) == "" {
		l.pool.Lose(old)
	}
	return image, nil
}

// Rename gives an image another name.
func (l *Library) Rename(ctx context.Context, name, to string) (image lab.Image, err error) {
	err = l.script.call(ctx, func() error {
		if err := lab.CheckName(to); err != nil {
			return err
		}
		if image, err = l.hold(name); err != nil {
			return err
		}
		defer l.release(name)
		l.mu.Lock()
		defer l.mu.Unlock()
		if _, taken := l.images[to]; taken && to != name {
			return lab.Errorf(lab.KindExists, "there is an image %s already", to)
		}
		delete(l.images, name)
		image.Name = to
		l.images[to] = image
		return nil
	}, "Library.Rename", name, to)
	return image, err
}

// Strays gives the volumes no image has.
func (l *Library) Strays(ctx context.Context) (strays []lab.Volume, err error) {
	err = l.do(ctx, "Strays", "", func() error {
		for _, volume := range l.pool.Names() {
			if isImage(volume) && l.stray(volume) == nil {
				v, _ := l.pool.take(volume)
				strays = append(strays, v)
			}
		}
		return nil
	})
	return strays, err
}

func (l *Library) stray(volume string) error {
	_, name, _, ok := lab.ParseImageVolume(volume)
	switch {
	case !ok:
		return lab.Errorf(lab.KindInvalid, "%q is no image's volume", volume)
	case l.has(volume) != "" || l.adding[name]:
		return lab.Errorf(lab.KindBusy, "the volume %s is in use", volume)
	}
	return nil
}

// RemoveStray deletes one.
func (l *Library) RemoveStray(ctx context.Context, volume string) error {
	return l.do(ctx, "RemoveStray", volume, func() error {
		if err := l.stray(volume); err != nil {
			return err
		}
		l.pool.Lose(volume)
		return nil
	})
}

// Twin gives an image a second name, as a process leaves it that dies while it
// renames.
func (l *Library) Twin(name, second string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	image := l.images[name]
	image.Name = second
	l.images[second] = image
}

// Forget loses the record of an image.
func (l *Library) Forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.images, name)
}
