package labtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// Library is a lab.Library whose records are in memory and whose volumes are in
// the fake pool, beside the script of which it acts.
type Library struct {
	script *Script
	pool   *Pool

	mu      sync.Mutex
	images  map[string]lab.Image
	adding  map[string]bool
	offers  map[string][]byte // by their addresses
	holding chan struct{}     // closed: what waits may go on

	locked    []string        // files that a running machine writes to
	unsettled map[string]bool // volumes that were adopted

	receptions []*reception // that have not been closed
}

func newLibrary(s *Script, p *Pool) *Library {
	return &Library{script: s, pool: p, images: make(map[string]lab.Image), adding: make(map[string]bool), offers: make(map[string][]byte), unsettled: make(map[string]bool)}
}

// Hold makes every Add, Verify and Remake wait in its middle until resume is called or its context ends.
func (l *Library) Hold() (resume func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holding = make(chan struct{})
	return sync.OnceFunc(func() { close(l.holding) })
}

func (l *Library) do(ctx context.Context, method, name string, work func() error) error {
	return l.script.call(ctx, func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		return work()
	}, "Library."+method, name)
}

// Images gives every image, whole volumes without a record included.
func (l *Library) Images(ctx context.Context) (all []lab.Image, err error) {
	err = l.do(ctx, "Images", "", func() error {
		l.adopt()
		for _, image := range l.images {
			checked, err := l.check(image)
			if err != nil {
				checked.State, checked.Problem = lab.ImageChanged, lab.ProblemOf(err)
			}
			all = append(all, checked)
		}
		slices.SortFunc(all, func(a, b lab.Image) int { return cmp.Compare(a.Name, b.Name) })
		return nil
	})
	return all, err
}

// adopt makes records for whole volumes that have none.
func (l *Library) adopt() {
	for _, volume := range l.pool.Names() {
		kind, name, _, ok := lab.ParseImageVolume(volume)
		v, content := l.pool.take(volume)
		sha := sum(content)
		if _, known := l.images[name]; ok && !known && !l.adding[name] && lab.ImageVolume(kind, name, sha) == volume && l.has(volume) == "" {
			l.record(kind, name, sha, v)
		}
	}
}

// has gives the name of an image with this volume; empty if there is none.
func (l *Library) has(volume string) string {
	for name, image := range l.images {
		if image.Volume == volume {
			return name
		}
	}
	return ""
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (l *Library) record(kind lab.ImageKind, name, sha string, v lab.Volume) lab.Image {
	image := lab.Image{
		Name: name, Kind: kind, Volume: v.Name, Path: v.Path, SHA256: sha, Bytes: v.FileBytes, VirtualBytes: v.VirtualBytes,
		AllocatedBytes: v.Bytes, ModTime: v.ModTime, AddedAt: time.Now().UTC(), State: lab.ImageReady,
	}
	l.images[name] = image
	return image
}

// check compares an image with its volume.
func (l *Library) check(image lab.Image) (lab.Image, error) {
	v, content := l.pool.take(image.Volume)
	if content == nil || sum(content) != image.SHA256 {
		return image, lab.Errorf(lab.KindUnavailable, "the file of image %s is gone or changed", image.Name).WithHint("Add it again.")
	}
	image.ModTime = v.ModTime
	l.images[image.Name] = image
	return image, nil
}

// Add makes an image of a qcow2 file, of what Offer put on the network, or of a node's disk.
func (l *Library) Add(ctx context.Context, in lab.Addition, progress func(lab.Image)) (image lab.Image, err error) {
	err = l.script.call(ctx, func() error {
		image, err = l.add(ctx, in, progress)
		return err
	}, "Library.Add", in.Name)
	if err != nil {
		image = lab.Image{}
	}
	return image, err
}

func (l *Library) add(ctx context.Context, in lab.Addition, progress func(lab.Image)) (lab.Image, error) {
	if err := lab.CheckName(in.Name); err != nil {
		return lab.Image{}, err
	}
	content, err := l.read(in)
	if err != nil {
		return lab.Image{}, err
	}
	if err := l.reserve(in.Name, sum(content)); err != nil {
		return lab.Image{}, err
	}
	defer l.release(in.Name)
	now := lab.Image{Name: in.Name, Kind: lab.ImageBase, State: lab.ImageAdding}
	if err := l.advance(ctx, now, lab.StepCopying, progress); err != nil {
		return lab.Image{}, err
	}
	return l.publish(in, content)
}

// Offer puts a file on the fake network.
func (l *Library) Offer(address string, content []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.offers[address] = content
}

func (l *Library) read(in lab.Addition) ([]byte, error) {
	switch {
	case in.Remote != nil:
		return l.receive(*in.Remote)
	case in.Disk != nil:
		v, _ := l.pool.take(in.Disk.Overlay)
		if v.Name == "" {
			return nil, lab.Errorf(lab.KindNotFound, "there is no volume %s", in.Disk.Overlay)
		}
		return QCOW2(v.VirtualBytes, NoFlaw), nil
	}
	return readImage(in.Path)
}

func (l *Library) receive(r lab.Remote) ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	content, ok := l.offers[r.Addresses[0]]
	switch {
	case !ok:
		return nil, lab.Errorf(lab.KindUnavailable, "it can not be downloaded: nobody offers %s", r.Addresses[0])
	case r.Sum != "" && r.Sum != sum(content):
		return nil, lab.Errorf(lab.KindInvalid, "its checksum is %s, not %s", sum(content), r.Sum)
	}
	return content, nil
}

func readImage(path string) ([]byte, error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, lab.Errorf(lab.KindNotFound, "there is no file %s", path)
	case err != nil:
		return nil, lab.Errorf(lab.KindInvalid, "%s can not be read", path).WithCause(err)
	}
	if err := CheckQCOW2(content); err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "%s can not become an image", path).WithCause(err)
	}
	return content, nil
}

// Probe looks at a qcow2 file.
func (l *Library) Probe(ctx context.Context, path string) (p lab.Probe, err error) {
	err = l.script.call(ctx, func() error {
		content, err := readImage(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		p = lab.Probe{
			Path: path, Name: name, Kind: lab.ImageBase, Format: "qcow2",
			Bytes: int64(len(content)), VirtualBytes: VirtualBytes(content),
		}
		return nil
	}, "Library.Probe", path)
	return p, err
}

// Change gives an image other defaults.
func (l *Library) Change(ctx context.Context, name string, to lab.Defaults) (image lab.Image, err error) {
	err = l.do(ctx, "Change", name, func() error {
		if err := cmp.Or(lab.CheckName(name), to.Check()); err != nil {
			return err
		}
		l.adopt()
		if image = l.images[name]; image.Name == "" {
			return lab.Errorf(lab.KindNotFound, "there is no image %s", name)
		}
		image.Defaults = to
		l.images[name] = image
		return nil
	})
	return image, err
}

func (l *Library) reserve(name, sha string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.images[name]; ok && old.SHA256 != sha {
		return lab.Errorf(lab.KindExists, "there is another image %s", name)
	}
	if l.adding[name] {
		return lab.Errorf(lab.KindBusy, "image %s is being added", name)
	}
	l.adding[name] = true
	return nil
}

func (l *Library) release(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.adding, name)
}

// advance tells of progress and waits while it is held.
func (l *Library) advance(ctx context.Context, now lab.Image, step lab.StepName, progress func(lab.Image)) error {
	l.mu.Lock()
	holding := l.holding
	l.mu.Unlock()
	for done := range 5 {
		if progress != nil {
			now.Progress, now.Step = float64(done)/4, &lab.Step{Name: step, Done: int64(done), Total: 4}
			progress(now)
		}
		if done == 2 && holding != nil {
			select {
			case <-holding:
			case <-ctx.Done():
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return lab.Errorf(lab.KindUnavailable, "the work on %s was cancelled", now.Name).WithCause(err)
	}
	return nil
}

func (l *Library) publish(in lab.Addition, content []byte) (lab.Image, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, sha := in.Name, sum(content)
	v, err := l.pool.put(lab.BaseVolume(name, sha), content)
	if err != nil {
		return lab.Image{}, err
	}
	if old, ok := l.images[name]; ok {
		return l.check(old)
	}
	image := l.record(lab.ImageBase, name, sha, v)
	image.Origin = in.Origin
	if in.Defaults != nil {
		image.Defaults = *in.Defaults
	}
	l.images[name] = image
	return image, nil
}

// Check makes sure that an image is what was recorded.
func (l *Library) Check(ctx context.Context, name string) (image lab.Image, err error) {
	err = l.do(ctx, "Check", name, func() error {
		if err := lab.CheckName(name); err != nil {
			return err
		}
		l.adopt()
		image = l.images[name]
		if image.Name == "" {
			return lab.Errorf(lab.KindNotFound, "there is no image %s", name)
		}
		image, err = l.check(image)
		return err
	})
	return image, err
}

// Remove deletes an image.
func (l *Library) Remove(ctx context.Context, name string) error {
	return l.do(ctx, "Remove", name, func() error {
		if err := lab.CheckName(name); err != nil {
			return err
		}
		image := l.images[name]
		delete(l.images, name)
		if l.has(image.Volume) == "" {
			l.pool.Lose(image.Volume)
		}
		return nil
	})
}

// MustAddImage puts an image into the library without being recorded.
func (l *Library) MustAddImage(t testing.TB, name string) lab.Image {
	t.Helper()
	image, err := l.publish(lab.Addition{Name: name, Origin: lab.Origin{Kind: lab.OriginFile, Of: name + ".qcow2"}}, QCOW2(BaseBytes, NoFlaw))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// MustAddMedium puts a medium into the library without being recorded.
func (l *Library) MustAddMedium(t testing.TB, name string) lab.Image {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	content := append([]byte(name), make([]byte, 64<<10)...)
	v, err := l.pool.put(lab.MediumVolume(name, sum(content)), content)
	if err != nil {
		t.Fatal(err)
	}
	return l.record(lab.ImageMedium, name, sum(content), v)
}

// take gives a volume and its content; nil if it is gone.
func (p *Pool) take(name string) (lab.Volume, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.volumes[name]
	if v == nil {
		return lab.Volume{}, nil
	}
	return v.Volume, bytes.Clone(v.content)
}

// put makes a base, or gives the one that is there.
func (p *Pool) put(name string, content []byte) (lab.Volume, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.volumes[name]; v != nil {
		return v.Volume, nil
	}
	size := int64(len(content))
	return p.add(name, lab.Volume{Bytes: size, FileBytes: size, VirtualBytes: VirtualBytes(content)}, content)
}

// left gives the bytes left on the disk.
func (p *Pool) left() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.free
}
