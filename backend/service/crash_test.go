package service

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// crashCase is a verb that must be safe to be killed in, and to be repeated.
type crashCase struct {
	name    string
	prepare func(h *house)
	verb    func(ctx context.Context, s *Service) (lab.Node, error)
	check   func(h *house) // after the crash and the next start
	repeat  func(h *house) // until the verb has been done once more, or has nothing left to do
}

var crashCases = []crashCase{
	{
		name: "create",
		verb: func(ctx context.Context, s *Service) (lab.Node, error) {
			return s.Create(ctx, CreateInput{Name: "new", Image: "tiny", Start: true})
		},
		repeat: func(h *house) {
			if _, err := h.s.Show(h.Context(), "new"); err != nil {
				h.done(h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny"}))
			}
			h.node("new")
		},
	},
	{
		name:    "wipe of a stopped node",
		prepare: func(h *house) { h.made("web", "file") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Wipe(ctx, "web") },
		check:   wantFileHereOrKept,
		repeat:  func(h *house) { h.wantText(h.done(h.s.Wipe(h.Context(), "web")), "") },
	},
	{
		name:    "wipe of a running node",
		prepare: func(h *house) { h.running("web", "file") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Wipe(ctx, "web") },
		check:   wantFileHereOrKept,
		repeat:  func(h *house) { h.wantText(h.done(h.s.Wipe(h.Context(), "web")), "") },
	},
	{
		name: "undo",
		prepare: func(h *house) {
			h.running("web", "file")
			v := h.done(h.s.Wipe(h.Context(), "web"))
			h.Pool.Write(v.OverlayVolume(v.Generation), "newer")
		},
		verb:  func(ctx context.Context, s *Service) (lab.Node, error) { return s.UndoWipe(ctx, "web") },
		check: wantFileHereOrKept,
		repeat: func(h *house) {
			if h.node("web").Undo != nil {
				h.done(h.s.UndoWipe(h.Context(), "web"))
			}
			h.wantText(h.node("web"), "file")
		},
	},
	{
		name:    "delete",
		prepare: func(h *house) { h.running("web", "file") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Delete(ctx, "web", false) },
		repeat: func(h *house) {
			if _, err := h.s.Show(h.Context(), "web"); err == nil {
				h.must(h.s.Delete(h.Context(), "web", false))
			}
			h.wantText(h.done(h.s.Restore(h.Context(), "web")), "file")
		},
	},
	{
		name:    "delete for good",
		prepare: func(h *house) { h.running("web", "file") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Delete(ctx, "web", true) },
		repeat: func(h *house) {
			if _, err := h.s.Delete(h.Context(), "web", true); err != nil {
				h.wantError(err, lab.KindNotFound, "web")
			}
			if left := h.Pool.Names(); len(left) != 1 {
				h.Errorf("left %v, want the base alone", left)
			}
		},
	},
	{
		name: "restore",
		prepare: func(h *house) {
			h.made("web", "file")
			h.must(h.s.Delete(h.Context(), "web", false))
		},
		verb:   func(ctx context.Context, s *Service) (lab.Node, error) { return s.Restore(ctx, "web") },
		repeat: restoreWeb,
	},
	{
		name: "restore of a missing node without its disk",
		prepare: func(h *house) {
			v := h.made("web", "")
			h.Hypervisor.VirshUndefine(v.ID)
			h.Pool.Lose(v.OverlayVolume(1))
			synctest.Wait()
		},
		verb: func(ctx context.Context, s *Service) (lab.Node, error) { return s.Restore(ctx, "web") },
		repeat: func(h *house) {
			if h.node("web").State == lab.Missing {
				h.must(h.s.Restore(h.Context(), "web"))
			}
			h.wantText(h.wantState("web", lab.Stopped), "")
		},
	},
	{
		name:    "rename",
		prepare: func(h *house) { h.made("web", "file") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Rename(ctx, "web", "www") },
		repeat: func(h *house) {
			if _, err := h.s.Show(h.Context(), "web"); err == nil {
				h.must(h.s.Rename(h.Context(), "web", "www"))
			}
			h.wantText(h.node("www"), "file")
		},
	},
	{
		name:    "clone with the disk",
		prepare: func(h *house) { h.made("web", "file") },
		verb: func(ctx context.Context, s *Service) (lab.Node, error) {
			return s.Clone(ctx, "web", CloneInput{Name: "copy", CopyDisk: true})
		},
		check: func(h *house) { h.wantText(h.node("web"), "file") },
		repeat: func(h *house) {
			if _, err := h.s.Show(h.Context(), "copy"); err != nil {
				h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "copy", CopyDisk: true}))
			}
			h.wantText(h.node("copy"), "file")
		},
	},
	{
		name: "wipe of a node that was installed from a medium",
		prepare: func(h *house) {
			h.Library.MustAddMedium(h.T, "installer")
			h.installed("web", "file")
		},
		verb:   func(ctx context.Context, s *Service) (lab.Node, error) { return s.Wipe(ctx, "web") },
		check:  wantFileHereOrKept,
		repeat: func(h *house) { h.wantText(h.done(h.s.Wipe(h.Context(), "web")), "") },
	},
	{
		name:    "publish",
		prepare: func(h *house) { h.made("web", "file") },
		verb: func(ctx context.Context, s *Service) (v lab.Node, err error) {
			_, err = s.AddImage(ctx, AddImageInput{Node: "web", Name: "gold"})
			return v, err
		},
		check: func(h *house) { h.wantText(h.node("web"), "file") },
		repeat: func(h *house) {
			if _, err := h.s.AddImage(h.Context(), AddImageInput{Node: "web", Name: "gold"}); err != nil {
				h.Error(err)
			}
			if v, err := h.s.WaitImage(h.Context(), "gold"); err != nil || v.State != lab.ImageReady {
				h.Errorf("got %+v, %v, want it ready", v, err)
			}
			synctest.Wait() // the node is given free
			h.done(h.s.Start(h.Context(), "web"))
		},
	},
	{
		name:    "create with a first boot",
		prepare: (*house).withCloudInit,
		verb: func(ctx context.Context, s *Service) (lab.Node, error) {
			return s.Create(ctx, CreateInput{Name: "new", Image: "tiny", FirstBoot: &lab.FirstBootInput{}})
		},
		repeat: func(h *house) {
			if _, err := h.s.Show(h.Context(), "new"); err != nil {
				h.must(h.s.Create(h.Context(), CreateInput{Name: "new", Image: "tiny", FirstBoot: &lab.FirstBootInput{}}))
			}
			h.wantSeed(h.node("new"), "new")
		},
	},
	{
		name:    "start with a first boot",
		prepare: func(h *house) { h.seeded("web") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Start(ctx, "web") },
		repeat: func(h *house) {
			if h.node("web").State == lab.Stopped {
				h.done(h.s.Start(h.Context(), "web"))
			}
			h.wantSeed(h.wantState("web", lab.Running), "web")
		},
	},
	{
		name:    "wipe with a first boot",
		prepare: func(h *house) { h.seeded("web") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Wipe(ctx, "web") },
		repeat:  func(h *house) { h.wantSeed(h.done(h.s.Wipe(h.Context(), "web")), "web") },
	},
	{
		name: "undo with a first boot",
		prepare: func(h *house) {
			h.seeded("web")
			h.done(h.s.Wipe(h.Context(), "web"))
		},
		verb: func(ctx context.Context, s *Service) (lab.Node, error) { return s.UndoWipe(ctx, "web") },
		repeat: func(h *house) {
			if h.node("web").Undo != nil {
				h.done(h.s.UndoWipe(h.Context(), "web"))
			}
			h.wantSeed(h.node("web"), "web")
		},
	},
	{
		name:    "delete for good with a first boot",
		prepare: func(h *house) { h.seeded("web") },
		verb:    func(ctx context.Context, s *Service) (lab.Node, error) { return s.Delete(ctx, "web", true) },
		repeat: func(h *house) {
			if _, err := h.s.Delete(h.Context(), "web", true); err != nil {
				h.wantError(err, lab.KindNotFound, "web")
			}
			if left := h.Pool.Names(); len(left) != 1 {
				h.Errorf("left %v, want the base alone", left)
			}
		},
	},
	{
		name:    "set",
		prepare: func(h *house) { h.running("web", "file") },
		verb: func(ctx context.Context, s *Service) (lab.Node, error) {
			return s.Set(ctx, "web", SetInput{VCPUs: ptr(3)})
		},
		repeat: func(h *house) {
			if v := h.must(h.s.Set(h.Context(), "web", SetInput{VCPUs: ptr(3)})); v.VCPUs != 3 {
				h.Errorf("got %d vCPUs, want 3", v.VCPUs)
			}
		},
	},
}

func restoreWeb(h *house) {
	if _, err := h.s.Show(h.Context(), "web"); err != nil {
		h.must(h.s.Restore(h.Context(), "web"))
	}
	h.wantText(h.node("web"), "file")
}

// wantFileHereOrKept checks that what the guest of web wrote is on its disk, or
// on the one that can be returned to.
func wantFileHereOrKept(h *house) {
	h.Helper()
	v := h.node("web")
	text, _ := h.Pool.Read(v.OverlayVolume(v.Generation))
	if text != "file" && v.Undo != nil {
		text, _ = h.Pool.Read(v.OverlayVolume(v.Undo.Generation))
	}
	if text != "file" {
		h.Errorf("the file is lost: %+v, volumes %v", v.NodeSpec, h.Pool.Names())
	}
}

// Kills the process before and after every call a verb makes.
func TestCrash(t *testing.T) { crashIn(t, crashCases) }

func crashIn(t *testing.T, cases []crashCase) {
	t.Helper()
	for _, c := range cases {
		for _, fault := range []labtest.Fault{labtest.DieBefore, labtest.DieAfter} {
			for n, died := 0, true; died; n++ {
				t.Run(fmt.Sprintf("%s/%s call %d", c.name, fault, n), func(t *testing.T) {
					inHouse(t, func(t *testing.T, h *house) { died = c.crash(h, n, fault) })
				})
			}
		}
	}
}

// crash lets the verb die at its call n, starts anew, and checks. It reports
// whether the verb made so many calls.
func (c crashCase) crash(h *house, n int, fault labtest.Fault) (died bool) {
	if c.prepare != nil {
		c.prepare(h)
	}
	synctest.Wait()
	h.FailAt(n, fault)
	go func() {
		if _, err := c.verb(context.Background(), h.s); err != nil && !h.Dead() { // else what died was at work for it
			h.Errorf("the verb fails: %v", err)
		}
	}()
	synctest.Wait()
	died = h.Dead()
	h.leave()
	h.Reboot()
	next := mustEnter(h.T, h.World, Options{})
	next.wantSound()
	if c.check != nil {
		c.check(next)
	}
	c.repeat(next)
	next.wantSound()
	return died
}
