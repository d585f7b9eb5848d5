package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// saverEnv makes this test binary a process that saves until it is killed.
const saverEnv = "STORE_TEST_SAVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(saverEnv); dir != "" {
		saveForever(dir)
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	labtest.StoreSuite(t, func(t *testing.T) lab.Store {
		return New(t.TempDir()+"/nodes", t.TempDir()+"/locks")
	})
}

// mustStore gives a store with one spec in it.
func mustStore(t *testing.T) (*Store, lab.NodeSpec) {
	t.Helper()
	s, spec := New(t.TempDir(), t.TempDir()), labtest.Spec("good")
	mustSave(t, s, spec)
	return s, spec
}

func mustSave(t *testing.T, s *Store, spec lab.NodeSpec) {
	t.Helper()
	if err := s.Save(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsForPeople(t *testing.T) {
	s, spec := mustStore(t)
	spec.Notes = "a & b <c>"
	mustSave(t, s, spec)
	want := `{
  "schema": 1,
  "id": "` + spec.ID + `",
  "name": "good",
  "image": "tiny",
  "base": "tiny.0123456789ab.qcow2",
  "vcpus": 1,
  "memoryMiB": 64,
  "mac": "` + spec.MAC + `",
  "notes": "a & b <c>",
  "generation": 1,
  "createdAt": "2026-01-02T03:04:05.000000678Z",
  "startedAt": null,
  "wipedAt": null
}
`
	if got := mustRead(t, s.path(spec.ID)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// unreadable are edits of a good file, with what the person is told.
var unreadable = []struct{ name, old, new, says string }{
	{"bad JSON", `"vcpus": 1,`, `"vcpus": 1`, "line 8: invalid character"},
	{"cut short", "\n}\n", "", "line 13: it ends too early"},
	{"two documents", "\n}\n", "\n}\n{}\n", "line 15: there is more after the end"},
	{"wrong type", `"vcpus": 1`, `"vcpus": "two"`, "line 7: vcpus can not be a string"},
	{"unknown key", `"vcpus"`, `"vcpu"`, `unknown field "vcpu"`},
	{"newer schema", `"schema": 1`, `"schema": 2`, "schema is 2"},
	{"another id", `"id": "`, `"id": "0`, "not that of its name"},
	{"broken rule", `"memoryMiB": 64`, `"memoryMiB": 1`, "1 MiB of memory are out of range"},
	{"bad base name", `"name": "good"`, `"name": "a/b"`, "not a valid name"},
}

func TestUnreadableFileIsToldAndKept(t *testing.T) {
	for _, tt := range unreadable {
		t.Run(tt.name, func(t *testing.T) {
			s, bad := mustStore(t)
			good := labtest.Spec("other")
			mustSave(t, s, good)
			whole := mustRead(t, s.path(bad.ID))
			spoilt := strings.Replace(whole, tt.old, tt.new, 1)
			mustWrite(t, s.path(bad.ID), spoilt)
			for range 2 {
				mustTell(t, s, good, s.path(bad.ID), tt.says)
			}
			if got := mustRead(t, s.path(bad.ID)); got != spoilt || spoilt == whole {
				t.Errorf("got %s, want the file as it was", got)
			}
		})
	}
}

// mustTell wants the one good spec, and one problem that names the file and says so.
func mustTell(t *testing.T, s *Store, good lab.NodeSpec, file, says string) {
	t.Helper()
	specs, problems, err := s.Specs(t.Context())
	if err != nil || len(specs) != 1 || !reflect.DeepEqual(specs[0], good) {
		t.Fatalf("got %v, %v, want the good one", specs, err)
	}
	if len(problems) != 1 {
		t.Fatalf("got problems %v, want one", problems)
	}
	p := problems[0]
	if p.Kind != lab.KindInvalid || p.Hint == "" || !strings.Contains(p.Message, file) || !strings.Contains(p.Message, says) {
		t.Errorf("got %+v, want KindInvalid, a hint, %s and %q", p, file, says)
	}
}

func TestWhatIsNoFileIsTold(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	makers := map[string]func(path string) error{
		"not a regular file": func(p string) error { return os.Mkdir(p, 0o700) },
		"regular":            func(p string) error { return syscall.Mkfifo(p, 0o600) },
		"larger than":        func(p string) error { return os.WriteFile(p, make([]byte, maxBytes+1), 0o600) },
	}
	for says, create := range makers {
		s, good := mustStore(t)
		if err := create(s.path(id)); err != nil {
			t.Fatal(err)
		}
		mustTell(t, s, good, id, says)
	}
}

func TestNameThatIsNoNodesIsTold(t *testing.T) {
	s, good := mustStore(t)
	mustWrite(t, s.path("copy of it"), mustRead(t, s.path(good.ID)))
	mustTell(t, s, good, "copy of it.json", "not that of its name")
}

func TestSaveAndDeleteSetAsideWhatTheyCanNotRead(t *testing.T) {
	s, spec := mustStore(t)
	mustWrite(t, s.path(spec.ID), "by hand")
	mustSave(t, s, spec)
	if got := mustRead(t, s.path(spec.ID)+".unreadable-1"); got != "by hand" {
		t.Errorf("got %q, want what was there", got)
	}
	mustWrite(t, s.path(spec.ID), "again")
	if err := s.Delete(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}
	if got := mustRead(t, s.path(spec.ID)+".unreadable-2"); got != "again" {
		t.Errorf("got %q, want what was there", got)
	}
	specs, problems, err := s.Specs(t.Context())
	if err != nil || len(specs)+len(problems) != 0 {
		t.Errorf("got %v, %v, %v, want nothing told of what is set aside", specs, problems, err)
	}
}

func TestEditByHandIsRead(t *testing.T) {
	s, spec := mustStore(t)
	mustWrite(t, s.path(spec.ID), strings.Replace(mustRead(t, s.path(spec.ID)), `"vcpus": 1`, `"vcpus": 2`, 1))
	specs, _, err := s.Specs(t.Context())
	if err != nil || len(specs) != 1 || specs[0].VCPUs != 2 {
		t.Errorf("got %+v, %v, want two vCPUs", specs, err)
	}
}

func TestUnusableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustWrite(t, file, "")
	s, spec := New(file, file), labtest.Spec("x")
	_, _, specsErr := s.Specs(t.Context())
	_, lockErr := s.Lock(t.Context(), spec.ID)
	for _, err := range []error{specsErr, lockErr, s.Save(t.Context(), spec)} {
		if lab.KindOf(err) != lab.KindUnavailable {
			t.Errorf("got %v, want KindUnavailable", err)
		}
	}
}

// saveForever saves one spec again and again, longer and shorter, and prints a
// line after each.
func saveForever(dir string) {
	spec := labtest.Spec("often")
	for i := 0; ; i++ {
		spec.Notes = strings.Repeat("x", i%2*lab.MaxNotesBytes)
		if err := New(dir, dir).Save(context.Background(), spec); err != nil {
			panic(err)
		}
		fmt.Println("saved")
	}
}

func TestKilledSaverLeavesWholeFiles(t *testing.T) {
	s := New(t.TempDir(), t.TempDir())
	for n := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), saverEnv+"="+s.dir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); n >= 0 && lines.Scan(); n-- {
		}
		_ = cmd.Process.Kill() // it runs for ever
		_ = cmd.Wait()         // "signal: killed" is what we want
	}
	specs, problems, err := s.Specs(t.Context())
	if err != nil || len(problems) > 0 || len(specs) != 10 {
		t.Errorf("got %d specs, %v, %v, want 10 whole ones", len(specs), problems, err)
	}
}

func FuzzDecode(f *testing.F) {
	spec := labtest.Spec("seed")
	content, err := encode(spec)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"schema": 1, "kept": [{}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := decode(content, spec.ID)
		if err != nil {
			return
		}
		again, err := encode(got)
		if err != nil || got.Check() != nil || got.ID != spec.ID {
			t.Fatalf("got %+v, %v, want a valid spec that can be saved", got, err)
		}
		if back, err := decode(again, spec.ID); err != nil || back.Name != got.Name {
			t.Errorf("got %+v, %v, want %+v", back, err, got)
		}
	})
}
