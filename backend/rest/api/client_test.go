package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGeneratedClientWorks makes a TypeScript client of the document, has the
// compiler check a program that uses it, and runs that against the API.
func TestGeneratedClientWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a compiler; run without -short")
	}
	modules, err := filepath.Abs("../../../frontend/node_modules")
	must(t, err)
	if _, err := os.Stat(filepath.Join(modules, ".bin", "openapi-typescript")); err != nil {
		t.Skip("openapi-typescript is not there: cd frontend && npm ci")
	}
	s := mustSite(t)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "openapi.json"), s.want(200, "GET", "/openapi.json", "").body, 0o600))
	program, err := os.ReadFile("testdata/client.ts")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "client.ts"), program, 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600))
	must(t, os.Symlink(modules, filepath.Join(dir, "node_modules")))
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
		}
		return string(out)
	}
	run(filepath.Join(modules, ".bin", "openapi-typescript"), "openapi.json", "-o", "api.d.ts")
	run(filepath.Join(modules, ".bin", "tsc"), "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022",
		"--lib", "es2023,dom", "--types", "node", "client.ts")
	if got, want := run("node", "client.js", s.URL+Prefix), "all is well"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
