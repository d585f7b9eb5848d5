// Package images keeps the base images: qcow2 volumes of a lab.Pool, and a
// record of each as a JSON file, <dir>/<name>.json, that a person can read.
//
// The record is written last and the volume is deleted first, so a crash leaves
// either a volume without a record, which is adopted if its content has the
// checksum in its name and is a stray otherwise, or a record without its volume,
// which is told as changed and can be removed. An image that was renamed has a
// volume named after its first name. A base that is made anew gets a new volume:
// its record names both until the old one is deleted. A record that can not be read is
// set aside (<name>.json.unreadable-N) when it is made again from its volume;
// until then it is told as a changed image. Files in dir with names no image
// can have are ignored.
//
// Each name is reserved with a lock file while its image is being added,
// adopted, cared for or removed, so that any number of processes may share dir and pool.
package images

import (
	"cmp"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Library is a lab.Library.
type Library struct {
	pool    lab.Pool
	dir     string
	inspect func(ctx context.Context, file *os.File) error // the whole file's structure
	free    func(dir string) (int64, error)                // bytes on its file system
	web     *web

	downloads chan struct{} // holds a token for each that is under way

	mu     sync.Mutex
	adding map[string]*addition // by name
	sums   sums
}

var _ lab.Library = (*Library)(nil)

// New gives the library of the images in pool, with its records in the folder
// dir, which is made when there is a first.
func New(pool lab.Pool, dir string) *Library {
	return &Library{pool: pool, dir: dir, inspect: checkStructure, free: freeBytes, web: newWeb(), downloads: make(chan struct{}, atOnce), adding: map[string]*addition{}, sums: newSums(pool)}
}

// Images implements lab.Library.
func (l *Library) Images(ctx context.Context) ([]lab.Image, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	volumes, err := l.pool.Volumes(ctx)
	if err != nil {
		return nil, err
	}
	images := map[string]lab.Image{}
	if err := l.recorded(ctx, volumes, images); err != nil {
		return nil, err
	}
	if err := l.unrecorded(ctx, volumes, images); err != nil {
		return nil, err
	}
	l.underWay(images)
	byName := func(a, b lab.Image) int { return cmp.Compare(a.Name, b.Name) }
	return slices.SortedFunc(maps.Values(images), byName), nil
}

// recorded adds the images that have a record.
func (l *Library) recorded(ctx context.Context, volumes []lab.Volume, images map[string]lab.Image) error {
	files, err := durable.Names(l.dir, suffix)
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, suffix)
		if lab.CheckName(name) != nil {
			continue
		}
		image, err := l.show(ctx, name, volumes)
		switch {
		case err == nil:
			images[name] = image
		case lab.KindOf(err) != lab.KindNotFound: // else removed since it was listed
			return err
		}
	}
	return nil
}

// show gives the image of a record, whatever its state.
func (l *Library) show(ctx context.Context, name string, volumes []lab.Volume) (lab.Image, error) {
	r, err := l.record(ctx, name, volumes)
	if lab.KindOf(err) == lab.KindInvalid {
		return lab.Image{Name: name, State: lab.ImageChanged, Problem: lab.ProblemOf(err)}, nil
	}
	if err != nil {
		return lab.Image{}, err
	}
	i := slices.IndexFunc(volumes, func(v lab.Volume) bool { return v.Name == r.Volume })
	if i < 0 {
		return r.changed("is gone"), nil
	}
	return l.judge(ctx, r, volumes[i])
}

// unrecorded adopts the volumes of names that have no record.
func (l *Library) unrecorded(ctx context.Context, volumes []lab.Volume, images map[string]lab.Image) error {
	for _, v := range volumes {
		_, name, _, ok := lab.ParseImageVolume(v.Name)
		if _, known := images[name]; known || !ok || isOf(images, v.Name) {
			continue
		}
		image, err := l.adopt(ctx, name, volumes)
		switch kind := lab.KindOf(err); {
		case err == nil:
			images[name] = image
		case kind != lab.KindNotFound && kind != lab.KindBusy:
			return err
		}
	}
	return nil
}

// isOf reports whether a volume is that of one of the images.
func isOf(images map[string]lab.Image, volume string) bool {
	for _, i := range images {
		if i.Volume == volume {
			return true
		}
	}
	return false
}

// underWay adds the images this process is adding, unless they are here already
// and are only being added again.
func (l *Library) underWay(images map[string]lab.Image) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, a := range l.adding {
		if images[name].State != lab.ImageReady {
			images[name] = a.image()
		}
	}
}

// Change implements lab.Library. KindBusy while the image is being added or removed.
func (l *Library) Change(ctx context.Context, name string, to lab.Defaults) (lab.Image, error) {
	image, err := l.Check(ctx, name)
	if err == nil {
		err = to.Check()
	}
	if err != nil {
		return image, err
	}
	unlock, err := l.reserve(name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	r, err := l.read(name)
	if err != nil {
		return lab.Image{}, err
	}
	r.Defaults, image.Defaults = to, to
	return image, l.write(r)
}

// Check implements lab.Library.
func (l *Library) Check(ctx context.Context, name string) (lab.Image, error) {
	if err := lab.CheckName(name); err != nil {
		return lab.Image{}, err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Image{}, err
	}
	image, err := l.look(ctx, name)
	if err == nil && image.State != lab.ImageReady {
		err = &lab.Error{Kind: lab.KindUnavailable, Message: image.Problem.Message, Hint: image.Problem.Hint}
	}
	return image, err
}

// look is show for one image, without listing all volumes.
func (l *Library) look(ctx context.Context, name string) (lab.Image, error) {
	r, err := l.read(name)
	if lab.KindOf(err) == lab.KindInvalid {
		volumes, err := l.pool.Volumes(ctx)
		if err != nil {
			return lab.Image{}, err
		}
		return l.show(ctx, name, volumes)
	}
	if err != nil {
		return lab.Image{}, err
	}
	v, err := l.pool.Volume(ctx, r.Volume)
	switch lab.KindOf(err) {
	case "":
		return l.judge(ctx, r, v)
	case lab.KindNotFound:
		return r.changed("is gone"), nil
	}
	return lab.Image{}, err
}

// Remove implements lab.Library. KindBusy while the image is being added.
func (l *Library) Remove(ctx context.Context, name string) error {
	if err := lab.CheckName(name); err != nil {
		return err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	unlock, err := l.reserve(name)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := l.read(name)
	switch lab.KindOf(err) {
	case "":
		for _, volume := range []string{r.Volume, r.Former} {
			if volume == "" {
				continue
			}
			if err := l.drop(ctx, volume, name); err != nil {
				return err
			}
		}
		return durable.Remove(l.path(name))
	case lab.KindNotFound:
		return nil
	}
	return l.removeDamaged(ctx, name)
}

// removeDamaged removes an image whose record can not be read: also the volumes
// it could be made again from, or it would be back at once.
func (l *Library) removeDamaged(ctx context.Context, name string) error {
	volumes, err := l.pool.Volumes(ctx)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		_, err := l.recordOf(ctx, name, v)
		if err == nil {
			err = l.drop(ctx, v.Name, name)
		}
		if err != nil && lab.KindOf(err) != lab.KindNotFound {
			return err
		}
	}
	return durable.SetAside(l.path(name))
}

// reserve keeps every other change of an image away until unlock.
func (l *Library) reserve(name string) (unlock func(), err error) {
	unlock, err = durable.Lock(filepath.Join(l.dir, "."+name+".lock"))
	if lab.KindOf(err) == lab.KindBusy {
		err = lab.Errorf(lab.KindBusy, "the image %s is being added, changed or removed", name).WithHint("Wait until that is done.")
	}
	return unlock, err
}
