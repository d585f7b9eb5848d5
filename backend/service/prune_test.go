package service

import (
	"bytes"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// unusedNames gives what can go, images by their names, and removes what in names.
func (h *house) unusedNames(in PruneInput) (names []string) {
	h.Helper()
	unused, err := h.s.PruneImages(h.Context(), in)
	if err != nil {
		h.Fatal(err)
	}
	for _, u := range unused {
		name := u.Image
		if name == "" {
			name = u.Volume
		}
		if u.Removed {
			name += " removed"
		}
		if u.Bytes == 0 {
			h.Errorf("got %+v, want its size", u)
		}
		names = append(names, name)
	}
	return names
}

func TestPruneImages(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Library.MustAddImage(t, "twin")
		half := lab.BaseVolume("half", "0123456789ab")
		content := labtest.QCOW2(8<<20, labtest.NoFlaw)
		if _, err := h.Pool.Upload(h.Context(), half, int64(len(content)), bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		h.made("web", "")
		want := []string{half, "twin"}
		if got := h.unusedNames(PruneInput{}); !same(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		for _, in := range []PruneInput{
			{Images: []string{"twin", "tiny"}}, {Images: []string{"twin", "absent"}}, {Images: []string{"twin"}, Volumes: []string{h.image("tiny").Volume}},
		} {
			_, err := h.s.PruneImages(h.Context(), in)
			h.wantError(err, lab.KindBusy, "in use, or there is none")
		}
		if got := h.unusedNames(PruneInput{}); !same(got, want) {
			t.Errorf("got %v, want that nothing was removed of %v", got, want)
		}
		if got := h.unusedNames(PruneInput{Volumes: []string{half}}); !same(got, []string{half + " removed", "twin"}) {
			t.Errorf("got %v, want %s removed", got, half)
		}
		if got := h.unusedNames(PruneInput{Images: []string{"twin"}}); !same(got, []string{"twin removed"}) {
			t.Errorf("got %v, want twin removed", got)
		}
		if got := h.imageNames(); !same(got, []string{"tiny"}) {
			t.Errorf("got %v, want tiny alone", got)
		}
	})
}

// A deleted node keeps its image, and whoever works on one keeps it too.
func TestPruneKeepsWhatIsUsed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.must(h.s.Delete(h.Context(), "web", false))
		if got := h.unusedNames(PruneInput{}); len(got) > 0 {
			t.Errorf("got %v, want nothing: web can be restored", got)
		}
		h.must(h.s.Delete(h.Context(), "web", true))
		resume := h.Library.Hold()
		if _, err := h.s.VerifyImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := h.unusedNames(PruneInput{}); len(got) > 0 {
			t.Errorf("got %v, want nothing: tiny is being verified", got)
		}
		resume()
		h.cared(h.image("tiny"), nil)
		if got := h.unusedNames(PruneInput{Images: []string{"tiny"}}); !same(got, []string{"tiny removed"}) {
			t.Errorf("got %v, want tiny removed", got)
		}
	})
}

// A volume that no record has is kept while a node stands on it.
func TestPruneKeepsTheBaseOfANode(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		base := h.image("tiny").Volume
		h.Pool.Spoil(base) // so that it is not taken up again
		h.Library.Forget("tiny")
		if got := h.unusedNames(PruneInput{}); len(got) > 0 {
			t.Errorf("got %v, want nothing: web stands on %s", got, base)
		}
		h.must(h.s.Delete(h.Context(), "web", true))
		if got := h.unusedNames(PruneInput{Volumes: []string{base}}); !same(got, []string{base + " removed"}) {
			t.Errorf("got %v, want %s removed", got, base)
		}
	})
}
