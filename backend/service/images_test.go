package service

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func (h *house) imageNames() (names []string) {
	h.Helper()
	images, err := h.s.Images(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	for _, i := range images {
		names = append(names, i.Name)
	}
	return names
}

func TestAddImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		path := labtest.MustQCOW2(t, "disk.qcow2", 8<<20, labtest.NoFlaw)
		resume := h.Library.Hold()
		v, err := h.s.AddImage(h.Context(), AddImageInput{Path: path})
		if err != nil || v.Name != "disk" || v.State != lab.ImageAdding {
			t.Fatalf("got %+v, %v, want disk being added", v, err)
		}
		_, err = h.s.AddImage(h.Context(), AddImageInput{Path: path})
		h.wantError(err, lab.KindBusy, "disk")
		resume()
		v, err = h.s.WaitImage(h.Context(), "disk")
		if err != nil || v.State != lab.ImageReady || v.Progress != 0 {
			t.Errorf("got %+v, %v, want it ready", v, err)
		}
		if got := h.imageNames(); !same(got, []string{"disk", "tiny"}) {
			t.Errorf("got %v, want disk and tiny", got)
		}
		h.must(h.s.Create(h.Context(), CreateInput{Name: "web", Image: "disk"}))
	})
}

func TestAddImageRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		for _, flaw := range labtest.Flaws {
			path := labtest.MustQCOW2(t, "bad.qcow2", 8<<20, flaw)
			if _, err := h.s.AddImage(h.Context(), AddImageInput{Path: path}); err != nil {
				t.Fatalf("%s: %v", flaw, err)
			}
			_, err := h.s.WaitImage(h.Context(), "bad")
			h.wantError(err, lab.KindInvalid, "can not become an image")
		}
		if got := h.imageNames(); !same(got, []string{"bad", "tiny"}) {
			t.Errorf("got %v, want the failure listed", got)
		}
		if err := h.s.RemoveImage(h.Context(), "bad"); err != nil {
			t.Fatal(err)
		}
		if got := h.imageNames(); !same(got, []string{"tiny"}) {
			t.Errorf("got %v, want the failure dismissed", got)
		}
		_, err := h.s.AddImage(h.Context(), AddImageInput{Path: "disk.qcow2"})
		h.wantError(err, lab.KindInvalid, "absolute")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Name: "../x", Path: "/disk.qcow2"})
		h.wantError(err, lab.KindInvalid, "not a valid name")
	})
}

// Another content under a name that is taken fails, and the image stays.
func TestAddImageOfATakenName(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		path := labtest.MustQCOW2(t, "tiny.qcow2", 8<<20, labtest.NoFlaw)
		if _, err := h.s.AddImage(h.Context(), AddImageInput{Path: path}); err != nil {
			t.Fatal(err)
		}
		v, err := h.s.WaitImage(h.Context(), "tiny")
		h.wantError(err, lab.KindExists, "tiny")
		if v.State != lab.ImageReady || v.Problem == nil {
			t.Errorf("got %+v, want the old image with the problem", v)
		}
		if err := h.s.CancelImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		h.made("web", "")
	})
}

func TestCancelImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Library.Hold()
		path := labtest.MustQCOW2(t, "disk.qcow2", 8<<20, labtest.NoFlaw)
		if _, err := h.s.AddImage(h.Context(), AddImageInput{Path: path}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := h.s.CancelImage(h.Context(), "disk"); err != nil {
			t.Fatal(err)
		}
		_, err := h.s.WaitImage(h.Context(), "disk")
		h.wantError(err, lab.KindNotFound, "disk")
		if got := h.imageNames(); !same(got, []string{"tiny"}) {
			t.Errorf("got %v, want tiny alone", got)
		}
		h.wantError(h.s.CancelImage(h.Context(), "disk"), lab.KindNotFound, "disk")
	})
}

// An image is not removed under a node, be it missing or deleted.
func TestRemoveImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.wantError(h.s.RemoveImage(h.Context(), "tiny"), lab.KindBusy, "in use by web")
		h.Hypervisor.VirshUndefine(h.node("web").ID)
		h.wantError(h.s.RemoveImage(h.Context(), "tiny"), lab.KindBusy, "in use by web")
		h.must(h.s.Delete(h.Context(), "web", false))
		h.wantError(h.s.RemoveImage(h.Context(), "tiny"), lab.KindBusy, "web (deleted, can be restored)")
		h.must(h.s.Delete(h.Context(), "web", true))
		if err := h.s.RemoveImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		if got := h.imageNames(); len(got) != 0 {
			t.Errorf("got %v, want none", got)
		}
		h.wantError(h.s.RemoveImage(h.Context(), "tiny"), lab.KindNotFound, "tiny")
	})
}

// Many steps of progress make few events.
func TestProgressIsThrottled(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		a := &addition{image: lab.Image{Name: "disk", State: lab.ImageAdding}}
		h.s.mu.Lock()
		h.s.imageAt("disk").addition = a
		h.s.showImage("disk")
		h.s.mu.Unlock()
		events := h.s.Subscribe(h.Context())
		drain(events)
		told := 0
		for i := range 1000 {
			h.s.progress(a, lab.Image{Progress: float64(i+1) / 1000})
			told += len(drain(events))
		}
		if told != 1 {
			t.Errorf("told %d times in no time, want once", told)
		}
		time.Sleep(tellEvery)
		synctest.Wait()
		if got := drain(events); len(got) != 1 || got[0].Image.Progress != 1 {
			t.Errorf("got %+v a little later, want how far it was in the end", got)
		}
	})
}
