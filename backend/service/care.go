package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// VerifyImage begins to read the whole file of an image and to compare its
// checksum, whatever its size and time say. It returns at once; what was found
// is the image's state then.
func (s *Service) VerifyImage(ctx context.Context, name string) (lab.Image, error) {
	return s.beginCare(ctx, name, "being verified", false, func(ctx context.Context, carer lab.Carer, tell func(lab.Image)) (lab.Image, error) {
		return carer.Verify(ctx, name, tell)
	})
}

// CompressImage begins to make the disk of a base anew, so that it takes as
// little room as it can. No node may stand on it. It returns at once.
func (s *Service) CompressImage(ctx context.Context, name string) (lab.Image, error) {
	return s.remakeImage(ctx, name, "being compressed", lab.Remaking{Compress: true})
}

// ResizeImage begins to make the disk of a base anew, with more bytes. No node
// may stand on it. It returns at once.
func (s *Service) ResizeImage(ctx context.Context, name string, bytes int64) (lab.Image, error) {
	return s.remakeImage(ctx, name, "being resized", lab.Remaking{VirtualBytes: bytes})
}

func (s *Service) carer() (lab.Carer, error) {
	if carer, ok := s.o.Library.(lab.Carer); ok {
		return carer, nil
	}
	return nil, lab.Errorf(lab.KindUnavailable, "this library does not care for its images")
}

// remakeImage makes sure that no node stands on the image, before the work and
// when it is about to take effect: another process may make one meanwhile.
func (s *Service) remakeImage(ctx context.Context, name, doing string, how lab.Remaking) (lab.Image, error) {
	if err := s.reconcile(ctx); err != nil {
		return lab.Image{}, err
	}
	how.Confirm = func(ctx context.Context) error {
		if err := s.reconcile(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.checkUnused(name)
	}
	s.mu.Lock()
	var err error
	if i := s.images[name]; i != nil && i.record != nil {
		err = how.Check(*i.record)
	}
	if err == nil {
		err = s.checkUnused(name)
	}
	s.mu.Unlock()
	if err != nil {
		return lab.Image{}, err
	}
	return s.beginCare(ctx, name, doing, true, func(ctx context.Context, carer lab.Carer, tell func(lab.Image)) (lab.Image, error) {
		return carer.Remake(ctx, name, how, tell)
	})
}

// beginCare begins work on an image that is there, and returns it as it is
// meanwhile. remakes says that its file will be another.
func (s *Service) beginCare(ctx context.Context, name, doing string, remakes bool, work func(ctx context.Context, carer lab.Carer, tell func(lab.Image)) (lab.Image, error)) (lab.Image, error) {
	carer, err := s.carer()
	if err != nil {
		return lab.Image{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.images[name]
	switch {
	case s.ended:
		return lab.Image{}, errClosing
	case i == nil:
		return lab.Image{}, unknownImage(name)
	case i.busy() != "":
		return lab.Image{}, errImageBusy(name, i)
	case i.record == nil: // its addition failed
		return lab.Image{}, unknownImage(name)
	}
	if err := s.expectedImage(ctx, name); err != nil {
		return lab.Image{}, err
	}
	a := &addition{image: *i.record, care: doing, remakes: remakes}
	a.image.Step = &lab.Step{Name: lab.StepVerifying} // the first of all care
	v, _ := s.undertake(a, func(ctx context.Context) (lab.Image, error) {
		return work(ctx, carer, func(v lab.Image) { s.progress(a, v) })
	})
	return v, nil
}

// RenameImage gives an image another name. Its nodes go with it: they know it
// by its volume.
func (s *Service) RenameImage(ctx context.Context, name, to string) (lab.Image, error) {
	carer, err := s.carer()
	if err != nil {
		return lab.Image{}, err
	}
	s.records.Lock()
	defer s.records.Unlock()
	s.mu.Lock()
	switch i, other := s.images[name], s.images[to]; {
	case i != nil && i.busy() != "":
		err = errImageBusy(name, i)
	case other != nil && to != name:
		err = lab.Errorf(lab.KindExists, "there is an image %s already", to).WithHint("Choose another name, or remove that image first.")
	default:
		err = s.expectedImage(ctx, name)
	}
	s.mu.Unlock()
	if err != nil {
		return lab.Image{}, err
	}
	v, err := carer.Rename(context.WithoutCancel(ctx), name, to)
	if err != nil {
		return lab.Image{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.imageAt(name) = image{shown: s.images[name].shown}
	s.imageAt(to).record = &v
	s.showImages()
	s.showNodes()
	return *s.images[to].shown, nil
}
