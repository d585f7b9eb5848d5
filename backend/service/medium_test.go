package service

import (
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
)

const gib = 1 << 30

// installed makes a node from a medium, whose guest has written text.
func (h *house) installed(name, text string) lab.Node {
	h.Helper()
	v := h.must(h.s.Create(h.Context(), CreateInput{Name: name, Image: "installer"}))
	h.Pool.Write(v.OverlayVolume(v.Generation), text)
	return v
}

func (h *house) disk(v lab.Node) lab.Volume {
	h.Helper()
	disk, err := h.Pool.Volume(h.Context(), v.OverlayVolume(v.Generation))
	if err != nil {
		h.Fatal(err)
	}
	return disk
}

// A node from a medium has an empty disk, which a wipe makes empty again.
func TestNodeFromMedium(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		medium := h.Library.MustAddMedium(t, "installer")
		v := h.installed("web", "installed")
		if v.Medium != medium.Volume || v.Base != "" || v.Image != "installer" || v.DiskBytes != lab.DefaultDiskGiB*gib {
			t.Errorf("got %+v, want the medium in its drive and no base", v.NodeSpec)
		}
		if got := h.disk(v); got.Backing != "" || got.VirtualBytes != v.DiskBytes {
			t.Errorf("got the disk %+v, want an empty one of %d bytes", got, v.DiskBytes)
		}
		v = h.done(h.s.Start(h.Context(), "web"))
		if v.Inserted != medium.Volume {
			t.Errorf("got %q in its drive, want the medium", v.Inserted)
		}
		wiped := h.done(h.s.Wipe(h.Context(), "web"))
		h.wantText(wiped, "")
		if got := h.disk(wiped); got.VirtualBytes != v.DiskBytes {
			t.Errorf("got a disk of %d bytes after the wipe, want %d", got.VirtualBytes, v.DiskBytes)
		}
		h.wantText(h.done(h.s.UndoWipe(h.Context(), "web")), "installed")
		h.done(h.s.ForceOff(h.Context(), "web"))
		h.wantText(h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "twin", CopyDisk: true})), "installed")
		h.wantText(h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "fresh"})), "")
		h.must(h.s.Delete(h.Context(), "web", false))
		h.wantText(h.must(h.s.Restore(h.Context(), v.ID)), "installed")
		h.wantSound()
	})
}

func TestDiskSizes(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.Library.MustAddMedium(t, "installer")
		for image, base := range map[string]bool{"tiny": true, "installer": false} {
			v := h.must(h.s.Create(h.Context(), CreateInput{Name: image, Image: image, DiskGiB: 3}))
			v = h.must(h.s.Wipe(h.Context(), v.ID))
			if got := h.disk(v); got.VirtualBytes != 3*gib || (got.Backing != "") != base {
				t.Errorf("%s: got the disk %+v after a wipe, want 3 GiB", image, got)
			}
		}
		large, err := h.s.AddImage(h.Context(), AddImageInput{Node: "tiny", Name: "large"})
		if err != nil {
			t.Fatal(err)
		}
		if large, err = h.s.WaitImage(h.Context(), "large"); err != nil || large.VirtualBytes != 3*gib {
			t.Fatalf("got %+v, %v, want an image of 3 GiB", large, err)
		}
		for gib, image := range map[int]string{-1: "tiny", 1 << 20: "installer", 2: "large"} {
			_, err := h.s.Create(h.Context(), CreateInput{Name: "new", Image: image, DiskGiB: gib})
			h.wantError(err, lab.KindInvalid, "GiB")
		}
	})
}

func TestChangeMedium(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		medium := h.Library.MustAddMedium(t, "installer")
		if err := h.s.readImages(h.Context()); err != nil {
			t.Fatal(err)
		}
		id := h.running("web", "").ID
		set := func(image string) lab.Node {
			t.Helper()
			return h.must(h.s.Set(h.Context(), "web", SetInput{Medium: &image}))
		}
		if v := set("installer"); v.Medium != medium.Volume || v.Inserted != "" {
			t.Errorf("got %+v, want it in the drive from the next start on", v)
		}
		h.wantError(h.s.RemoveImage(h.Context(), "installer"), lab.KindBusy, "in use by web")
		h.done(h.s.ForceOff(h.Context(), "web"))
		h.done(h.s.Start(h.Context(), "web"))
		h.Hypervisor.GuestLocks(id)
		if v := set(""); v.Medium != "" || v.Inserted != medium.Volume {
			t.Errorf("got %+v, want the guest to hold on to it", v)
		}
		h.wantError(h.s.RemoveImage(h.Context(), "installer"), lab.KindBusy, "in use by web")
		h.done(h.s.ForceOff(h.Context(), "web"))
		h.done(h.s.Start(h.Context(), "web"))
		if err := h.s.RemoveImage(h.Context(), "installer"); err != nil {
			t.Error(err)
		}
		for image, says := range map[string]string{"tiny": "base", "none": "no image"} {
			_, err := h.s.Set(h.Context(), "web", SetInput{Medium: &image})
			h.wantError(err, lab.KindOf(err), says)
		}
		h.wantSound()
	})
}

// A medium that is gone keeps its node from starting, until it is taken out.
func TestMediumIsGone(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		medium := h.Library.MustAddMedium(t, "installer")
		h.installed("web", "")
		h.Pool.Lose(medium.Volume)
		_, err := h.s.Start(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "in its drive, which is gone or was changed")
		_, err = h.s.Wipe(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "in its drive, which is gone or was changed")
		h.must(h.s.Set(h.Context(), "web", SetInput{Medium: ptr("")}))
		h.done(h.s.Start(h.Context(), "web"))
		h.wantState("web", lab.Running)
	})
}

// What the image suggests is taken where nothing is asked for, and what the host
// can not do is refused with what to install.
func TestDefaultsOfTheImage(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		defaults := lab.Defaults{VCPUs: 2, MemoryMiB: 2048, Firmware: lab.FirmwareUEFI, TPM: true}
		if _, err := h.s.ChangeImage(h.Context(), "tiny", defaults); err != nil {
			t.Fatal(err)
		}
		v := h.must(h.s.Create(h.Context(), CreateInput{Name: "all", Image: "tiny"}))
		if v.VCPUs != 2 || v.MemoryMiB != 2048 || v.Firmware != lab.FirmwareUEFI || !v.TPM {
			t.Errorf("got %+v, want the image's defaults", v.NodeSpec)
		}
		asked := CreateInput{Name: "asked", Image: "tiny", VCPUs: 3, MemoryMiB: 64, Firmware: lab.FirmwareBIOS, TPM: ptr(false)}
		v = h.must(h.s.Create(h.Context(), asked))
		if v.VCPUs != 3 || v.MemoryMiB != 64 || v.Firmware != lab.FirmwareBIOS || v.TPM {
			t.Errorf("got %+v, want what was asked for", v.NodeSpec)
		}
		h.Hypervisor.SetBare(true)
		h.leave()
		h = mustEnter(t, h.World, Options{})
		_, err := h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny"})
		h.wantError(err, lab.KindUnavailable, "UEFI")
		_, err = h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny", Firmware: lab.FirmwareBIOS})
		h.wantError(err, lab.KindUnavailable, "TPM")
		for _, name := range []string{"UEFI", "TPM"} {
			if c := h.check(name); c.Status != lab.CheckWarning || c.Remedy == "" {
				t.Errorf("got %+v, want a warning with its remedy", c)
			}
		}
		h.Hypervisor.SetBare(false) // it is installed meanwhile
		h.must(h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny"}))
		_, err = h.s.Create(h.Context(), CreateInput{Name: "other", Image: "tiny", Firmware: "coreboot"})
		h.wantError(err, lab.KindInvalid, "coreboot")
	})
}

func TestPublish(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		if _, err := h.s.ChangeImage(h.Context(), "tiny", lab.Defaults{User: "root", TPM: true}); err != nil {
			t.Fatal(err)
		}
		web := h.made("web", "installed")
		resume := h.Library.Hold()
		v, err := h.s.AddImage(h.Context(), AddImageInput{Node: "web"})
		if err != nil || v.Name != "web" || v.State != lab.ImageAdding {
			t.Fatalf("got %+v, %v, want web being added", v, err)
		}
		h.wantState("web", lab.Stopped)
		for _, verb := range []func() (lab.Node, error){
			func() (lab.Node, error) { return h.s.Start(h.Context(), "web") },
			func() (lab.Node, error) { return h.s.Delete(h.Context(), "web", true) },
		} {
			_, err := verb()
			h.wantError(err, lab.KindBusy, "being published")
		}
		resume()
		v, err = h.s.WaitImage(h.Context(), "web")
		want := lab.Origin{Kind: lab.OriginNode, Of: "web", Base: "tiny"}
		if err != nil || v.Origin != want {
			t.Errorf("got %+v, %v, want the origin %+v", v, err, want)
		}
		if want := (lab.Defaults{VCPUs: web.VCPUs, MemoryMiB: web.MemoryMiB, TPM: true, User: "root"}); v.Defaults != want {
			t.Errorf("got the defaults %+v, want %+v", v.Defaults, want)
		}
		synctest.Wait()
		h.wantText(h.done(h.s.Start(h.Context(), "web")), "installed")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Node: "web", Name: "again"})
		h.wantError(err, lab.KindBusy, "writes to its disk")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Node: "web", Path: "/disk.qcow2"})
		h.wantError(err, lab.KindInvalid, "one of them")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Node: "none"})
		h.wantError(err, lab.KindNotFound, "none")
		h.wantSound()
	})
}

// A publication that is given up, or fails, gives the node free and leaves nothing.
func TestPublishEnds(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web := h.must(h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny", DiskGiB: 1}))
		h.Library.Hold()
		if _, err := h.s.AddImage(h.Context(), AddImageInput{Node: "web"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := h.s.CancelImage(h.Context(), "web"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := h.imageNames(); !same(got, []string{"tiny"}) {
			t.Errorf("got %v, want tiny alone", got)
		}
		h.Library.Hold()()
		_, err := h.s.AddImage(h.Context(), AddImageInput{Node: "web", Name: "tiny"})
		if err == nil {
			_, err = h.s.WaitImage(h.Context(), "tiny")
		}
		h.wantError(err, lab.KindExists, "tiny")
		synctest.Wait()
		h.Pool.Lose(web.OverlayVolume(web.Generation))
		_, err = h.s.AddImage(h.Context(), AddImageInput{Node: "web"})
		h.wantError(err, lab.KindUnavailable, "gone from the pool")
		h.must(h.s.Delete(h.Context(), "web", true))
	})
}
