package api

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// fuzzerSeconds is for how long the fuzzer runs: FUZZ_SECONDS, or what a gate can wait for.
func fuzzerSeconds() string { return cmp.Or(os.Getenv("FUZZ_SECONDS"), "10") }

// TestFuzzerFindsNothing sends what schemathesis makes of the document: no 5xx,
// and nothing that the document does not say.
func TestFuzzerFindsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as it is given; run without -short")
	}
	fuzzer, err := filepath.Abs("../../../build/out/schemathesis/bin/schemathesis")
	must(t, err)
	if _, err := os.Stat(fuzzer); err != nil {
		t.Skip("schemathesis is not there: build/setup.sh test")
	}
	s := mustSite(t)
	for _, name := range []string{"web", "db"} {
		s.made(name)
	}
	settings, err := filepath.Abs("testdata/schemathesis.toml")
	must(t, err)
	cmd := exec.CommandContext(t.Context(), fuzzer, "--config-file", settings, "run", s.URL+Prefix+"/openapi.json", "--no-color", "--warnings", "off",
		"--max-time", fuzzerSeconds(), "--workers", "1",
		"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
