package api

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

var update = flag.Bool("update", false, "write what is golden anew")

func mustDocument(t *testing.T) *huma.OpenAPI {
	t.Helper()
	a, err := New(t.Context(), Options{})
	must(t, err)
	return a.huma.OpenAPI()
}

// TestEverythingIsDescribed keeps the document whole.
func TestEverythingIsDescribed(t *testing.T) {
	o := mustDocument(t)
	for name, schema := range o.Components.Schemas.Map() {
		for field, property := range schema.Properties {
			if property.Description == "" {
				t.Errorf("%s.%s is not described in fields.txt", name, field)
			}
		}
	}
	ids := map[string]bool{}
	for _, op := range operations(o) {
		if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] || len(op.Tags) != 1 {
			t.Errorf("%s %s lacks a summary, an id of its own or a tag", op.Method, op.Path)
		}
		ids[op.OperationID] = true
		for _, p := range op.Parameters {
			if p.Description == "" {
				t.Errorf("%s %s does not describe %s", op.Method, op.Path, p.Name)
			}
		}
	}
}

// TestDescriptionsAreOfFields keeps fields.txt from telling of what is not there.
func TestDescriptionsAreOfFields(t *testing.T) {
	all := mustDocument(t).Components.Schemas.Map()
	for what := range descriptions(fieldsText) {
		name, field, typed := strings.Cut(what, ".")
		if typed && (all[name] == nil || all[name].Properties[field] == nil) {
			t.Errorf("fields.txt describes %s, which is not there", what)
		}
	}
}

// TestOperationsAreGolden shows what changes for clients.
func TestOperationsAreGolden(t *testing.T) {
	var b strings.Builder
	for _, op := range operations(mustDocument(t)) {
		fmt.Fprintf(&b, "%-6s %-32s %s", op.Method, op.Path, op.OperationID)
		for _, p := range op.Parameters {
			if p.In != "path" {
				fmt.Fprintf(&b, " %s:%s", p.In, p.Name)
			}
		}
		if op.RequestBody != nil {
			for kind, media := range op.RequestBody.Content {
				fmt.Fprintf(&b, " <%s %s", kind, strings.TrimPrefix(media.Schema.Ref, schemas))
			}
		}
		for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
			fmt.Fprintf(&b, " >%s", status)
			for kind, media := range op.Responses[status].Content {
				if kind != failureType {
					fmt.Fprintf(&b, " %s", strings.TrimPrefix(media.Schema.Ref, schemas))
				}
			}
		}
		b.WriteString("\n")
	}
	const golden = "testdata/operations.txt"
	if *update {
		must(t, os.WriteFile(golden, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if got := b.String(); got != string(want) {
		t.Errorf("the operations changed; go test ./backend/rest/api -update writes them anew:\n%s", got)
	}
}

func TestDocumentIsServed(t *testing.T) {
	s := mustSite(t)
	for path, kind := range map[string]string{
		"/openapi.json": "application/openapi+json", "/openapi.yaml": "application/openapi+yaml",
		"/docs": "text/html; charset=utf-8", "/docs.css": "text/css; charset=utf-8",
	} {
		a := s.want(200, "GET", path, "")
		if got := a.Header.Get("Content-Type"); got != kind || len(a.body) < 1000 {
			t.Errorf("%s is %s of %d bytes, want %s", path, got, len(a.body), kind)
		}
	}
}

// TestReadablePageLoadsNothingFromElsewhere: it is read where there is no network.
func TestReadablePageLoadsNothingFromElsewhere(t *testing.T) {
	page := string(mustSite(t).want(200, "GET", "/docs", "").body)
	for _, bad := range []string{"<script", " src=", "@import", "style=", "://cdn", "onclick"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
}
