package store

import (
	"path/filepath"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

func TestJournal(t *testing.T) {
	labtest.JournalSuite(t, func(t *testing.T) lab.Journal { return NewJournal(t.TempDir() + "/history") })
}

func TestPage(t *testing.T) {
	labtest.PreferenceSuite(t, func(t *testing.T) lab.PreferenceKeeper { return NewPage(t.TempDir() + "/state/page.json") })
}

const someID = "11111111-1111-4111-8111-111111111111"

// A crash may tear the last line; nothing else is hidden by it, not even what
// is written behind it.
func TestTornLineHidesNothing(t *testing.T) {
	j := NewJournal(t.TempDir())
	path := filepath.Join(j.dir, someID+journalSuffix)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for n, kind := range []lab.MomentKind{lab.MomentCreated, lab.MomentStarted} {
		if err := j.Append(t.Context(), someID, lab.Moment{At: at.Add(time.Duration(n)), Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	whole := mustRead(t, path)
	want := `{"at":"2026-01-02T03:04:05Z","kind":"created"}` + "\n" + `{"at":"2026-01-02T03:04:05.000000001Z","kind":"started"}` + "\n"
	if whole != want {
		t.Errorf("got %s, want %s", whole, want)
	}
	mustWrite(t, path, "no line of ours\n"+whole+`{"at":"2026-01-02T`)
	if err := j.Append(t.Context(), someID, lab.Moment{At: at.Add(time.Second), Kind: lab.MomentStopped}); err != nil {
		t.Fatal(err)
	}
	got, err := j.Moments(t.Context(), someID)
	if err != nil || len(got) != 3 || got[0].Kind != lab.MomentCreated || got[1].Kind != lab.MomentStarted || got[2].Kind != lab.MomentStopped {
		t.Errorf("got %+v, %v, want three moments", got, err)
	}
}

func TestUnusableHistoryFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustWrite(t, file, "")
	err := NewJournal(file).Append(t.Context(), someID, lab.Moment{Kind: lab.MomentCreated})
	if lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v, want KindUnavailable", err)
	}
}

func TestUnreadablePageIsSetAside(t *testing.T) {
	for _, spoilt := range []string{"{", `{"a": 1}`, "[]"} {
		p := NewPage(filepath.Join(t.TempDir(), "page.json"))
		mustWrite(t, p.file, spoilt)
		if got, err := p.Preferences(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("%s: got %v, %v, want none", spoilt, got, err)
		}
		if got := mustRead(t, p.file); got != spoilt {
			t.Errorf("got %s, want %s: nobody needs its place", got, spoilt)
		}
		if err := p.Prefer(t.Context(), lab.Preferences{"theme": "dark"}); err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, p.file+".unreadable-1"); got != spoilt {
			t.Errorf("got %s set aside, want %s", got, spoilt)
		}
		if got, err := p.Preferences(t.Context()); err != nil || len(got) != 1 || got["theme"] != "dark" {
			t.Errorf("got %v, %v, want what was preferred", got, err)
		}
	}
}
