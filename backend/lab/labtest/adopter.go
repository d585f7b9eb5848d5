package labtest

import (
	"context"
	"maps"
	"os"
	"slices"

	"sandboxlabs/backend/lab"
)

// Inspect implements lab.Adopter.
func (l *Library) Inspect(ctx context.Context, path string) (found lab.DiskFile, err error) {
	err = l.do(ctx, "Inspect", path, func() error {
		content, err := l.readOverlay(path)
		if err == nil {
			v := filled(content)
			found = lab.DiskFile{Bytes: v.FileBytes, VirtualBytes: v.VirtualBytes, Backing: v.Backing}
		}
		return err
	})
	return found, err
}

// Lock has a file be as one that a running machine writes to.
func (l *Library) Lock(path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.locked = append(l.locked, path)
}

// readOverlay reads a qcow2 file that may stand on another one. l.mu must be held.
func (l *Library) readOverlay(path string) ([]byte, error) {
	if slices.Contains(l.locked, path) {
		return nil, lab.Errorf(lab.KindBusy, "a running machine writes to %s", path).WithHint("Shut that machine down first.")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, lab.Errorf(lab.KindNotFound, "there is no file %s", path).WithCause(err)
	}
	alone := slices.Clone(content)
	if len(alone) >= headerSize {
		clear(alone[offsetBacking:][:8])
	}
	if err := CheckQCOW2(alone); err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "%s can not become a node's disk", path).WithCause(err)
	}
	return content, nil
}

// Near implements lab.Adopter: every file is.
func (l *Library) Near(ctx context.Context, path string) (near bool, err error) {
	err = l.do(ctx, "Near", path, func() error {
		_, err := os.Stat(path)
		near = err == nil
		return err
	})
	return near, err
}

// Adopt implements lab.Adopter.
func (l *Library) Adopt(ctx context.Context, in lab.Adoption, progress func(int64)) (made lab.Volume, err error) {
	err = l.script.call(ctx, func() error {
		made, err = l.adoptOverlay(ctx, in, progress)
		return err
	}, "Library.Adopt", in.Volume)
	if err != nil {
		made = lab.Volume{}
	}
	return made, err
}

func (l *Library) adoptOverlay(ctx context.Context, in lab.Adoption, progress func(int64)) (lab.Volume, error) {
	base, _ := l.pool.take(in.Base)
	switch there, _ := l.pool.take(in.Volume); {
	case !isOverlay(in.Volume):
		return lab.Volume{}, lab.Errorf(lab.KindInvalid, "%q is no overlay", in.Volume)
	case base.Name == "":
		return lab.Volume{}, lab.Errorf(lab.KindNotFound, "there is no volume %s", in.Base)
	case there.Name != "" && !l.isUnsettled(in.Volume):
		return lab.Volume{}, lab.Errorf(lab.KindExists, "there is a volume %s already", in.Volume)
	}
	l.mu.Lock()
	content, err := l.readOverlay(in.Path)
	l.mu.Unlock()
	if err != nil {
		return lab.Volume{}, err
	}
	tell := func(i lab.Image) {
		if progress != nil {
			progress(int64(i.Progress * float64(len(content))))
		}
	}
	if err := l.advance(ctx, lab.Image{Name: in.Volume}, lab.StepCopying, tell); err != nil {
		return lab.Volume{}, err
	}
	setBacking(content, base.Path)
	l.pool.Lose(in.Volume)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	v, err := l.pool.add(in.Volume, filled(content), content)
	if err == nil {
		l.unsettled[in.Volume] = true
	}
	return v, err
}

func (l *Library) isUnsettled(volume string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsettled[volume]
}

// Settle implements lab.Adopter.
func (l *Library) Settle(ctx context.Context, volume string) error {
	return l.do(ctx, "Settle", volume, func() error {
		if !isOverlay(volume) {
			return lab.Errorf(lab.KindInvalid, "%q is no overlay", volume)
		}
		delete(l.unsettled, volume)
		return nil
	})
}

// Unsettled implements lab.Adopter.
func (l *Library) Unsettled(ctx context.Context) (volumes []string, err error) {
	err = l.do(ctx, "Unsettled", "", func() error {
		volumes = slices.Sorted(maps.Keys(l.unsettled))
		return nil
	})
	return volumes, err
}
