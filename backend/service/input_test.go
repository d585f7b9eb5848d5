package service

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// What can not be done is refused with its sentence, and nothing is touched.
func TestRefusals(t *testing.T) {
	create := func(in CreateInput) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.Create(ctx, in)
			return err
		}
	}
	verb := func(do func(*Service, context.Context, string) (lab.Node, error), node string) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := do(s, ctx, node)
			return err
		}
	}
	clone := func(node string, in CloneInput) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.Clone(ctx, node, in)
			return err
		}
	}
	set := func(in SetInput) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.Set(ctx, "off", in)
			return err
		}
	}
	rename := func(node, name string) func(context.Context, *Service) error {
		return func(ctx context.Context, s *Service) error {
			_, err := s.Rename(ctx, node, name)
			return err
		}
	}
	tests := []struct {
		name string
		do   func(context.Context, *Service) error
		kind lab.Kind
		says string
	}{
		{"an empty name", create(CreateInput{Image: "tiny"}), lab.KindInvalid, "not a valid name"},
		{"a name that is a path", create(CreateInput{Name: "../web", Image: "tiny"}), lab.KindInvalid, "not a valid name"},
		{"a name that is too long", create(CreateInput{Name: strings.Repeat("x", 64), Image: "tiny"}), lab.KindInvalid, "not a valid name"},
		{"a taken name", create(CreateInput{Name: "off", Image: "tiny"}), lab.KindExists, "off already"},
		{"the name of a missing node", create(CreateInput{Name: "missing", Image: "tiny"}), lab.KindExists, "missing already"},
		{"the name of a stranger's domain", create(CreateInput{Name: "stranger", Image: "tiny"}), lab.KindExists, "stranger already"},
		{"no image", create(CreateInput{Name: "new"}), lab.KindInvalid, "not a valid name"},
		{"an image that is not there", create(CreateInput{Name: "new", Image: "none"}), lab.KindNotFound, `no image "none"`},
		{"too many vCPUs", create(CreateInput{Name: "new", Image: "tiny", VCPUs: 9}), lab.KindInvalid, "host's 8"},
		{"absurdly many vCPUs", create(CreateInput{Name: "new", Image: "tiny", VCPUs: 1000}), lab.KindInvalid, "out of range"},
		{"negative vCPUs", create(CreateInput{Name: "new", Image: "tiny", VCPUs: -1}), lab.KindInvalid, "out of range"},
		{"too little memory", create(CreateInput{Name: "new", Image: "tiny", MemoryMiB: 1}), lab.KindInvalid, "out of range"},
		{"more memory than there is", create(CreateInput{Name: "new", Image: "tiny", MemoryMiB: 17 << 10}), lab.KindInvalid, "host's 16384"},
		{"a keymap that is none", create(CreateInput{Name: "new", Image: "tiny", Keymap: "../de"}), lab.KindInvalid, "keymap"},
		{"a node that is not there", verb((*Service).Start, "none"), lab.KindNotFound, `no node "none"`},
		{"starting what runs", verb((*Service).Start, "on"), lab.KindBusy, "on is running already"},
		{"starting what is paused", verb((*Service).Start, "paused"), lab.KindBusy, "paused is paused"},
		{"starting what is missing", verb((*Service).Start, "missing"), lab.KindBusy, "gone from libvirt"},
		{"stopping what is off", verb((*Service).Stop, "off"), lab.KindBusy, "off is not running"},
		{"forcing off what is off", verb((*Service).ForceOff, "off"), lab.KindBusy, "off is not running"},
		{"rebooting what is off", verb((*Service).Reboot, "off"), lab.KindBusy, "off is not running"},
		{"rebooting what is paused", verb((*Service).Reboot, "paused"), lab.KindBusy, "paused is paused"},
		{"pausing what is off", verb((*Service).Pause, "off"), lab.KindBusy, "off is not running"},
		{"resuming what runs", verb((*Service).Resume, "on"), lab.KindBusy, "on is running already"},
		{"wiping what is missing", verb((*Service).Wipe, "missing"), lab.KindBusy, "gone from libvirt"},
		{"undoing without a wipe", verb((*Service).UndoWipe, "off"), lab.KindNotFound, "no wipe to undo"},
		{"restoring what is there", verb((*Service).Restore, "off"), lab.KindBusy, "nothing is to be restored"},
		{"renaming to a path", rename("off", "a/b"), lab.KindInvalid, "not a valid name"},
		{"renaming to a taken name", rename("off", "on"), lab.KindExists, "on already"},
		{"renaming to a stranger's name", rename("off", "stranger"), lab.KindExists, "stranger already"},
		{"renaming what runs", rename("on", "new"), lab.KindBusy, "on is running"},
		{"setting too many vCPUs", set(SetInput{VCPUs: ptr(9)}), lab.KindInvalid, "host's 8"},
		{"setting no memory", set(SetInput{MemoryMiB: ptr(0)}), lab.KindInvalid, "out of range"},
		{"setting a negative stop limit", set(SetInput{StopSeconds: ptr(-1)}), lab.KindInvalid, "out of range"},
		{"setting endless notes", set(SetInput{Notes: ptr(strings.Repeat("x", lab.MaxNotesBytes+1))}), lab.KindInvalid, "notes"},
		{"cloning without a name", clone("off", CloneInput{}), lab.KindInvalid, "not a valid name"},
		{"cloning to a taken name", clone("off", CloneInput{Name: "on"}), lab.KindExists, "on already"},
		{"copying the disk of what runs", clone("on", CloneInput{Name: "new", CopyDisk: true}), lab.KindBusy, "can not be copied now"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				h.inhabit()
				before, volumes := drain(h.s.Subscribe(h.Context()))[0], h.Pool.Names()
				h.wantError(tt.do(h.Context(), h.s), tt.kind, tt.says)
				synctest.Wait()
				if after := drain(h.s.Subscribe(h.Context()))[0]; !same(before, after) {
					t.Errorf("it changed\n%+v to\n%+v", before, after)
				}
				if left := h.Pool.Names(); !same(volumes, left) {
					t.Errorf("it leaves %v, want %v", left, volumes)
				}
			})
		})
	}
}

// inhabit makes a node in each state that lasts, named after it.
func (h *house) inhabit() {
	h.Helper()
	h.made("off", "")
	h.running("on", "")
	h.running("paused", "")
	h.must(h.s.Pause(h.Context(), "paused"))
	h.Hypervisor.VirshUndefine(h.made("missing", "").ID)
	h.Hypervisor.Take("stranger")
	synctest.Wait()
}

// While a node is in change every other verb is busy, and says with what.
func TestBusyWhileInChange(t *testing.T) {
	verbs := map[string]func(context.Context, *Service) (lab.Node, error){
		"start":  func(ctx context.Context, s *Service) (lab.Node, error) { return s.Start(ctx, "web") },
		"stop":   func(ctx context.Context, s *Service) (lab.Node, error) { return s.Stop(ctx, "web") },
		"wipe":   func(ctx context.Context, s *Service) (lab.Node, error) { return s.Wipe(ctx, "web") },
		"undo":   func(ctx context.Context, s *Service) (lab.Node, error) { return s.UndoWipe(ctx, "web") },
		"delete": func(ctx context.Context, s *Service) (lab.Node, error) { return s.Delete(ctx, "web", false) },
		"rename": func(ctx context.Context, s *Service) (lab.Node, error) { return s.Rename(ctx, "web", "www") },
		"set":    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Set(ctx, "web", SetInput{}) },
	}
	for name, verb := range verbs {
		t.Run(name, func(t *testing.T) {
			inHouse(t, func(t *testing.T, h *house) {
				v := h.running("web", "")
				h.Hypervisor.SetGuest(v.ID, labtest.Guest{Deaf: -1})
				h.must(h.s.Stop(h.Context(), "web"))
				_, err := verb(h.Context(), h.s)
				h.wantError(err, lab.KindBusy, "web is being stopped")
			})
		})
	}
}

// A wipe while the node starts is refused, and the start goes on.
func TestWipeDuringStart(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "file")
		h.must(h.s.Start(h.Context(), "web"))
		_, err := h.s.Wipe(h.Context(), "web")
		h.wantError(err, lab.KindBusy, "web is being started")
		h.wantText(h.must(h.s.Wait(h.Context(), "web")), "file")
		h.wantState("web", lab.Running)
	})
}

// A base that is gone or changed backs nothing.
func TestMissingBase(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.running("web", "file")
		h.made("off", "")
		h.Pool.Lose(v.Base)
		for name, verb := range map[string]func(*Service, context.Context, string) (lab.Node, error){"off": (*Service).Start, "web": (*Service).Wipe} {
			_, err := verb(h.s, h.Context(), name)
			h.wantError(err, lab.KindUnavailable, "gone or changed")
		}
		_, err := h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny"})
		h.wantError(err, lab.KindUnavailable, "gone or changed")
		h.wantState("web", lab.Running)
		if got := h.check("images"); got.Status != lab.CheckFailed {
			t.Errorf("got %+v, want it told", got)
		}
	})
}

// An image that was replaced under its name backs nothing that stood on the old one.
func TestAnotherVersionOfTheBase(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		if err := h.Library.Remove(h.Context(), "tiny"); err != nil {
			t.Fatal(err)
		}
		_, err := h.s.Start(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "web stands on image tiny, which is not in the library")
		if _, err := h.Library.Add(h.Context(), lab.Addition{Name: "tiny", Path: labtest.MustQCOW2(t, "new.qcow2", 8<<20, labtest.NoFlaw)}, nil); err != nil {
			t.Fatal(err)
		}
		_, err = h.s.Start(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "another version of image tiny")
		h.wantText(v, "file")
	})
}

// An overlay that a crash left behind is not used, and not in the way.
func TestLeftoverIsNotInTheWay(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		if _, err := h.Pool.CreateOverlay(h.Context(), v.OverlayVolume(2), v.Base, 0); err != nil {
			t.Fatal(err)
		}
		h.Pool.Write(v.OverlayVolume(2), "foreign")
		h.wantText(h.must(h.s.Wipe(h.Context(), "web")), "")
		h.leave()
		next := mustEnter(t, h.World, Options{})
		next.wantSound()
		next.wantText(next.must(next.s.UndoWipe(h.Context(), "web")), "file")
	})
}

// A node whose own disk is gone says so, and a wipe mends it.
func TestMissingOverlay(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "file")
		h.Pool.Lose(v.OverlayVolume(1))
		_, err := h.s.Start(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "the disk of web is gone")
		h.must(h.s.Wipe(h.Context(), "web"))
		if v := h.done(h.s.Start(h.Context(), "web")); v.State != lab.Running {
			t.Errorf("got %s, want it running", v.State)
		}
	})
}

// On a full disk nothing is made and nothing is lost.
func TestFullDisk(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.running("web", "file")
		h.Pool.SetFree(0)
		_, err := h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny"})
		h.wantError(err, lab.KindUnavailable, "disk is full")
		_, err = h.s.Wipe(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "disk is full")
		h.wantText(h.wantState("web", lab.Running), "file")
		h.wantSound()
		if got := h.check("disk space"); got.Status != lab.CheckFailed || got.Remedy == "" {
			t.Errorf("got %+v, want it told with a remedy", got)
		}
	})
}

// A start that fails leaves the node failed, with the reason, until it is started again.
func TestFailedStart(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		h.World.Fail("Hypervisor.Power "+v.ID+" start", labtest.FailBefore, lab.Errorf(lab.KindUnavailable, "no memory"))
		h.must(h.s.Start(h.Context(), "web"))
		_, err := h.s.Wait(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "no memory")
		if got := h.wantState("web", lab.Failed); got.Problem == nil || got.Problem.Message != "no memory" {
			t.Errorf("got %+v, want the reason", got.Problem)
		}
		if got := h.done(h.s.Start(h.Context(), "web")); got.State != lab.Running || got.Problem != nil {
			t.Errorf("got %s, %+v, want it running", got.State, got.Problem)
		}
	})
}

// libvirt dies while it starts a node that starts all the same.
func TestConnectionLostDuringStart(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		died := lab.Errorf(lab.KindUnavailable, "libvirtd died")
		h.After("Hypervisor.Power "+v.ID+" start", func() {
			synctest.Wait() // it is seen to run: a start that is seen only afterwards has not failed
			h.Hypervisor.Disconnect(died)
		})
		h.must(h.s.Start(h.Context(), "web"))
		_, err := h.s.Wait(h.Context(), "web")
		h.wantError(err, lab.KindUnavailable, "libvirtd died")
		h.Hypervisor.Connect()
		if err := h.s.Ready(h.Context()); err != nil {
			t.Fatal(err)
		}
		h.wantState("web", lab.Running)
		h.wantSound()
	})
}
