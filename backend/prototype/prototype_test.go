package prototype

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// mustLay makes a folder with files, of which the content is their name.
func mustLay(t *testing.T, files ...string) (dir string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		mustWrite(t, filepath.Join(dir, file), file)
	}
	return dir
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustLink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

func mustReadFolder(t *testing.T, dir string) lab.PrototypeFolder {
	t.Helper()
	f, err := Reader{}.Read(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReader(t *testing.T) {
	labtest.PrototypeSuite(t, func(t *testing.T, f lab.PrototypeFolder) (lab.Prototype, string) {
		dir := mustLay(t)
		for below, disks := range map[string][]lab.PrototypeDisk{"images": f.Images, "overlays": f.Overlays} {
			for _, d := range disks {
				mustWrite(t, filepath.Join(dir, below, d.Name), string(make([]byte, d.Bytes)))
			}
		}
		type resources struct {
			RAM  int `json:"ram"`
			CPUs int `json:"cpus"`
		}
		var nodes []map[string]any
		for _, n := range f.Nodes {
			nodes = append(nodes, map[string]any{"id": n.ID, "name": n.Name, "osType": n.OSType, "overlayPath": n.Overlay, "resources": resources{n.MemoryMiB, n.VCPUs}})
		}
		text, err := json.Marshal(map[string]any{"version": "1.0.0", "nodes": nodes})
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, filepath.Join(dir, "backend", stateFile), string(text))
		return Reader{}, dir
	})
}

// The state is found at each of its places, the newest first.
func TestPlacesOfTheState(t *testing.T) {
	const node = `{"nodes":[{"id":"x"}]}`
	for _, place := range statePlaces {
		dir := mustLay(t)
		mustWrite(t, filepath.Join(dir, place, stateFile), node)
		if f := mustReadFolder(t, dir); len(f.Nodes) != 1 || f.State != filepath.Join(dir, place, stateFile) || len(f.Older) > 0 {
			t.Errorf("%s: got %+v, want its node", place, f)
		}
	}
	dir := mustLay(t)
	before, now := filepath.Join(dir, "backend", stateFile), filepath.Join(dir, "state", stateFile)
	mustWrite(t, before, `{"nodes":[]}`)
	mustWrite(t, now, node)
	if err := os.Chtimes(before, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if f := mustReadFolder(t, dir); f.State != now || !slices.Equal(f.Older, []string{before}) {
		t.Errorf("got %s and %v, want %s and the older one", f.State, f.Older, now)
	}
}

// A node's disk is found by the name that its path ends in, wherever the program
// had it, or by its ID, and never out of the folder.
func TestOverlaysAreFound(t *testing.T) {
	for overlayPath, want := range map[string]string{
		"/overlays/node_x.qcow2":                        "overlays/node_x.qcow2",
		"../overlays/mine.qcow2":                        "overlays/mine.qcow2",
		"/home/me/proto/backend/overlays/in-back.qcow2": "backend/overlays/in-back.qcow2",
		"":                        "overlays/node_x.qcow2",
		"/overlays/no-such.qcow2": "overlays/node_x.qcow2",
		"../../outside.qcow2":     "overlays/node_x.qcow2",
		"..":                      "overlays/node_x.qcow2",
		"overlays/link-in.qcow2":  "overlays/mine.qcow2",
		"overlays/link-out.qcow2": "overlays/node_x.qcow2",
	} {
		dir := mustLay(t, "p/overlays/node_x.qcow2", "p/overlays/mine.qcow2", "p/backend/overlays/in-back.qcow2", "p/overlays/notes.txt", "outside.qcow2")
		p := filepath.Join(dir, "p")
		mustLink(t, "mine.qcow2", filepath.Join(p, "overlays", "link-in.qcow2"))
		mustLink(t, "../../outside.qcow2", filepath.Join(p, "overlays", "link-out.qcow2"))
		mustWrite(t, filepath.Join(p, stateFile), mustText(t, []map[string]string{{"id": "x", "overlayPath": overlayPath}}))
		if f := mustReadFolder(t, p); f.Nodes[0].Disk != filepath.Join(p, want) || len(f.Overlays) != 4 {
			t.Errorf("%q: got %s of %+v, want %s of 4", overlayPath, f.Nodes[0].Disk, f.Overlays, want)
		}
	}
}

// Folders and states that are links out of the folder are not followed.
func TestLinksOutOfTheFolder(t *testing.T) {
	dir := mustLay(t, "elsewhere/images/a.qcow2", "p/overlays/node_x.qcow2")
	p := filepath.Join(dir, "p")
	mustWrite(t, filepath.Join(dir, stateFile), `[]`)
	mustLink(t, "../"+stateFile, filepath.Join(p, stateFile))
	mustLink(t, "../elsewhere/images", filepath.Join(p, "images"))
	if _, err := (Reader{}).Read(t.Context(), p); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want no state", err)
	}
	mustWrite(t, filepath.Join(p, "backend", stateFile), `[]`)
	if f := mustReadFolder(t, p); len(f.Images) > 0 {
		t.Errorf("got %+v, want no images", f.Images)
	}
	if err := (Reader{}).Remove(t.Context(), p, filepath.Join(p, "images", "a.qcow2")); lab.KindOf(err) != lab.KindInvalid {
		t.Errorf("got %v, want the path refused", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere/images/a.qcow2")); err != nil {
		t.Error(err)
	}
}

func TestFolderThatIsNone(t *testing.T) {
	dir := mustLay(t, "file", "broken/"+stateFile)
	for path, want := range map[string]lab.Kind{
		"relative": lab.KindInvalid, dir: lab.KindNotFound, dir + "/file": lab.KindInvalid, dir + "/none": lab.KindNotFound, dir + "/broken": lab.KindInvalid,
	} {
		if _, err := (Reader{}).Read(t.Context(), path); lab.KindOf(err) != want || lab.ProblemOf(err).Hint == "" {
			t.Errorf("%s: got %v, want %s and a hint", path, err, want)
		}
	}
}
