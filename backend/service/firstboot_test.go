package service

import (
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// withCloudInit says of the image tiny that it runs cloud-init.
func (h *house) withCloudInit() {
	h.Helper()
	if _, err := h.s.ChangeImage(h.Context(), "tiny", lab.Defaults{CloudInit: true, User: "tina"}); err != nil {
		h.Fatal(err)
	}
}

// seeded makes a node with a first boot.
func (h *house) seeded(name string) lab.Node {
	h.Helper()
	h.withCloudInit()
	return h.must(h.s.Create(h.Context(), CreateInput{Name: name, Image: "tiny", FirstBoot: &lab.FirstBootInput{Password: "secret"}}))
}

// wantSeed checks what the node's system finds on the seed of its overlay.
func (h *house) wantSeed(v lab.Node, host string) {
	h.Helper()
	name := v.SeedVolume(v.Generation)
	got, _ := h.Pool.Read(name)
	if want := v.InstanceID() + " " + host + " tina " + lab.SeedEnd; got != want {
		h.Errorf("%s: the seed says %q, want %q", v.Name, got, want)
	}
	if d, ok := h.Hypervisor.Disk(v.ID); !ok || !strings.HasSuffix(d.Seed, "/"+name) {
		h.Errorf("%s: its domain has the seed %q, want %s", v.Name, d.Seed, name)
	}
}

// A seed comes with every overlay, and each knows its own.
func TestFirstBoot(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.seeded("web_1")
		h.wantSeed(v, "web-1")
		h.done(h.s.Start(h.Context(), "web_1"))

		wiped := h.done(h.s.Wipe(h.Context(), "web_1"))
		h.wantSeed(wiped, "web-1")
		if wiped.InstanceID() == v.InstanceID() {
			t.Errorf("got the identity %s again, want another after a wipe", v.InstanceID())
		}
		back := h.done(h.s.UndoWipe(h.Context(), "web_1"))
		h.wantSeed(back, "web-1")
		if back.InstanceID() != v.InstanceID() {
			t.Errorf("got the identity %s, want that of the old disk, %s", back.InstanceID(), v.InstanceID())
		}
		h.done(h.s.ForceOff(h.Context(), "web_1"))
		h.must(h.s.Rename(h.Context(), "web_1", "www"))
		h.wantSeed(h.done(h.s.Start(h.Context(), "www")), "web-1")
		h.wantSeed(h.done(h.s.Wipe(h.Context(), "www")), "www")
		h.wantSound()
	})
}

// A seed that others removed is made again for a start, and for a restoring; so is
// one that is not whole.
func TestLostSeed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.seeded("web")
		h.Pool.Lose(v.SeedVolume(1))
		h.wantSeed(h.done(h.s.Start(h.Context(), "web")), "web")
		h.done(h.s.ForceOff(h.Context(), "web"))
		h.Pool.Write(v.SeedVolume(1), "\x00")
		h.wantSeed(h.done(h.s.Start(h.Context(), "web")), "web")
		h.must(h.s.Delete(h.Context(), "web", false))
		h.Pool.Lose(v.SeedVolume(1))
		h.wantSeed(h.must(h.s.Restore(h.Context(), "web")), "web")
		h.must(h.s.Delete(h.Context(), "web", true))
		if left := h.Pool.Names(); len(left) != 1 {
			t.Errorf("left %v, want the base alone", left)
		}
	})
}

// A copy has an identity and a name of its own, with the other's disk and without.
func TestFirstBootOfClones(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.withCloudInit()
		v := h.must(h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny", FirstBoot: &lab.FirstBootInput{HostName: "other", Password: "secret"}}))
		h.wantSeed(v, "other")
		for name, in := range map[string]CloneInput{"db": {}, "ns": {CopyDisk: true}} {
			in.Name = name
			copied := h.must(h.s.Clone(h.Context(), "web", in))
			h.wantSeed(copied, name)
			if stored, _ := h.Store.Spec(copied.ID); !strings.HasPrefix(stored.FirstBoot.PasswordHash, "$6$") {
				t.Errorf("%s keeps %q of the password, want its hash", name, stored.FirstBoot.PasswordHash)
			}
		}
		h.wantSound()
	})
}

// Neither the password nor its hash is told to anybody.
func TestPasswordIsNotTold(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.seeded("web")
		h.Hypervisor.VirshUndefine(h.seeded("missing").ID)
		h.must(h.s.Delete(h.Context(), h.seeded("deleted").ID, false))
		deleted, err := h.s.Deleted(h.Context())
		if err != nil {
			t.Fatal(err)
		}
		all := append(deleted, v, h.node("web"), h.node("missing"))
		for _, e := range drain(h.s.Subscribe(h.Context())) {
			all = append(all, e.Nodes...)
		}
		for _, told := range all {
			if f := told.FirstBoot; f == nil || f.PasswordHash != lab.PasswordKept {
				t.Errorf("%s tells %+v, want no hash", told.Name, f)
			}
		}
		stored, _ := h.Store.Spec(v.ID)
		if !strings.HasPrefix(stored.FirstBoot.PasswordHash, "$6$") {
			t.Errorf("%q is kept, want a hash", stored.FirstBoot.PasswordHash)
		}
		seen, err := h.s.Inspect(h.Context(), "web")
		if err != nil || strings.Contains(seen.XML, stored.FirstBoot.PasswordHash) || !strings.Contains(seen.XML, lab.PasswordKept) {
			t.Errorf("got %s, error %v, want no hash in it", seen.XML, err)
		}
	})
}

// What can not be told to a system is refused before anything is made.
func TestFirstBootRefuses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ask := func(in lab.FirstBootInput) error {
			_, err := h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny", FirstBoot: &in})
			return err
		}
		err := ask(lab.FirstBootInput{})
		h.wantError(err, lab.KindInvalid, "image tiny is not known to run cloud-init")
		if hint := lab.ProblemOf(err).Hint; !strings.Contains(hint, "image set tiny --cloud-init") {
			t.Errorf("got the hint %q, want the command", hint)
		}
		h.withCloudInit()
		h.wantError(ask(lab.FirstBootInput{User: "Ann"}), lab.KindInvalid, "account")
		h.wantError(ask(lab.FirstBootInput{UserData: "#cloud-config\n", Password: "x"}), lab.KindInvalid, "raw user-data")
		_, err = h.s.Create(h.Context(), CreateInput{Name: "web", Image: "none", FirstBoot: &lab.FirstBootInput{}})
		h.wantError(err, lab.KindNotFound, `no image "none"`)
		if left := h.Pool.Names(); len(left) != 1 {
			t.Errorf("left %v, want the base alone", left)
		}
		if v := h.must(h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny"})); v.FirstBoot != nil {
			t.Errorf("got %+v, want nothing that nobody asked for", v.FirstBoot)
		}
	})
}

// Without room for the seed there is no overlay either.
func TestNoRoomForASeed(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.withCloudInit()
		h.World.Fail("Pool.Upload", labtest.FailBefore, lab.Errorf(lab.KindUnavailable, "the disk is full"))
		_, err := h.s.Create(h.Context(), CreateInput{Name: "web", Image: "tiny", FirstBoot: &lab.FirstBootInput{}})
		h.wantError(err, lab.KindUnavailable, "disk is full")
		if left := h.Pool.Names(); len(left) != 1 {
			t.Errorf("left %v, want the base alone", left)
		}
		h.wantSound()
	})
}
