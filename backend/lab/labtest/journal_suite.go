package labtest

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// JournalSuite holds a lab.Journal to its contract. fresh gives an empty one.
func JournalSuite(t *testing.T, fresh func(t *testing.T) lab.Journal) {
	tests := []struct {
		name string
		run  func(t *testing.T, j lab.Journal)
	}{
		{"a history comes back whole and in order", journalRoundTrip},
		{"what was told already is dropped", journalTwice},
		{"the newest moments are kept", journalTrim},
		{"many processes do not disturb one another", journalConcurrent},
		{"forgetting is final and can be repeated", journalForget},
		{"an id that is none is refused", journalBadID},
		{"a cancelled call changes nothing", journalCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, fresh(t)) })
	}
}

// someday is when the moments of a suite are counted from.
var someday = time.Date(2026, 3, 4, 5, 6, 7, 8_000_000, time.UTC)

// moment is the n-th.
func moment(n int, kind lab.MomentKind) lab.Moment {
	return lab.Moment{At: someday.Add(time.Duration(n) * time.Second), Kind: kind}
}

func mustAppend(t *testing.T, j lab.Journal, id string, moments ...lab.Moment) {
	t.Helper()
	for _, m := range moments {
		if err := j.Append(t.Context(), id, m); err != nil {
			t.Fatalf("append %+v: %v", m, err)
		}
	}
}

func wantMoments(t *testing.T, j lab.Journal, id string, want ...lab.Moment) {
	t.Helper()
	got, err := j.Moments(t.Context(), id)
	if err != nil || got == nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func journalRoundTrip(t *testing.T, j lab.Journal) {
	id, other := Spec("web").ID, Spec("db").ID
	wantMoments(t, j, id)
	made, failed := moment(0, lab.MomentCreated), moment(1, lab.MomentFailed)
	made.Detail = "from image \"tiny\" & <ümlaut>\nof two lines"
	failed.Problem = &lab.Problem{Kind: lab.KindBusy, Message: "no", Hint: "later"}
	mustAppend(t, j, id, made, failed)
	mustAppend(t, j, other, moment(2, lab.MomentCreated))
	wantMoments(t, j, id, made, failed)
	wantMoments(t, j, other, moment(2, lab.MomentCreated))
}

func journalTwice(t *testing.T, j lab.Journal) {
	id := Spec("web").ID
	mustAppend(t, j, id, moment(0, lab.MomentStopped))
	wantMoments(t, j, id)
	mustAppend(t, j, id, moment(1, lab.MomentStarted), moment(2, lab.MomentStarted), moment(3, lab.MomentWiped),
		moment(4, lab.MomentStarted), moment(5, lab.MomentStopped), moment(6, lab.MomentStopped),
		moment(2, lab.MomentStarted), moment(7, lab.MomentStarted))
	wantMoments(t, j, id, moment(1, lab.MomentStarted), moment(3, lab.MomentWiped), moment(5, lab.MomentStopped), moment(7, lab.MomentStarted))
}

func journalTrim(t *testing.T, j lab.Journal) {
	id := Spec("web").ID
	const many = lab.MaxMoments + 200
	for n := range many {
		mustAppend(t, j, id, moment(n, lab.MomentWiped))
	}
	got, err := j.Moments(t.Context(), id)
	if err != nil || len(got) != lab.MaxMoments {
		t.Fatalf("got %d moments, %v, want %d", len(got), err, lab.MaxMoments)
	}
	if first, last := moment(many-lab.MaxMoments, lab.MomentWiped), moment(many-1, lab.MomentWiped); got[0] != first || got[len(got)-1] != last {
		t.Errorf("got them from %v to %v, want from %v to %v", got[0].At, got[len(got)-1].At, first.At, last.At)
	}
}

func journalConcurrent(t *testing.T, j lab.Journal) {
	id := Spec("web").ID
	const writers, each = 8, lab.MaxMoments/8 + 20 // enough to be trimmed meanwhile
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				m := moment(n, lab.MomentChanged)
				m.Detail = fmt.Sprint(w)
				if err := j.Append(t.Context(), id, m); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	wg.Wait()
	got, err := j.Moments(t.Context(), id)
	if err != nil || len(got) != lab.MaxMoments {
		t.Fatalf("got %d moments, %v, want %d", len(got), err, lab.MaxMoments)
	}
	last := make(map[string]time.Time)
	for _, m := range got {
		if !m.At.After(last[m.Detail]) {
			t.Errorf("got writer %s at %v after %v", m.Detail, m.At, last[m.Detail])
		}
		last[m.Detail] = m.At
	}
}

func journalForget(t *testing.T, j lab.Journal) {
	id, other := Spec("web").ID, Spec("db").ID
	mustAppend(t, j, id, moment(0, lab.MomentCreated))
	mustAppend(t, j, other, moment(0, lab.MomentCreated))
	for range 2 {
		if err := j.Forget(t.Context(), id); err != nil {
			t.Errorf("forget: %v", err)
		}
	}
	wantMoments(t, j, id)
	wantMoments(t, j, other, moment(0, lab.MomentCreated))
}

func journalBadID(t *testing.T, j lab.Journal) {
	for _, id := range []string{"", "../../etc/passwd", "00000000-0000-0000-0000-00000000000G"} {
		mustBeKind(t, j.Append(t.Context(), id, moment(0, lab.MomentCreated)), lab.KindInvalid)
		mustBeKind(t, j.Forget(t.Context(), id), lab.KindInvalid)
		_, err := j.Moments(t.Context(), id)
		mustBeKind(t, err, lab.KindInvalid)
	}
}

func journalCancelled(t *testing.T, j lab.Journal) {
	id := Spec("web").ID
	mustAppend(t, j, id, moment(0, lab.MomentCreated))
	mustBeKind(t, j.Append(cancelled(t), id, moment(1, lab.MomentWiped)), lab.KindUnavailable)
	mustBeKind(t, j.Forget(cancelled(t), id), lab.KindUnavailable)
	wantMoments(t, j, id, moment(0, lab.MomentCreated))
}

// PreferenceSuite holds a lab.PreferenceKeeper to its contract. fresh gives an empty one.
func PreferenceSuite(t *testing.T, fresh func(t *testing.T) lab.PreferenceKeeper) {
	tests := []struct {
		name string
		run  func(t *testing.T, k lab.PreferenceKeeper)
	}{
		{"what is set comes back, the rest stays", preferRoundTrip},
		{"what breaks a limit changes nothing", preferLimits},
		{"many pages do not disturb one another", preferConcurrent},
		{"a cancelled call changes nothing", preferCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, fresh(t)) })
	}
}

func mustPrefer(t *testing.T, k lab.PreferenceKeeper, p lab.Preferences) {
	t.Helper()
	if err := k.Prefer(t.Context(), p); err != nil {
		t.Fatalf("prefer %v: %v", p, err)
	}
}

func wantPreferences(t *testing.T, k lab.PreferenceKeeper, want lab.Preferences) {
	t.Helper()
	got, err := k.Preferences(t.Context())
	if err != nil || got == nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func preferRoundTrip(t *testing.T, k lab.PreferenceKeeper) {
	wantPreferences(t, k, lab.Preferences{})
	mustPrefer(t, k, lab.Preferences{"nodes.view": "table", "theme": "dark"})
	mustPrefer(t, k, lab.Preferences{"theme": "", "absent": "", "sort": "{\"by\": \"<ümlaut>\"}\n"})
	want := lab.Preferences{"nodes.view": "table", "sort": "{\"by\": \"<ümlaut>\"}\n"}
	wantPreferences(t, k, want)
	got, err := k.Preferences(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got["mine"] = "alone" // who asks may do with it as they like
	wantPreferences(t, k, want)
}

func preferLimits(t *testing.T, k lab.PreferenceKeeper) {
	largest := strings.Repeat("x", lab.MaxPreferenceValue)
	kept := lab.Preferences{strings.Repeat("k", lab.MaxPreferenceKey): largest}
	mustPrefer(t, k, kept)
	all := lab.Preferences{}
	for n := range lab.MaxPreferences / lab.MaxPreferenceValue {
		all[fmt.Sprint(n)] = largest
	}
	for _, bad := range []lab.Preferences{
		{"": "x"},
		{"good": "x", strings.Repeat("k", lab.MaxPreferenceKey+1): "x"},
		{"good": "x", "long": largest + "x"},
		{"good": "x", "bytes": "\xff"},
		all,
	} {
		mustBeKind(t, k.Prefer(t.Context(), bad), lab.KindInvalid)
	}
	wantPreferences(t, k, kept)
}

func preferConcurrent(t *testing.T, k lab.PreferenceKeeper) {
	want := lab.Preferences{}
	var wg sync.WaitGroup
	for n := range 16 {
		key := fmt.Sprint("page.", n)
		want[key] = "set"
		wg.Go(func() {
			if err := k.Prefer(t.Context(), lab.Preferences{key: "set"}); err != nil {
				t.Errorf("prefer: %v", err)
			}
		})
	}
	wg.Wait()
	wantPreferences(t, k, want)
}

func preferCancelled(t *testing.T, k lab.PreferenceKeeper) {
	mustBeKind(t, k.Prefer(cancelled(t), lab.Preferences{"a": "b"}), lab.KindUnavailable)
	wantPreferences(t, k, lab.Preferences{})
}
