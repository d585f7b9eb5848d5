package service

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// image gives one image as it is shown.
func (h *house) image(name string) lab.Image {
	h.Helper()
	images, err := h.s.Images(h.Context())
	i := slices.IndexFunc(images, func(v lab.Image) bool { return v.Name == name })
	if err != nil || i < 0 {
		h.Fatalf("there is no image %s among %+v, %v", name, images, err)
	}
	return images[i]
}

// cared waits until the care that was begun is over.
func (h *house) cared(v lab.Image, err error) lab.Image {
	h.Helper()
	if err == nil {
		v, err = h.s.WaitImage(h.Context(), v.Name)
	}
	if err != nil {
		h.Fatal(err)
	}
	return v
}

// While an image is verified nodes may be made of it, and nothing else be done to it.
func TestVerifyImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		resume := h.Library.Hold()
		if v, err := h.s.VerifyImage(h.Context(), "tiny"); err != nil || v.State != lab.ImageReady || v.Step == nil {
			t.Fatalf("got %+v, %v, want it ready with a step", v, err)
		}
		synctest.Wait()
		if v := h.image("tiny"); v.State != lab.ImageReady || v.Step == nil || v.Step.Name != lab.StepVerifying {
			t.Errorf("got %+v, want it ready, being verified", v)
		}
		_, err := h.s.VerifyImage(h.Context(), "tiny")
		h.wantError(err, lab.KindBusy, "image tiny is being verified")
		_, err = h.s.RenameImage(h.Context(), "tiny", "small")
		h.wantError(err, lab.KindBusy, "being verified")
		h.wantError(h.s.RemoveImage(h.Context(), "tiny"), lab.KindBusy, "being verified")
		h.running("web", "")
		resume()
		if v := h.cared(h.image("tiny"), nil); v.State != lab.ImageReady || v.Step != nil || v.Progress != 0 {
			t.Errorf("got %+v, want it ready", v)
		}
		h.Pool.Spoil(h.image("tiny").Volume)
		if v := h.cared(h.s.VerifyImage(h.Context(), "tiny")); v.State != lab.ImageChanged || v.Problem == nil {
			t.Errorf("got %+v, want it changed, with the problem", v)
		}
		_, err = h.s.VerifyImage(h.Context(), "absent")
		h.wantError(err, lab.KindNotFound, "absent")
	})
}

func TestCancelledCareLeavesTheImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		was := h.image("tiny")
		h.Library.Hold()
		for _, begin := range []func() (lab.Image, error){
			func() (lab.Image, error) { return h.s.VerifyImage(h.Context(), "tiny") },
			func() (lab.Image, error) { return h.s.CompressImage(h.Context(), "tiny") },
			func() (lab.Image, error) { return h.s.ResizeImage(h.Context(), "tiny", 1<<30) },
		} {
			if _, err := begin(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if err := h.s.CancelImage(h.Context(), "tiny"); err != nil {
				t.Fatal(err)
			}
			if v := h.cared(h.image("tiny"), nil); !same(v, was) {
				t.Errorf("got %+v, want %+v", v, was)
			}
		}
		h.made("web", "")
	})
}

func TestRemakeImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		was := h.image("tiny")
		v := h.cared(h.s.ResizeImage(h.Context(), "tiny", 2*was.VirtualBytes))
		if v.VirtualBytes != 2*was.VirtualBytes || v.Volume == was.Volume || v.State != lab.ImageReady {
			t.Errorf("got %+v, want twice %+v", v, was)
		}
		if v = h.cared(h.s.CompressImage(h.Context(), "tiny")); v.Bytes >= was.Bytes || v.Compression != "zstd" {
			t.Errorf("got %+v, want it compressed", v)
		}
		if names := h.Pool.Names(); !slices.Equal(names, []string{v.Volume}) {
			t.Errorf("got %v, want %s alone", names, v.Volume)
		}
		if web := h.running("web", ""); web.Base != v.Volume {
			t.Errorf("got %+v, want it on %s", web, v.Volume)
		}
	})
}

// The disk under a node is not taken away, be the node deleted or being made.
func TestRemakeRefusesWhatIsUsed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		was := h.image("tiny")
		refused := func(says string) {
			t.Helper()
			_, err := h.s.CompressImage(h.Context(), "tiny")
			h.wantError(err, lab.KindBusy, says)
			_, err = h.s.ResizeImage(h.Context(), "tiny", 2*was.VirtualBytes)
			h.wantError(err, lab.KindBusy, says)
		}
		h.made("web", "")
		refused("in use by web")
		h.must(h.s.Delete(h.Context(), "web", false))
		refused("web (deleted, can be restored)")
		h.must(h.s.Delete(h.Context(), "web", true))
		h.s.mu.Lock()
		h.s.changes["id"] = &change{making: true, spec: lab.NodeSpec{Name: "db", Base: was.Volume}}
		h.s.mu.Unlock()
		refused("db (being made)")
		h.s.mu.Lock()
		delete(h.s.changes, "id")
		h.s.mu.Unlock()
		for bytes, says := range map[int64]string{was.VirtualBytes / 2: "can not shrink", was.VirtualBytes: "already", 0: "can not have", -1: "can not have"} {
			_, err := h.s.ResizeImage(h.Context(), "tiny", bytes)
			h.wantError(err, lab.KindInvalid, says)
		}
		if v := h.image("tiny"); !same(v, was) {
			t.Errorf("got %+v, want %+v", v, was)
		}
	})
}

// No node is made of an image whose disk is about to go, and one that another
// process makes is noticed in time.
func TestRemakeAndNewNodes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		was, other := h.image("tiny"), mustEnter(t, h.World, Options{})
		resume := h.Library.Hold()
		if _, err := h.s.CompressImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_, err := h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny"})
		h.wantError(err, lab.KindBusy, "image tiny is being compressed")
		other.made("db", "")
		resume()
		v, err := h.s.WaitImage(h.Context(), "tiny")
		h.wantError(err, lab.KindBusy, "in use by db")
		if v.Volume != was.Volume || v.State != lab.ImageReady {
			t.Errorf("got %+v, want %+v", v, was)
		}
		if err := h.s.CancelImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		h.done(h.s.Start(h.Context(), "db"))
		h.made("web", "")
	})
}

// The nodes of a renamed image show it under its new name, and go on.
func TestRenameImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.made("old", "")
		h.must(h.s.Delete(h.Context(), "old", false))
		events := h.s.Subscribe(h.Context())
		drain(events)
		v, err := h.s.RenameImage(h.Context(), "tiny", "small")
		if err != nil || v.Name != "small" || !slices.Equal(v.UsedBy, []string{"web"}) {
			t.Fatalf("got %+v, %v, want small, used by web", v, err)
		}
		synctest.Wait()
		kinds := map[lab.EventKind]int{}
		for _, e := range drain(events) {
			kinds[e.Kind]++
		}
		if kinds[lab.EventImage] == 0 || kinds[lab.EventImageRemoved] != 1 || kinds[lab.EventNode] == 0 {
			t.Errorf("got events %v, want the image, its old name gone, and the node", kinds)
		}
		if web := h.done(h.s.Start(h.Context(), "web")); web.Image != "small" {
			t.Errorf("got %+v, want it on small", web)
		}
		h.done(h.s.Wipe(h.Context(), "web"))
		if twin := h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "twin"})); twin.Image != "small" {
			t.Errorf("got %+v, want it on small", twin)
		}
		h.must(h.s.Restore(h.Context(), "old"))
		h.done(h.s.Start(h.Context(), "old"))
		h.wantError(h.s.RemoveImage(h.Context(), "small"), lab.KindBusy, "in use by old, twin, web")
		_, err = h.s.RenameImage(h.Context(), "tiny", "other")
		h.wantError(err, lab.KindNotFound, "tiny")
		_, err = h.s.RenameImage(h.Context(), "small", "../x")
		h.wantError(err, lab.KindInvalid, "not a valid name")
	})
}

func TestRenameImageToATakenName(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		path := labtest.MustQCOW2(t, "disk.qcow2", 8<<20, labtest.NoFlaw)
		if _, err := h.s.AddImage(h.Context(), AddImageInput{Path: path}); err != nil {
			t.Fatal(err)
		}
		h.cared(h.image("disk"), nil)
		_, err := h.s.RenameImage(h.Context(), "tiny", "disk")
		h.wantError(err, lab.KindExists, "disk")
		if got := h.imageNames(); !same(got, []string{"disk", "tiny"}) {
			t.Errorf("got %v, want both as they were", got)
		}
		if v, err := h.s.RenameImage(h.Context(), "tiny", "tiny"); err != nil || v.Name != "tiny" {
			t.Errorf("got %+v, %v, want it to keep its name", v, err)
		}
	})
}

// A name that another process gave is found when a node needs the image.
func TestRenameImageByAnother(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		other := mustEnter(t, h.World, Options{})
		if _, err := other.s.RenameImage(h.Context(), "tiny", "small"); err != nil {
			t.Fatal(err)
		}
		if web := h.done(h.s.Start(h.Context(), "web")); web.Image != "small" {
			t.Errorf("got %+v, want it on small", web)
		}
		other.leave()
	})
}

// Both names of an image are there if a process died while it was renamed: one
// can go under a node, and the other not.
func TestRenameImageHalfDone(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.Library.Twin("tiny", "small")
		if err := h.s.readImages(h.Context()); err != nil {
			t.Fatal(err)
		}
		if v := h.node("web"); v.Image != "tiny" {
			t.Errorf("got %+v, want it on tiny", v)
		}
		if err := h.s.RemoveImage(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		h.wantError(h.s.RemoveImage(h.Context(), "small"), lab.KindBusy, "in use by web")
		if v := h.done(h.s.Start(h.Context(), "web")); v.Image != "small" {
			t.Errorf("got %+v, want it on small", v)
		}
	})
}

func TestInterruptedRemakeIsTold(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.s.tellInterrupted(lab.Interrupted{Addition: lab.Addition{Name: "tiny"}, Remaking: true})
		if v := h.image("tiny"); v.State != lab.ImageReady || v.Problem == nil || v.Problem.Message != "SandBoxLabs ended before image tiny was made anew; it is as it was" {
			t.Errorf("got %+v, want it ready, and to be told", v)
		}
		if err := h.s.CancelImage(h.Context(), "tiny"); err != nil || h.image("tiny").Problem != nil {
			t.Errorf("got %v, %+v, want it dismissed", err, h.image("tiny"))
		}
	})
}

// What the overlays of an image take, and what they save, follows its nodes.
func TestSavings(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		const empty = 196 << 10 // of the fake pool
		base := h.image("tiny").AllocatedBytes
		want := func(overlays int64, nodes int64) {
			t.Helper()
			v := h.image("tiny")
			if saved := max(0, (nodes-1)*base-overlays); v.OverlayBytes != overlays || v.SavedBytes != saved || base == 0 {
				t.Errorf("got %d and %d, want %d and %d", v.OverlayBytes, v.SavedBytes, overlays, saved)
			}
		}
		want(0, 0)
		for i, name := range []string{"a", "b", "c", "d", "e", "f"} {
			h.made(name, "")
			want(int64(i+1)*empty, int64(i+1))
		}
		if v := h.image("tiny"); v.SavedBytes == 0 {
			t.Errorf("got %+v, want that six nodes save something", v)
		}
		v := h.running("web", "xyz")
		h.done(h.s.Stop(h.Context(), "web"))
		synctest.Wait()
		want(7*empty+3<<20, 7)
		h.must(h.s.Wipe(h.Context(), v.ID))
		want(8*empty+3<<20, 7)
		time.Sleep(25 * time.Hour) // what was wiped is purged
		want(7*empty, 7)
		h.must(h.s.Delete(h.Context(), "web", false))
		want(6*empty, 6)
	})
}
