package service

import (
	"cmp"
	"context"
	"time"

	"sandboxlabs/backend/lab"
)

// image is what is known of one image. Its values are replaced, never changed in place.
type image struct {
	record   *lab.Image // as the library told last; nil: it has none
	addition *addition  // under way, or failed and not yet dismissed; nil: neither
	removing bool
	shown    *lab.Image // as last published; nil: not listed
}

// addition is what takes long on an image: its addition, or the care of one that
// is there.
type addition struct {
	image   lab.Image
	care    string // what is being done to an image that is there, as in "being verified"; empty: it is added
	remakes bool   // its file will be another: nobody may take to it
	cancel  context.CancelCauseFunc
	err     error     // why it failed; nil: it is under way
	told    time.Time // when its progress was last published
	due     bool      // it will be before long
}

// busy says what is being done to the image; empty: nothing.
func (i *image) busy() string {
	switch a := i.addition; {
	case i.removing:
		return "being removed"
	case a == nil || a.err != nil:
		return ""
	case a.care == "":
		return "being added"
	default:
		return a.care
	}
}

func errImageBusy(name string, i *image) error {
	return lab.Errorf(lab.KindBusy, "image %s is %s", name, i.busy()).WithHint("Wait until that is done, or cancel it.")
}

// leaving reports whether the image's file is to go.
func (i *image) leaving() bool {
	return i.removing || i.addition != nil && i.addition.err == nil && i.addition.remakes
}

// showImagesOn publishes what has become of the images of a volume. s.mu must be held.
func (s *Service) showImagesOn(volume string) {
	for name, i := range s.images {
		if i.record != nil && i.record.Volume == volume {
			s.showImage(name)
		}
	}
}

// savings gives what the overlays of the listed nodes take that stand on an
// image, and what they save. s.mu must be held.
func (s *Service) savings(v lab.Image) (overlays, saved int64) {
	nodes := 0
	for _, n := range s.nodes {
		if v.Volume != "" && n.shown != nil && n.shown.Base == v.Volume {
			nodes++
			overlays += s.bytesOf(n.shown.NodeSpec)
		}
	}
	return overlays, lab.Saved(nodes, v.AllocatedBytes, overlays)
}

// imageOf gives the name that the image has now which a node was made of. s.mu
// must be held.
func (s *Service) imageOf(spec lab.NodeSpec) string {
	if _, name, _, _ := lab.ParseImageVolume(spec.Medium); spec.Base == "" && name == spec.Image {
		return s.imageOn(spec.Medium, spec.Image)
	}
	return s.imageOn(spec.Base, spec.Image)
}

func (s *Service) presentImage(spec lab.NodeSpec) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.imageOf(spec)
}

// imageOn gives the name of the image that has a volume, be it another than it
// had when a node was made of it. s.mu must be held.
func (s *Service) imageOn(volume, was string) (name string) {
	for other, i := range s.images {
		if volume == "" || i.record == nil || i.record.Volume != volume {
			continue
		}
		if other == was {
			return was
		}
		if name == "" || other < name {
			name = other
		}
	}
	return cmp.Or(name, was)
}
