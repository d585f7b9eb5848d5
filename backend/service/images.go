package service

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// tellEvery is how often the progress of an addition is told at most.
const tellEvery = 100 * time.Millisecond

// Images gives every image, sorted by name: those of the library, those being
// added, and those whose addition failed until that is dismissed by RemoveImage.
func (s *Service) Images(context.Context) ([]lab.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.library(), nil
}

func (s *Service) library() []lab.Image {
	all := make([]lab.Image, 0, len(s.images))
	for _, i := range s.images {
		if i.shown != nil {
			all = append(all, *i.shown)
		}
	}
	slices.SortFunc(all, func(a, b lab.Image) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// value is what the image is now; ok is false if there is none. s.mu must be held.
func (i *image) value() (v lab.Image, ok bool) {
	a := i.addition
	switch {
	case a != nil && a.err == nil && a.care != "" && i.record != nil:
		v = *i.record
		v.Progress, v.Step = a.image.Progress, a.image.Step
	case a != nil && (a.err == nil || i.record == nil):
		v = a.image
	case i.record != nil:
		v = *i.record
	default:
		return v, false
	}
	if a != nil && a.err != nil {
		v.Problem = lab.ProblemOf(a.err)
	}
	return v, true
}

// showImages publishes what has become of the images and of who uses them.
// s.mu must be held.
func (s *Service) showImages() {
	for name := range s.images {
		s.showImage(name)
	}
}

func (s *Service) showImage(name string) {
	defer s.changed()
	i := s.images[name]
	v, ok := i.value()
	if !ok {
		delete(s.images, name)
		if i.shown != nil {
			s.hub.send(lab.Event{Kind: lab.EventImageRemoved, ID: name})
		}
		return
	}
	v.UsedBy, _ = s.usersOf(v.Volume)
	v.Twins = s.twinsOf(v)
	v.OverlayBytes, v.SavedBytes = s.savings(v)
	if i.shown != nil && same(*i.shown, v) {
		return
	}
	i.shown = &v
	s.hub.send(lab.Event{Kind: lab.EventImage, Image: &v})
}

// twinsOf gives the names of the other images with the content of this one. s.mu
// must be held.
func (s *Service) twinsOf(v lab.Image) (names []string) {
	for name, i := range s.images {
		if name != v.Name && v.SHA256 != "" && i.record != nil && i.record.SHA256 == v.SHA256 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// usersOf gives the names of the nodes that stand on a volume, or have it in
// their drive: those that are listed, and those that are deleted or being made.
// s.mu must be held.
func (s *Service) usersOf(volume string) (listed, hidden []string) {
	if volume == "" {
		return nil, nil
	}
	for _, n := range s.nodes {
		switch {
		case n.shown != nil && (uses(n.shown.NodeSpec, volume) || n.shown.Inserted == volume):
			listed = append(listed, n.shown.Name)
		case n.deleted() && uses(*n.stored, volume):
			hidden = append(hidden, n.stored.Name+" (deleted, can be restored)")
		}
	}
	for _, c := range s.changes {
		switch {
		case c.making && uses(c.spec, volume):
			hidden = append(hidden, c.spec.Name+" (being made)")
		case c.takes == volume && !uses(c.spec, volume):
			hidden = append(hidden, c.spec.Name+" (being changed)")
		}
	}
	slices.Sort(listed)
	slices.Sort(hidden)
	return listed, hidden
}

func uses(spec lab.NodeSpec, volume string) bool { return spec.Base == volume || spec.Medium == volume }

// imageAt gives the entry of an image, made where there is none, and makes every
// reading that has begun outdated for it. s.mu must be held.
func (s *Service) imageAt(name string) *image {
	s.begun++
	s.seen[imageKey(name)] = s.begun
	i := s.images[name]
	if i == nil {
		i = &image{}
		s.images[name] = i
	}
	return i
}

// imageKey sets the images' readings apart from those of the nodes.
func imageKey(name string) string { return "image " + name }

// readImages takes the library as it is, but for what has changed since this began.
func (s *Service) readImages(ctx context.Context) error {
	number := s.reading()
	images, err := s.o.Library.Images(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]*lab.Image, len(images))
	for _, v := range images {
		if v.State == lab.ImageAdding {
			continue
		}
		found[v.Name] = &v
		if s.images[v.Name] == nil {
			s.images[v.Name] = &image{}
		}
	}
	for name, i := range s.images {
		if s.newer(imageKey(name), number) {
			i.record = found[name]
		}
	}
	s.showImages()
	s.showNodes() // with the names that their images have now
	return nil
}

// AddImage begins to make an image of a local file, of one on the network, of
// what the catalogue offers, or of the disk of a node that is off. It returns at
// once with the image being added. An addition that fails stays listed with its
// Problem until RemoveImage or CancelImage dismisses it, or the name is added
// again.
func (s *Service) AddImage(ctx context.Context, in AddImageInput) (lab.Image, error) {
	if err := in.oneSource(); err != nil {
		return lab.Image{}, err
	}
	if in.Node != "" {
		return s.publish(ctx, in)
	}
	add, err := s.additionOf(ctx, in)
	if err != nil {
		return lab.Image{}, err
	}
	image, _, err := s.beginAddition(add)
	return image, err
}

func (in AddImageInput) oneSource() error {
	given := 0
	for _, source := range []string{in.Path, in.Address, in.Entry, in.Node} {
		if source != "" {
			given++
		}
	}
	if given != 1 {
		return lab.Errorf(lab.KindInvalid, "an image is made of a path, an address, an entry of the catalogue or a node, of one of them").
			WithHint("Give the whole path of a file on this machine, an address, the id of an entry, or the name of a node.")
	}
	return nil
}

// additionOf says what the image is made of, if that is no node.
func (s *Service) additionOf(ctx context.Context, in AddImageInput) (add lab.Addition, err error) {
	switch {
	case in.Entry != "":
		add, err = s.entryAddition(ctx, in)
	case in.Address != "":
		remote := lab.Remote{Addresses: []string{in.Address}, Sum: in.Sum}
		add = lab.Addition{Name: cmp.Or(in.Name, lab.SuggestName(in.Address)), Remote: &remote, Origin: lab.Origin{Kind: lab.OriginAddress, Of: in.Address}}
	case !filepath.IsAbs(in.Path):
		err = lab.Errorf(lab.KindInvalid, "%q is not an absolute path", in.Path).WithHint("Give the whole path of a file on this machine.")
	default:
		add = lab.Addition{Name: cmp.Or(in.Name, lab.SuggestName(in.Path)), Path: in.Path, Origin: lab.Origin{Kind: lab.OriginFile, Of: filepath.Base(in.Path)}}
	}
	if err == nil && add.Remote != nil {
		err = add.Remote.Check()
	}
	add.Defaults, add.Compress = cmp.Or(in.Defaults, add.Defaults), in.Compress
	return add, err
}

// ProbeImage tells what can be made of a local file.
func (s *Service) ProbeImage(ctx context.Context, path string) (lab.Probe, error) {
	if !filepath.IsAbs(path) {
		return lab.Probe{}, lab.Errorf(lab.KindInvalid, "%q is not an absolute path", path).WithHint("Give the whole path of a file on this machine.")
	}
	return s.o.Library.Probe(ctx, path)
}

// ChangeImage gives an image other defaults for its nodes to come.
func (s *Service) ChangeImage(ctx context.Context, name string, to lab.Defaults) (lab.Image, error) {
	s.records.Lock()
	defer s.records.Unlock()
	s.mu.Lock()
	err := s.expectedImage(ctx, name)
	s.mu.Unlock()
	if err != nil {
		return lab.Image{}, err
	}
	v, err := s.o.Library.Change(ctx, name, to)
	if err != nil {
		return lab.Image{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.imageAt(name)
	i.record = &v
	s.showImage(name)
	return *i.shown, nil
}

// beginAddition checks what can be told at once, and lets the rest go on; ended
// is closed when that is over.
func (s *Service) beginAddition(add lab.Addition) (v lab.Image, ended <-chan struct{}, err error) {
	if err := lab.CheckName(add.Name); err != nil {
		return v, nil, err
	}
	if add.Defaults != nil {
		if err := add.Defaults.Check(); err != nil {
			return v, nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.images[add.Name]
	switch {
	case s.ended:
		return v, nil, errClosing
	case i != nil && i.busy() != "":
		return v, nil, errImageBusy(add.Name, i)
	}
	a := &addition{image: lab.Image{Name: add.Name, Kind: lab.ImageBase, State: lab.ImageAdding, Origin: add.Origin}}
	v, ended = s.undertake(a, func(ctx context.Context) (lab.Image, error) {
		return s.o.Library.Add(ctx, add, func(v lab.Image) { s.progress(a, v) })
	})
	return v, ended, nil
}

// undertake does what takes long on an image, and gives that as it is meanwhile;
// ended is closed when that is over. s.mu must be held.
func (s *Service) undertake(a *addition, work func(context.Context) (lab.Image, error)) (v lab.Image, ended <-chan struct{}) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	a.cancel = cancel
	i := s.imageAt(a.image.Name)
	i.addition = a
	s.showImage(a.image.Name)
	over := make(chan struct{})
	s.work.Go(func() {
		defer close(over)
		defer cancel(nil)
		image, err := work(ctx)
		s.endAddition(ctx, a, image, err)
		s.remeasure(s.ctx)
	})
	return *i.shown, over
}

// progress takes how far work on an image is, and tells it now and then: what
// is not told at once is told soon, for nothing may follow it for long.
func (s *Service) progress(a *addition, v lab.Image) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.Name, v.State, v.Origin = a.image.Name, a.image.State, a.image.Origin
	a.image = v
	if a.due {
		return
	}
	if wait := tellEvery - time.Since(a.told); wait > 0 {
		a.due = true
		time.AfterFunc(wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.tellProgress(a)
		})
		return
	}
	s.tellProgress(a)
}

// tellProgress publishes how far work on an image is, if it is under way. s.mu
// must be held.
func (s *Service) tellProgress(a *addition) {
	a.due = false
	if i := s.images[a.image.Name]; i != nil && i.addition == a {
		a.told = time.Now()
		s.showImage(a.image.Name)
	}
}

// endAddition publishes the image, or why there is none; nobody needs to be
// told that what they cancelled was cancelled.
func (s *Service) endAddition(ctx context.Context, a *addition, v lab.Image, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.imageAt(a.image.Name)
	switch {
	case err == nil:
		i.record, i.addition = &v, nil
	case ctx.Err() != nil:
		i.addition = nil
	default:
		a.err = err
		if a.care != "" && v.Name != "" { // all was done but the last
			i.record = &v
		}
	}
	s.showImages() // another may have a twin now
}

// tending reports whether an image is being added or cared for. s.mu must be held.
func (s *Service) tending() bool {
	for _, i := range s.images {
		if i.addition != nil && i.addition.err == nil {
			return true
		}
	}
	return false
}

// WaitImage returns when the image is not being added or cared for; why that
// failed is the error.
func (s *Service) WaitImage(ctx context.Context, name string) (v lab.Image, err error) {
	there := true
	var failed error
	err = s.await(ctx, func() bool {
		i := s.images[name]
		if there = i != nil && i.shown != nil; !there {
			return true
		}
		v, failed = *i.shown, nil
		if i.addition != nil {
			failed = i.addition.err
			return failed != nil
		}
		return true
	})
	switch {
	case err != nil:
		return v, err
	case !there:
		return v, unknownImage(name)
	}
	return v, failed
}

func unknownImage(name string) error {
	return lab.Errorf(lab.KindNotFound, "there is no image %q", name).WithHint("List the images to see their names.")
}
