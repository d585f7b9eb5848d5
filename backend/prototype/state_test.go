package prototype

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	idA = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	idB = "0e37df36-f698-11e6-8dd4-cb9ced3df976"
)

// mustRead gives a state of testdata: one per shape, as node.js writes them.
func mustRead(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestParseWhatWasWritten(t *testing.T) {
	nodes, err := parse(mustRead(t, "state.json"))
	if err != nil || len(nodes) != 2 {
		t.Fatalf("got %d nodes, %v, want 2", len(nodes), err)
	}
	at := func(text string) *time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return &moment
	}
	want := lab.PrototypeNode{
		ID: idA, Name: "Web server", OSType: "ubuntu", Overlay: "/overlays/node_" + idA + ".qcow2", MemoryMiB: 2048, VCPUs: 2,
		CreatedAt: at("2025-03-01T10:00:00.123Z"), StartedAt: at("2025-03-02T08:30:00Z"), WipedAt: at("2025-03-03T00:00:00Z"),
	}
	if got, want := mustText(t, nodes[0]), mustText(t, want); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := nodes[1]; got.ID != idB || got.StartedAt != nil || got.WipedAt != nil || got.MemoryMiB != 512 || got.VCPUs != 1 {
		t.Errorf("got %+v, want the second, never started", got)
	}
}

func mustText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The same two nodes in every shape that such a program plausibly wrote.
func TestParseShapes(t *testing.T) {
	const a, b = `{"id":"` + idA + `","name":"a"}`, `{"id":"` + idB + `","name":"b"}`
	for name, text := range map[string]string{
		"a list below nodes":    `{"version":"1.0.0","lastUpdated":"2025-03-01T10:00:00Z","nodes":[` + a + `,` + b + `]}`,
		"an object below nodes": `{"nodes":{"` + idA + `":` + a + `,"` + idB + `":` + b + `}}`,
		"a list":                "\xef\xbb\xbf [" + a + `,` + b + `]`,
		"an object":             `{"` + idA + `":` + a + `,"` + idB + `":` + b + `}`,
		"an object of the rest": `{"` + idA + `":{"name":"a"},"` + idB + `":{"name":"b"}}`,
		"pairs":                 `[["` + idA + `",` + a + `],["` + idB + `",` + b + `]]`,
		"a Map":                 `{"dataType":"Map","value":[["` + idA + `",` + a + `],["` + idB + `",{"name":"b"}]]}`,
	} {
		nodes, err := parse([]byte(text))
		if err != nil || len(nodes) != 2 {
			t.Errorf("%s: got %d nodes, %v, want 2", name, len(nodes), err)
			continue
		}
		for _, n := range nodes {
			if n.Problem != nil || n.ID != map[string]string{"a": idA, "b": idB}[n.Name] {
				t.Errorf("%s: got %+v, want it whole", name, n)
			}
		}
	}
	for _, none := range []string{`{}`, `[]`, `{"nodes":[]}`, `{"nodes":{}}`} {
		if nodes, err := parse([]byte(none)); err != nil || len(nodes) != 0 {
			t.Errorf("%s: got %v, %v, want no nodes", none, nodes, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", " \n", "null", "3", `"nodes"`, `{"nodes":null}`, `{"nodes":3}`, `{"version":"1.0.0"}`, `{"dataType":"Map"}`,
		`[{"id":"a"}`, `{"nodes":[]} trailing`, "{'nodes': []}", strings.Repeat("[", 20_000),
	} {
		if nodes, err := parse([]byte(text)); err == nil {
			t.Errorf("%.40q: got %v, want it refused", text, nodes)
		}
	}
}

// One node that is wrong hides no other.
func TestParseWrongNodes(t *testing.T) {
	nodes, err := parse([]byte(`[{"id":"` + idA + `"}, 3, null, {"name":"nobody"}, {"id":7}, {"id":"x","resources":{"ram":"much"}}, {"id":"y","resources":{"cpus":-1}}, ["z", 4], [1, 2, 3]]`))
	if err != nil || len(nodes) != 9 {
		t.Fatalf("got %d nodes, %v, want 9", len(nodes), err)
	}
	for i, n := range nodes {
		if wrong := n.Problem != nil; wrong != (i > 0) {
			t.Errorf("node %d: got %+v, want a problem: %t", i+1, n, i > 0)
		}
	}
}

func TestParseLooseValues(t *testing.T) {
	nodes, err := parse([]byte(`[{"id":"a","resources":{"ram":"1024","cpus":"2"},"createdAt":1740823200123,"startedAt":"yesterday","wipedAt":null},{"id":"b","resources":null,"createdAt":""}]`))
	if err != nil || len(nodes) != 2 {
		t.Fatalf("got %d nodes, %v, want 2", len(nodes), err)
	}
	if n := nodes[0]; n.Problem != nil || n.MemoryMiB != 1024 || n.VCPUs != 2 || n.CreatedAt == nil || n.CreatedAt.UnixMilli() != 1740823200123 || n.StartedAt != nil || n.WipedAt != nil {
		t.Errorf("got %+v, want 1024 MiB, 2 CPUs, the time it was made and no other", n)
	}
	if n := nodes[1]; n.Problem != nil || n.MemoryMiB != 0 || n.CreatedAt != nil {
		t.Errorf("got %+v, want nothing said", n)
	}
}

// FuzzParse: whatever the file has in it, each node has an ID or a Problem, and its
// amounts are within bounds.
func FuzzParse(f *testing.F) {
	f.Add(mustRead(f, "state.json"))
	f.Fuzz(func(t *testing.T, content []byte) {
		nodes, err := parse(content)
		if err != nil && len(nodes) > 0 {
			t.Errorf("got %d nodes and %v", len(nodes), err)
		}
		for _, n := range nodes {
			if n.ID == "" && n.Problem == nil || n.MemoryMiB < 0 || n.MemoryMiB > mostAmount || n.VCPUs < 0 || n.VCPUs > mostAmount {
				t.Errorf("got %+v", n)
			}
			if err := lab.CheckID(lab.PrototypeID(n.ID)); err != nil {
				t.Errorf("%q: %v", n.ID, err)
			}
			if err := lab.CheckName(lab.FitName(n.Name, "node")); err != nil {
				t.Errorf("%q: %v", n.Name, err)
			}
		}
	})
}
