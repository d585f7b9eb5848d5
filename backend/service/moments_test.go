package service

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// history gives what is told of a node, each moment as "kind detail".
func (h *house) history(ref string) (told []string) {
	h.Helper()
	moments, err := h.s.History(h.Context(), ref)
	if err != nil {
		h.Fatal(err)
	}
	for i, m := range moments {
		detail := m.Detail
		if m.Problem != nil {
			detail = m.Problem.Message
		}
		told = append(told, strings.TrimSpace(string(m.Kind)+" "+detail))
		if i > 0 && m.At.Before(moments[i-1].At) {
			h.Errorf("got %+v after %+v", m, moments[i-1])
		}
	}
	return told
}

func (h *house) wantHistory(ref string, want ...string) {
	h.Helper()
	if got := h.history(ref); !slices.Equal(got, want) {
		h.Errorf("got the history\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a node goes through is told once, in order, and at once.
func TestHistoryOfALife(t *testing.T) {
	inHouse(t, func(_ *testing.T, h *house) {
		v := h.running("web", "file")
		h.done(h.s.Wipe(h.Context(), "web"))
		h.done(h.s.UndoWipe(h.Context(), "web"))
		h.done(h.s.Stop(h.Context(), "web"))
		h.must(h.s.Rename(h.Context(), "web", "db"))
		vcpus, memory, notes, clipboard := 2, 256, "mine", true
		h.must(h.s.Set(h.Context(), "db", SetInput{VCPUs: &vcpus, MemoryMiB: &memory, Notes: &notes, Clipboard: &clipboard}))
		h.must(h.s.Set(h.Context(), "db", SetInput{VCPUs: &vcpus}))
		h.done(h.s.Start(h.Context(), "db"))
		h.must(h.s.Delete(h.Context(), "db", false))
		life := []string{
			"created from image tiny", "started", "wiped 192 KiB put aside", "undone 192 KiB put aside", "stopped", "renamed web to db",
			"changed vCPUs 1 to 2, memory 512 to 256 MiB, clipboard on, notes", "started", "stopped", "deleted",
		}
		got := h.history(v.ID)
		for i := range got { // how large the fake's disks are does not matter
			if before, _, ok := strings.Cut(got[i], " put aside"); ok {
				got[i] = before[:strings.Index(before, " ")] + " 192 KiB put aside"
			}
		}
		if !slices.Equal(got, life) {
			t.Errorf("got the history\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(life, "\n"))
		}
		h.must(h.s.Restore(h.Context(), v.ID))
		if got := h.history("db"); len(got) != len(life)+1 || got[len(life)] != "restored" {
			t.Errorf("got the history %q, want it to end with restored", got)
		}
		h.must(h.s.Delete(h.Context(), v.ID, true))
		synctest.Wait()
		if left, err := h.Journal.Moments(h.Context(), v.ID); err != nil || len(left) != 0 {
			t.Errorf("got %+v, %v, want it forgotten", left, err)
		}
	})
}

func TestHistoryOfClones(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "file")
		on := true
		h.must(h.s.Set(h.Context(), "web", SetInput{Clipboard: &on}))
		if v := h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "clean"})); !v.Clipboard {
			t.Error("the clone does not share the clipboard")
		}
		h.must(h.s.Clone(h.Context(), "web", CloneInput{Name: "copy", CopyDisk: true}))
		h.wantHistory("clean", "created clone of web")
		h.wantHistory("copy", "created clone of web, with its disk")
	})
}

// Who else starts and stops nodes is seen, also what was done while we were not there.
func TestHistoryOfOthers(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		virsh := func(action lab.PowerAction) {
			t.Helper()
			if err := h.Hypervisor.Virsh(v.ID, action); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		virsh(lab.PowerStart)
		virsh(lab.PowerForceOff)
		h.wantHistory("web", "created from image tiny", "started", "stopped")
		h.leave()
		virsh(lab.PowerStart)
		next := mustEnter(t, h.World, Options{Resident: true})
		next.wantHistory("web", "created from image tiny", "started", "stopped", "started")
		h.Hypervisor.GuestCrash(v.ID)
		synctest.Wait()
		got := next.history("web")
		if last := got[len(got)-1]; len(got) != 5 || !strings.HasPrefix(last, "stopped ") {
			t.Errorf("got %q, want the crash and why", got)
		}
	})
}

// Two processes see the same and tell it once.
func TestHistoryOfTwoProcesses(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		other := mustEnter(t, h.World, Options{})
		v := h.made("web", "")
		synctest.Wait()
		for _, next := range []*house{h, other, h} {
			next.done(next.s.Start(t.Context(), v.ID))
			time.Sleep(time.Second)
			h.Hypervisor.SetGuest(v.ID, labtest.Guest{Takes: time.Second})
			next.done(next.s.Stop(t.Context(), v.ID))
			time.Sleep(time.Second)
		}
		h.wantHistory("web", "created from image tiny", "started", "stopped", "started", "stopped", "started", "stopped")
	})
}

func TestHistoryOfFailure(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "")
		h.Script.Fail("Hypervisor.Power", labtest.FailBefore, lab.Errorf(lab.KindUnavailable, "QEMU is on holiday"))
		h.must(h.s.Start(t.Context(), "web"))
		synctest.Wait()
		h.wantHistory("web", "created from image tiny", "failed QEMU is on holiday")
		if _, err := h.s.Stop(t.Context(), "web"); err == nil {
			t.Error("what is off could be stopped")
		}
		h.wantHistory("web", "created from image tiny", "failed QEMU is on holiday")
	})
}

// A journal that fails, or is not there, is nobody's problem.
func TestHistoryFails(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.leave()
		var log strings.Builder
		h.Journal.Fail(errors.New("the disk is full"))
		h = mustEnter(t, h.World, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		h.running("web", "")
		h.done(h.s.Wipe(t.Context(), "web"))
		if _, err := h.s.History(t.Context(), "web"); err == nil {
			t.Error("the history of a journal that fails can be had")
		}
		h.leave()
		if !strings.Contains(log.String(), "the disk is full") {
			t.Errorf("the log tells nothing of it: %s", log.String())
		}
	})
}

// What a verb could not do belongs to the history, what it was refused does not.
func TestHistoryOfFailedVerbs(t *testing.T) {
	inHouse(t, func(_ *testing.T, h *house) {
		v := h.made("web", "")
		events := h.s.Subscribe(h.Context())
		drain(events)
		h.Script.Fail("Hypervisor.Rename", labtest.FailBefore, lab.Errorf(lab.KindDenied, "not allowed"))
		if _, err := h.s.Rename(h.Context(), "web", "other"); lab.KindOf(err) != lab.KindDenied {
			h.Fatalf("got %v, want KindDenied", err)
		}
		if _, err := h.s.Rename(h.Context(), "web", "a/b"); lab.KindOf(err) != lab.KindInvalid {
			h.Fatalf("got %v, want KindInvalid", err)
		}
		isHistory := func(e lab.Event) bool { return e.Kind == lab.EventHistory && e.ID == v.ID }
		if got := drain(events); !slices.ContainsFunc(got, isHistory) {
			h.Errorf("got the events %+v, want one of the node's history", got)
		}
		got := h.history("web")
		if len(got) != 2 || !strings.Contains(got[1], "not allowed") {
			h.Errorf("got %q, want the creation, and the one failure", got)
		}
	})
}
