package service

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// The nodes of the folder that these tests lay.
const (
	webID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	dbID  = "0e37df36-f698-11e6-8dd4-cb9ced3df976"
)

const mib = 1 << 20

// prototype is a folder with two images and two nodes, and what else a test adds.
type prototype struct {
	t *testing.T
	lab.PrototypeFolder
}

func newPrototype(t *testing.T) *prototype {
	t.Helper()
	p := &prototype{t, lab.PrototypeFolder{Dir: t.TempDir()}}
	p.State = p.path("nodes-state.json")
	p.image("alpine.qcow2", 8*mib)
	p.image("debian.qcow2", 16*mib)
	p.node(lab.PrototypeNode{ID: webID, Name: "web", MemoryMiB: 256, VCPUs: 1}, "/images/alpine.qcow2", 8*mib)
	p.node(lab.PrototypeNode{ID: dbID, Name: "db", MemoryMiB: 512, VCPUs: 2}, "../images/debian.qcow2", 16*mib)
	return p
}

func (p *prototype) path(elem ...string) string {
	return filepath.Join(p.Dir, filepath.Join(elem...))
}

func (p *prototype) write(path string, content []byte) lab.PrototypeDisk {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return lab.PrototypeDisk{Name: filepath.Base(path), Path: path, Bytes: int64(len(content))}
}

func (p *prototype) image(name string, virtual int64) {
	p.t.Helper()
	p.Images = append(p.Images, p.write(p.path("images", name), labtest.QCOW2(virtual, labtest.NoFlaw)))
}

// node adds a node with an overlay of its own.
func (p *prototype) node(n lab.PrototypeNode, on string, virtual int64) {
	p.t.Helper()
	disk := p.write(p.path("overlays", "node_"+n.ID+".qcow2"), labtest.QCOW2On(on, virtual))
	n.Overlay, n.Disk = "/overlays/"+disk.Name, disk.Path
	p.Nodes, p.Overlays = append(p.Nodes, n), append(p.Overlays, disk)
}

// migrated runs a migration to its end.
func (h *house) migrated(p *prototype, move bool) lab.Migration {
	h.Helper()
	if _, err := h.s.Migrate(h.Context(), MigrateInput{Dir: p.Dir, Move: move}); err != nil {
		h.Fatal(err)
	}
	m, err := h.s.WaitMigration(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	synctest.Wait()
	return m
}

// withPrototype is inHouse with a folder of the prototype beside it.
func withPrototype(t *testing.T, test func(h *house, p *prototype)) {
	t.Helper()
	inHouse(t, func(t *testing.T, h *house) {
		p := newPrototype(t)
		h.Prototype.Lay(p.PrototypeFolder)
		test(h, p)
	})
}

func statuses(m lab.Migration) (all []lab.MoveStatus) {
	for _, i := range m.Images {
		all = append(all, i.Status)
	}
	for _, n := range m.Nodes {
		all = append(all, n.Status)
	}
	return all
}

func (h *house) wantStatuses(m lab.Migration, status lab.MigrationStatus, want ...lab.MoveStatus) {
	h.Helper()
	if got := statuses(m); m.Status != status || !slices.Equal(got, want) {
		h.Errorf("got %s with %v, want %s with %v: %+v", m.Status, got, status, want, m)
	}
}

// wantBoth checks that both nodes are here, whole.
func (h *house) wantBoth() {
	h.Helper()
	for id, want := range map[string]lab.NodeSpec{
		webID: {Name: "web", Image: "alpine", MemoryMiB: 256, VCPUs: 1}, dbID: {Name: "db", Image: "debian", MemoryMiB: 512, VCPUs: 2},
	} {
		v := h.node(id)
		base, ok := h.Pool.Read(v.Base)
		if v.Name != want.Name || v.Image != want.Image || v.MemoryMiB != want.MemoryMiB || v.VCPUs != want.VCPUs || v.State != lab.Stopped || !ok || base == "" {
			h.Errorf("got %+v on %s, want %+v", v, v.Base, want)
		}
		volume, err := h.Pool.Volume(h.Context(), v.OverlayVolume(1))
		if err != nil || !strings.HasSuffix(volume.Backing, v.Base) {
			h.Errorf("got %+v, %v, want it on %s", volume, err, v.Base)
		}
	}
	if left, err := h.Library.Unsettled(h.Context()); len(left) > 0 || err != nil {
		h.Errorf("got %v unsettled, %v, want none", left, err)
	}
	h.wantSound()
}

func TestMigrationIsPlanned(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		before := h.Pool.Names()
		m, err := h.s.PlanMigration(h.Context(), MigrateInput{Dir: p.Dir})
		if err != nil {
			h.Fatal(err)
		}
		h.wantStatuses(m, lab.MigrationPlanned, lab.MoveReady, lab.MoveReady, lab.MoveReady, lab.MoveReady)
		if n := m.Nodes[1]; n.ID != dbID || n.Name != "db" || n.Image != "debian" || n.VirtualBytes != 16*mib || n.VCPUs != 2 || n.MemoryMiB != 512 || len(n.Notes) > 0 {
			h.Errorf("got %+v, want db as it is", n)
		}
		if size := p.Images[0].Bytes; m.NeedBytes != 4*size || m.Bytes != 4*size || m.FreeBytes == 0 || m.Problem != nil {
			h.Errorf("got %+v, want room for four files of %d bytes", m, size)
		}
		moving, err := h.s.PlanMigration(h.Context(), MigrateInput{Dir: p.Dir, Move: true})
		if err != nil || moving.NeedBytes != p.Images[0].Bytes {
			h.Errorf("got %+v, %v, want room for one overlay", moving, err)
		}
		if nodes, err := h.s.List(h.Context()); len(nodes) > 0 || err != nil || !slices.Equal(h.Pool.Names(), before) {
			h.Errorf("got %v and %v, %v, want nothing changed", nodes, h.Pool.Names(), err)
		}
	})
}

func TestMigrationBringsNodesOver(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
		p.Nodes[0].CreatedAt, p.Nodes[0].StartedAt, p.Nodes[0].WipedAt = &at, &at, &at
		h.Prototype.Lay(p.PrototypeFolder)
		events := h.s.Subscribe(h.Context())
		m := h.migrated(p, false)
		h.wantStatuses(m, lab.MigrationDone, lab.MoveDone, lab.MoveDone, lab.MoveDone, lab.MoveDone)
		h.wantBoth()
		if v := h.node(webID); !v.CreatedAt.Equal(at) || v.StartedAt == nil || !v.StartedAt.Equal(at) || v.WipedAt == nil || !v.WipedAt.Equal(at) {
			h.Errorf("got %+v, want its times", v)
		}
		if m.DoneBytes != m.Bytes {
			h.Errorf("got %d of %d bytes", m.DoneBytes, m.Bytes)
		}
		for e := range events {
			if e.Migration != nil && e.Migration.Status == lab.MigrationDone {
				break
			}
		}
		for _, d := range append(p.Images, p.Overlays...) {
			if _, err := os.Stat(d.Path); err != nil {
				h.Errorf("%s: %v, want it left", d.Name, err)
			}
		}
		h.done(h.s.Start(h.Context(), webID))
	})
}

// What is here already is left alone, whatever has become of it.
func TestMigrationAgain(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		h.migrated(p, false)
		h.must(h.s.Rename(h.Context(), webID, "www"))
		h.done(h.s.Wipe(h.Context(), dbID))
		m := h.migrated(p, false)
		h.wantStatuses(m, lab.MigrationDone, lab.MoveHere, lab.MoveHere, lab.MoveHere, lab.MoveHere)
		if m.Nodes[0].Name != "www" || m.Bytes != 0 || h.node(dbID).Generation != 2 {
			h.Errorf("got %+v, want both left alone", m)
		}
	})
}

func TestMigrationMoves(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		m := h.migrated(p, true)
		h.wantStatuses(m, lab.MigrationDone, lab.MoveDone, lab.MoveDone, lab.MoveDone, lab.MoveDone)
		h.wantBoth()
		for _, d := range append(p.Images, p.Overlays...) {
			if _, err := os.Stat(d.Path); !os.IsNotExist(err) {
				h.Errorf("%s: %v, want it gone", d.Name, err)
			}
		}
	})
}

// A disk that stays keeps the images, on which it may stand.
func TestMigrationMovesWhatItCan(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		h.Library.Lock(p.Nodes[0].Disk)
		m := h.migrated(p, true)
		h.wantStatuses(m, lab.MigrationFailed, lab.MoveDone, lab.MoveDone, lab.MoveWrong, lab.MoveDone)
		for path, there := range map[string]bool{p.Nodes[0].Disk: true, p.Nodes[1].Disk: false, p.Images[0].Path: true, p.Images[1].Path: true} {
			if _, err := os.Stat(path); (err == nil) != there {
				h.Errorf("%s: %v, want it there: %t", path, err, there)
			}
		}
		if !slices.Contains(m.Notes, imagesStay) || m.Nodes[0].Problem.Kind != lab.KindBusy || m.Nodes[0].Problem.Hint == "" {
			h.Errorf("got %+v, want it said what stays and why", m)
		}
	})
}

// What is wrong with one node is said of it, and hides no other.
func TestMigrationJudges(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		h.made("taken", "")
		p.write(p.path("images", "raw.qcow2"), []byte("no disk"))
		p.Images = append(p.Images, lab.PrototypeDisk{Name: "raw.qcow2", Path: p.path("images", "raw.qcow2"), Bytes: 7})
		p.node(lab.PrototypeNode{ID: "node-3", Name: "taken"}, "/images/alpine.qcow2", 8*mib)
		p.node(lab.PrototypeNode{ID: "4", Name: "Mein Knoten (Übung)", MemoryMiB: 1, VCPUs: 200}, "/images/alpine.qcow2", 8*mib)
		p.node(lab.PrototypeNode{ID: "5", Name: "???"}, "/srv/other.qcow2", 8*mib)
		p.node(lab.PrototypeNode{ID: "6", Name: "../../etc"}, "", 8*mib)
		p.node(lab.PrototypeNode{ID: "7", Name: "on-raw"}, "/images/raw.qcow2", 8*mib)
		p.node(lab.PrototypeNode{ID: strings.ToUpper(webID), Name: "twice"}, "/images/alpine.qcow2", 8*mib)
		p.Nodes = append(p.Nodes,
			lab.PrototypeNode{ID: "8", Name: "shares", Disk: p.Nodes[0].Disk},
			lab.PrototypeNode{ID: "9", Name: "no-disk", Overlay: "/overlays/gone.qcow2"},
			lab.PrototypeNode{ID: "10", Problem: &lab.Problem{Kind: lab.KindInvalid, Message: "not understood"}})
		h.Prototype.Lay(p.PrototypeFolder)
		m, err := h.s.PlanMigration(h.Context(), MigrateInput{Dir: p.Dir})
		if err != nil {
			h.Fatal(err)
		}
		for i, want := range []string{"", "", "", "", "none of the images", "stands on no image", "can not come over", "two nodes with the ID", "same disk as web", "gone.qcow2, is not in overlays", "not understood"} {
			n := m.Nodes[i]
			if got := n.Problem; (got == nil) != (want == "") || got != nil && !strings.Contains(got.Message, want) || (n.Status == lab.MoveReady) != (want == "") {
				h.Errorf("node %d: got %+v, want %q", i, n, want)
			}
			if lab.CheckName(n.Name) != nil || lab.CheckID(n.ID) != nil {
				h.Errorf("node %d: got %+v, want a name and a UUID", i, n)
			}
		}
		if n := m.Nodes[2]; n.Name != "taken-2" || len(n.Notes) != 2 || n.ID != lab.PrototypeID("node-3") {
			h.Errorf("got %+v, want another name and ID, which is said", n)
		}
		if n := m.Nodes[3]; n.Name != "Mein-Knoten-bung" || n.MemoryMiB != lab.MinMemoryMiB || n.VCPUs >= 200 || len(n.Notes) != 4 {
			h.Errorf("got %+v, want what the host and the rules allow, which is said", n)
		}
		if got := h.migrated(p, false); got.Status != lab.MigrationFailed || len(h.Pool.Names()) != 2+2+4 {
			h.Errorf("got %+v with %v, want four nodes more", got, h.Pool.Names())
		}
	})
}

// TestImageUnder finds what an overlay stands on, by the path that it has for it or
// by the name in that, among the images of the folder alone.
func TestImageUnder(t *testing.T) {
	m := &migration{folder: lab.PrototypeFolder{Dir: "/p", Images: []lab.PrototypeDisk{
		{Name: "a.qcow2", Path: "/p/images/a.qcow2"},
		{Name: "b.qcow2", Path: "/p/images/b.qcow2"},
		{Name: "b.qcow2", Path: "/p/images/custom/b.qcow2"},
		{Name: "latest.qcow2", Path: "/p/images/a.qcow2"},
	}}, paths: map[string]int{"/p/images/a.qcow2": 0, "/p/images/b.qcow2": 1, "/p/images/custom/b.qcow2": 2}}
	for _, tt := range []struct {
		disk lab.DiskFile
		want int
	}{
		{lab.DiskFile{Backing: "/p/images/a.qcow2", BackingFormat: "qcow2"}, 0},
		{lab.DiskFile{Backing: "../images/custom/b.qcow2"}, 2},
		{lab.DiskFile{Backing: "/images/a.qcow2"}, 0},
		{lab.DiskFile{Backing: "../images/latest.qcow2"}, 0},
		{lab.DiskFile{Backing: "/images/b.qcow2"}, -1},
		{lab.DiskFile{Backing: "/images/c.qcow2"}, -1},
		{lab.DiskFile{Backing: "/p/images/a.qcow2", BackingFormat: "raw"}, -1},
		{lab.DiskFile{Backing: "nbd://host/a.qcow2"}, -1},
		{lab.DiskFile{Backing: `json:{"file.filename":"/p/images/a.qcow2"}`}, -1},
		{lab.DiskFile{}, -1},
	} {
		got, err := m.imageUnder("/p/overlays/x.qcow2", tt.disk)
		if got != tt.want || (err != nil) != (tt.want < 0) || err != nil && lab.ProblemOf(err).Hint == "" {
			t.Errorf("%+v: got %d, %v, want %d", tt.disk, got, err, tt.want)
		}
	}
}

// An image that is here already is used, and one whose name is taken by another
// gets a free one.
func TestMigrationFindsImages(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		add := func(name, file string) {
			if _, err := h.Library.Add(h.Context(), lab.Addition{Name: name, Path: file}, nil); err != nil {
				h.Fatal(err)
			}
		}
		add("my-alpine", p.Images[0].Path)
		add("debian", labtest.MustQCOW2(t, "x.qcow2", 24*mib, labtest.NoFlaw))
		h.migrated(p, false)
		if web, db := h.node(webID), h.node(dbID); web.Image != "my-alpine" || db.Image != "debian-2" {
			h.Errorf("got %s and %s, want my-alpine and debian-2", web.Image, db.Image)
		}
		h.wantSound()
	})
}

func TestMigrationIsRefused(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		_, err := h.s.Migrate(h.Context(), MigrateInput{Dir: "/no/such/folder"})
		h.wantError(err, lab.KindNotFound, "no folder")
		_, err = h.s.WaitMigration(h.Context())
		h.wantError(err, lab.KindNotFound, "no nodes")
		h.wantError(h.s.CancelMigration(h.Context()), lab.KindNotFound, "no nodes")
		resume := h.Library.Hold()
		if _, err := h.s.Migrate(h.Context(), MigrateInput{Dir: p.Dir}); err != nil {
			h.Fatal(err)
		}
		_, err = h.s.Migrate(h.Context(), MigrateInput{Dir: p.Dir})
		h.wantError(err, lab.KindBusy, "just coming over")
		resume()
		if m, err := h.s.WaitMigration(h.Context()); err != nil || m.Status != lab.MigrationDone {
			h.Errorf("got %+v, %v, want the first done", m, err)
		}
		h.wantBoth()
	})
}

func TestMigrationWithoutRoom(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		h.Pool.SetFree(1000)
		plan, err := h.s.PlanMigration(h.Context(), MigrateInput{Dir: p.Dir})
		if err != nil || plan.Problem == nil {
			h.Fatalf("got %+v, %v, want it said that there is no room", plan, err)
		}
		_, err = h.s.Migrate(h.Context(), MigrateInput{Dir: p.Dir})
		h.wantError(err, lab.KindUnavailable, "no room")
		h.Pool.SetFree(100 << 30)
		h.migrated(p, false)
		h.wantBoth()
	})
}

// A migration that is cancelled keeps what is here, and goes on when asked again.
func TestMigrationIsCancelled(t *testing.T) {
	withPrototype(t, func(h *house, p *prototype) {
		h.After("Library.Add alpine", func() { h.Library.Hold() })
		if _, err := h.s.Migrate(h.Context(), MigrateInput{Dir: p.Dir}); err != nil {
			h.Fatal(err)
		}
		synctest.Wait()
		if err := h.s.CancelMigration(h.Context()); err != nil {
			h.Fatal(err)
		}
		m, err := h.s.WaitMigration(h.Context())
		if err != nil {
			h.Fatal(err)
		}
		h.wantStatuses(m, lab.MigrationCancelled, lab.MoveDone, lab.MoveReady, lab.MoveReady, lab.MoveReady)
		if nodes, err := h.s.List(h.Context()); len(nodes) > 0 || err != nil {
			h.Errorf("got %v, %v, want none", nodes, err)
		}
		h.Library.Hold()()
		h.migrated(p, false)
		h.wantBoth()
	})
}
