package service

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// backup makes a backup, which must succeed.
func (h *house) backup(in BackupInput) ([]byte, Archived) {
	h.Helper()
	var file bytes.Buffer
	a, err := h.s.Backup(h.Context(), in, &file, nil)
	if err != nil {
		h.Fatal(err)
	}
	return file.Bytes(), a
}

// restore makes nodes of a backup, which must succeed.
func (h *house) restore(in RestoreInput, file []byte) Archived {
	h.Helper()
	a, err := h.s.RestoreBackup(h.Context(), in, bytes.NewReader(file), nil)
	if err != nil {
		h.Fatal(err)
	}
	if n := h.Library.Receptions(); n != 0 {
		h.Errorf("%d receptions stay after a restore", n)
	}
	return a
}

// wantRestoreError wants a restore to fail, and nothing to come of it.
func (h *house) wantRestoreError(in RestoreInput, file []byte, kind lab.Kind, says string) {
	h.Helper()
	nodes, images, volumes := len(h.list()), len(h.images()), len(h.Pool.Names())
	_, err := h.s.RestoreBackup(h.Context(), in, bytes.NewReader(file), nil)
	h.wantError(err, kind, says)
	if len(h.list()) != nodes || len(h.images()) != images || len(h.Pool.Names()) != volumes || h.Library.Receptions() != 0 {
		h.Errorf("after %v: %d nodes, %d images, volumes %v, %d receptions; want all as it was", err, len(h.list()), len(h.images()), h.Pool.Names(), h.Library.Receptions())
	}
	h.wantSound()
}

func (h *house) list() []lab.Node {
	h.Helper()
	nodes, err := h.s.List(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return nodes
}

func (h *house) images() []lab.Image {
	h.Helper()
	images, err := h.s.Images(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return images
}

// elsewhere enters another world, with the image tiny if that is wanted.
func elsewhere(t *testing.T, tiny bool) *house {
	t.Helper()
	w := labtest.NewWorld()
	if tiny {
		w.Library.MustAddImage(t, "tiny")
	}
	return mustEnter(t, w, Options{Version: "2"})
}

// Nodes come back elsewhere with all that makes them what they are: also one that
// ran, with what its guest had written by then.
func TestBackupComesBack(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web, db := h.made("web", "pages"), h.running("db", "rows")
		h.Pool.WriteVariables(web.OverlayVolume(1), "boot order")
		h.done(h.s.Wipe(t.Context(), h.made("wiped", "old").ID))
		h.Hypervisor.Listen(db.ID)
		file, told := h.backup(BackupInput{})
		h.wantSound()
		if n := told.Nodes[0]; n.Name != "db" || !n.Running || !n.Frozen {
			t.Errorf("got %+v, want db copied while it ran, and held still", n)
		}
		if len(told.Images) != 1 || told.Images[0].Included || told.Images[0].Name != "tiny" {
			t.Errorf("got the images %+v, want tiny, which is not in the backup", told.Images)
		}
		h.wantState("db", lab.Running)

		o := elsewhere(t, true)
		o.restore(RestoreInput{}, file)
		o.wantText(o.wantState("web", lab.Stopped), "pages")
		o.wantText(o.wantState("db", lab.Stopped), "rows")
		o.wantText(o.wantState("wiped", lab.Stopped), "")
		for _, was := range h.list() {
			is := o.node(was.ID)
			was.Kept, was.Undo = nil, nil
			if !same(was.NodeSpec, is.NodeSpec) {
				t.Errorf("got %+v, want %+v", is.NodeSpec, was.NodeSpec)
			}
		}
		if got, _ := o.Pool.Read(web.VariablesVolume(1)); got != "boot order" {
			t.Errorf("got the variables %q", got)
		}
		o.wantSound()
		o.done(o.s.Start(t.Context(), "web"))
	})
}

func TestBackupTakesBasesAlong(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "pages")
		small, _ := h.backup(BackupInput{})
		file, told := h.backup(BackupInput{Bases: true})
		if len(told.Images) != 1 || !told.Images[0].Included || told.Images[0].Bytes == 0 {
			t.Errorf("got the images %+v, want tiny in the backup", told.Images)
		}
		o := elsewhere(t, false)
		o.wantRestoreError(RestoreInput{}, small, lab.KindNotFound, "the library lacks what the nodes stand on: tiny (SHA-256 ")
		o.restore(RestoreInput{}, file)
		o.wantText(o.node("web"), "pages")
		o.done(o.s.Start(t.Context(), "web"))
		if images := o.images(); len(images) != 1 || images[0].Name != "tiny" || len(images[0].UsedBy) != 1 {
			t.Errorf("got the images %+v, want tiny, which web stands on", images)
		}
	})
}

// The base is found by its content, whatever its name is; and where its name is
// another's, it gets one of its own.
func TestRestoreFindsTheBase(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "pages")
		file, _ := h.backup(BackupInput{Bases: true})
		o := elsewhere(t, false)
		o.Library.MustAddImage(t, "small")
		o.leave()
		o = mustEnter(t, o.World, Options{})
		o.restore(RestoreInput{}, file)
		if v := o.node("web"); v.Image != "small" {
			t.Errorf("web stands on %s, want small, which has the content", v.Image)
		}
		if len(o.images()) != 1 {
			t.Errorf("got %d images, want no second one", len(o.images()))
		}
		o.wantText(o.node("web"), "pages")
	})
}

func TestRestoreReplacesNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web := h.made("web", "pages")
		h.made("db", "rows")
		file, _ := h.backup(BackupInput{})
		h.wantRestoreError(RestoreInput{}, file, lab.KindExists, "these are here: db, web")
		h.must(h.s.Delete(t.Context(), "db", false))
		h.wantRestoreError(RestoreInput{Nodes: []string{"db"}}, file, lab.KindExists, "db (deleted")
		h.wantRestoreError(RestoreInput{Rename: map[string]string{"db": "web"}}, file, lab.KindInvalid, "two nodes would be named web")
		h.wantRestoreError(RestoreInput{Nodes: []string{"nobody"}}, file, lab.KindNotFound, "nobody")
		h.wantRestoreError(RestoreInput{Rename: map[string]string{"nobody": "x"}}, file, lab.KindNotFound, "nobody")
		h.wantRestoreError(RestoreInput{Nodes: []string{"web"}, NewIDs: true}, file, lab.KindExists, "another node of that name")
		h.wantRestoreError(RestoreInput{Nodes: []string{"web"}, NewIDs: true, Rename: map[string]string{"web": "a b"}}, file, lab.KindInvalid, "a b")

		h.restore(RestoreInput{Nodes: []string{web.ID}, NewIDs: true, Rename: map[string]string{"web": "copy"}}, file)
		made := h.node("copy")
		if made.ID == web.ID || made.MAC == web.MAC {
			t.Errorf("got %s and %s, want others than the original has", made.ID, made.MAC)
		}
		h.wantText(made, "pages")
		h.must(h.s.Delete(t.Context(), "db", true))
		if a := h.restore(RestoreInput{Missing: true}, file); len(a.Nodes) != 1 || a.Nodes[0].Name != "db" {
			t.Errorf("got %+v, want db alone", a.Nodes)
		}
		h.wantText(h.node("db"), "rows")
		if a := h.restore(RestoreInput{Missing: true}, file); len(a.Nodes) != 0 {
			t.Errorf("got %+v, want nothing left to do", a.Nodes)
		}
		h.wantSound()
	})
}

func TestDryRunChangesNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "pages")
		file, _ := h.backup(BackupInput{Bases: true})
		o := elsewhere(t, false)
		a := o.restore(RestoreInput{DryRun: true}, file)
		if !a.DryRun || len(a.Nodes) != 1 || len(a.Images) != 1 || len(o.list()) != 0 || len(o.images()) != 0 || len(o.Pool.Names()) != 0 {
			t.Errorf("got %+v, nodes %v, images %v, volumes %v", a, o.list(), o.images(), o.Pool.Names())
		}
		o.wantRestoreError(RestoreInput{DryRun: true}, file[:len(file)-20], lab.KindInvalid, "damaged")
	})
}

// Whatever is wrong with a backup, nothing comes of it.
func TestRestoreOfADamagedBackup(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", "pages")
		file, _ := h.backup(BackupInput{Bases: true})
		o := elsewhere(t, false)
		for _, cut := range []int{0, 1, 10, len(file) / 2, len(file) - 1} {
			o.wantRestoreError(RestoreInput{}, file[:cut], lab.KindInvalid, "damaged")
		}
		spoilt := bytes.Clone(file)
		for i := range 32 { // one bit alone may mean nothing in what is packed
			spoilt[len(file)/2+i] ^= 0x55
		}
		o.wantRestoreError(RestoreInput{}, spoilt, lab.KindInvalid, "damaged")
		o.wantRestoreError(RestoreInput{}, append(bytes.Clone(file), "more"...), lab.KindInvalid, "damaged")
		o.Pool.SetFree(1000)
		o.wantRestoreError(RestoreInput{}, file, lab.KindUnavailable, "there is no room for the nodes")
	})
}

// What fails when everything was whole takes back what was made before it.
func TestRestoreTakesBack(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("a", "1")
		h.made("b", "2")
		file, _ := h.backup(BackupInput{Bases: true})
		o := elsewhere(t, false)
		o.Hypervisor.Take("b")
		o.wantRestoreError(RestoreInput{}, file, lab.KindExists, "b")
	})
}

// A backup that can not be written, or is cancelled, leaves no copy of a disk.
func TestBackupFails(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		_, err := h.s.Backup(t.Context(), BackupInput{}, io.Discard, nil)
		h.wantError(err, lab.KindNotFound, "no node")
		h.running("web", "pages")
		_, err = h.s.Backup(t.Context(), BackupInput{Nodes: []string{"nobody"}}, io.Discard, nil)
		h.wantError(err, lab.KindNotFound, "nobody")
		_, err = h.s.Backup(t.Context(), BackupInput{}, full{}, nil)
		h.wantError(err, lab.KindUnavailable, "the backup can not be written")
		h.wantSound()
		ctx, cancel := context.WithCancel(t.Context())
		h.After("Hypervisor.CopyDisk "+h.node("web").ID+" "+h.nextOverlay("web"), cancel)
		_, err = h.s.Backup(ctx, BackupInput{}, io.Discard, nil)
		h.wantError(err, lab.KindUnavailable, "cancelled")
		h.wantSound()
		h.done(h.s.Stop(t.Context(), "web")) // it is not reserved any more
	})
}

func (h *house) nextOverlay(node string) string {
	v := h.node(node)
	return v.OverlayVolume(nextGeneration(v.NodeSpec))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// virsh may start a node while its disk is read.
func TestBackupNoticesAForeignStart(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web := h.made("web", "pages")
		h.After("Pool.Download "+web.OverlayVolume(1), func() { h.Pool.Touch(web.OverlayVolume(1)) })
		_, err := h.s.Backup(t.Context(), BackupInput{}, io.Discard, nil)
		h.wantError(err, lab.KindBusy, "the disk of web was written to while it was read")
	})
}

func TestBackupOfANodeThatStops(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		web := h.running("web", "pages")
		h.Script.Fail("Hypervisor.CopyDisk", labtest.FailBefore, lab.Errorf(lab.KindBusy, "it stopped"))
		_, err := h.s.Backup(t.Context(), BackupInput{}, io.Discard, nil)
		h.wantError(err, lab.KindBusy, "it stopped")
		h.After("Hypervisor.Domain "+web.ID, func() { h.Hypervisor.GuestOff(web.ID) }) // after the look that finds it running
		file, told := h.backup(BackupInput{})
		if told.Nodes[0].Running || !bytes.HasPrefix(file, []byte("\x28\xb5\x2f\xfd")) {
			t.Errorf("got %+v, want it copied when it was off", told.Nodes[0])
		}
	})
}

// Progress is told up to the whole.
func TestProgressOfABackup(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.made("web", strings.Repeat("x", 8))
		var last lab.Step
		if _, err := h.s.Backup(t.Context(), BackupInput{}, io.Discard, func(s lab.Step) { last = s }); err != nil {
			t.Fatal(err)
		}
		if last.Name != lab.StepCopying || last.Done == 0 || last.Done > last.Total || last.Total != h.node("web").Overlay.Bytes {
			t.Errorf("got %+v", last)
		}
	})
}

// Whenever a backup dies, the nodes go on and nothing of it stays; whenever a
// restore dies, what it has made is whole, and the rest can be made afterwards.
func TestCrashInABackup(t *testing.T) {
	var file []byte
	crashIn(t, []crashCase{
		{
			name:    "backup",
			prepare: func(h *house) { h.made("web", "p"); h.running("db", "r") },
			verb: func(ctx context.Context, s *Service) (lab.Node, error) {
				_, err := s.Backup(ctx, BackupInput{Bases: true}, io.Discard, nil)
				return lab.Node{}, err
			},
			check: func(h *house) {
				h.wantState("db", lab.Running)
				if names := h.Pool.Names(); len(names) != 3 {
					h.Errorf("got the volumes %v, want no copy of a disk", names)
				}
			},
			repeat: func(h *house) { h.backup(BackupInput{}) },
		},
		{
			name: "restore of a backup",
			prepare: func(h *house) {
				web, db := h.made("web", "p"), h.running("db", "r")
				h.Pool.WriteVariables(web.OverlayVolume(1), "boot order")
				file, _ = h.backup(BackupInput{Bases: true})
				for _, id := range []string{web.ID, db.ID} {
					h.must(h.s.Delete(h.Context(), id, true))
				}
				if err := h.s.RemoveImage(h.Context(), "tiny"); err != nil {
					h.Fatal(err)
				}
			},
			verb: func(ctx context.Context, s *Service) (lab.Node, error) {
				_, err := s.RestoreBackup(ctx, RestoreInput{}, bytes.NewReader(file), nil)
				return lab.Node{}, err
			},
			check: func(h *house) {
				if n := h.Library.Receptions(); n != 0 {
					h.Errorf("%d receptions stay after a restore that died", n)
				}
				for _, volume := range h.Pool.Names() {
					id, generation, ok := lab.ParseOverlayVolume(volume)
					if spec, known := h.Store.Spec(id); ok && (!known || !refersTo(spec, generation)) {
						h.Errorf("the overlay %s stays after a restore that died", volume)
					}
				}
			},
			repeat: func(h *house) {
				h.restore(RestoreInput{Missing: true}, file)
				h.wantText(h.node("web"), "p")
				h.wantText(h.node("db"), "r")
			},
		},
	})
}
