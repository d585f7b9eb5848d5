package cli

import (
	"context"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

// mustStock gives a host whose catalogue has os-1 and os-2, of which the network
// has the first.
func mustStock(t *testing.T) *desk {
	t.Helper()
	d := mustDesk(t)
	entry := func(id string) lab.CatalogueEntry {
		return lab.CatalogueEntry{
			ID: id, Title: "OS", Version: "1", Group: "Linux", Defaults: lab.Defaults{MemoryMiB: 256, User: "os"},
			Remote: lab.Remote{Addresses: []string{"https://publisher.invalid/" + id}, Bytes: 5 << 20},
		}
	}
	mine := entry("os-2")
	mine.Overridden, mine.Remote.Bytes = true, 0
	d.catalogue.Has.Entries = []lab.CatalogueEntry{entry("os-1"), mine}
	d.Library.Offer("https://publisher.invalid/os-1", labtest.QCOW2(8<<20, labtest.NoFlaw))
	return d
}

func TestCatalogue(t *testing.T) {
	d := mustStock(t)
	got := d.mustRun(t, "image", "catalogue")
	for _, want := range []string{"ID", "os-1  OS 1   5 MiB", "os-2  OS 1   -", "Linux, yours"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("got %q, want %q in it", got.out, want)
		}
	}
	d.catalogue.Has.Problem = &lab.Problem{Kind: lab.KindInvalid, Message: "your own file is left aside", Hint: "Mend it."}
	if got = d.mustRun(t, "image", "catalogue"); !strings.Contains(got.err, "left aside") || !strings.Contains(got.out, "os-1") {
		t.Errorf("got %+v, want the entries and the problem", got)
	}
	if offers := mustJSON[lab.Offers](t, d, exitDone, "image", "catalogue"); len(offers.Entries) != 2 || offers.Problem == nil {
		t.Errorf("got %+v, want both entries and the problem", offers)
	}
	if got = d.run(t.Context(), "image", "catalogue", "check"); got.code != exitFailed {
		t.Errorf("got %+v, want it to fail for the person's file", got)
	}
}

func TestCatalogueCheck(t *testing.T) {
	d := mustStock(t)
	got := d.mustRun(t, "image", "catalogue", "check")
	if lines := strings.Split(strings.TrimSpace(got.out), "\n"); len(lines) != 2 || !strings.Contains(lines[0], "os-1") || !strings.Contains(lines[0], "ok: 5 MiB") {
		t.Errorf("got %q, want a line for each", got.out)
	}
	d.catalogue.Checks = map[string]lab.EntryCheck{"os-2": {ID: "os-2", Problem: &lab.Problem{Kind: lab.KindUnavailable, Message: "it is gone"}}}
	d.mustRun(t, "image", "catalogue", "check", "os-1")
	if got = d.run(t.Context(), "image", "catalogue", "check"); got.code != exitFailed || !strings.Contains(got.out, "WRONG: it is gone") || !strings.Contains(got.out, "ok: 5 MiB") {
		t.Errorf("got %+v, want what is wrong with os-2, and os-1 well", got)
	}
	checks := mustJSON[[]lab.EntryCheck](t, d, exitFailed, "image", "catalogue", "check", "os-2", "os-3")
	if len(checks) != 2 || checks[0].Problem == nil || checks[1].Problem == nil || checks[1].Problem.Kind != lab.KindNotFound {
		t.Errorf("got %+v, want two problems", checks)
	}
}

func TestPull(t *testing.T) {
	d := mustStock(t)
	image := mustJSON[lab.Image](t, d, exitDone, "image", "pull", "os-1")
	if image.Name != "os-1" || image.State != lab.ImageReady || image.Defaults.User != "os" || image.Origin.Kind != lab.OriginCatalogue {
		t.Errorf("got %+v, want os-1 of the catalogue", image)
	}
	if got := d.mustRun(t, "image", "pull", "https://publisher.invalid/os-1", "--name", "again"); !strings.Contains(got.out, "again ready") || !strings.Contains(got.out, "os-1") {
		t.Errorf("got %+v, want it ready, and told that it is the same as os-1", got)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "image", "pull", "os-2"); p.Kind != lab.KindUnavailable {
		t.Errorf("got %+v, want that nobody offers it", p)
	}
	results := mustJSON[[]pulled](t, d, exitFailed, "image", "pull", "os-2", "https://publisher.invalid/os-1", "os-3")
	if len(results) != 3 || results[0].Problem == nil || results[1].Image == nil || results[1].Of != "https://publisher.invalid/os-1" || results[2].Problem.Kind != lab.KindNotFound {
		t.Errorf("got %+v, want the second done and the others not", results)
	}
	got := d.run(t.Context(), "image", "pull", "os-1", "os-3")
	if got.code != exitFailed || !strings.Contains(got.out, "os-1 ready") || !strings.Contains(got.err, "sandboxlabs: os-3: ") {
		t.Errorf("got %+v, want what is done and what is not", got)
	}
	for _, flag := range []string{"--name", "--sum"} {
		if p := mustJSON[lab.Problem](t, d, exitFailed, "image", "pull", "os-1", "os-2", flag, "x"); p.Kind != lab.KindInvalid {
			t.Errorf("got %+v, want %s refused for two", p, flag)
		}
	}
	if got := d.run(t.Context(), "image", "pull"); got.code != exitUsage {
		t.Errorf("got %+v, want to be told the usage", got)
	}
}

func TestPullIsGivenUp(t *testing.T) {
	d := mustStock(t)
	d.Library.Offer("https://publisher.invalid/other", labtest.QCOW2(8<<20, labtest.NoFlaw))
	resume := d.Library.Hold()
	defer resume()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.wired = func(s *service.Service) {
		events := s.Subscribe(ctx)
		go func() {
			for e := range events {
				if e.Image != nil && e.Image.Name == "other" {
					cancel() // Ctrl-C when both are under way
				}
			}
		}()
	}
	if got := d.run(ctx, "image", "pull", "os-1", "https://publisher.invalid/other"); got.code != exitFailed || strings.Count(got.err, "given up") != 2 {
		t.Errorf("got %+v, want both given up", got)
	}
	d.wired = nil
	if images := mustJSON[[]lab.Image](t, d, exitDone, "image", "ls"); len(images) != 1 {
		t.Errorf("got %+v, want tiny alone", images)
	}
}
