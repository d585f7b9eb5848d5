package cli

import (
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestSettings(t *testing.T) {
	d := mustDesk(t)
	if o := d.mustRun(t, "settings", "set", "bulk.limit", "9"); o.out != "bulk.limit is 9\n" {
		t.Errorf("got %q", o.out)
	}
	if o := d.mustRun(t, "settings"); !strings.Contains(o.out, "# memory\n") || !strings.Contains(o.out, "bulk.limit  9") {
		t.Errorf("got %q", o.out)
	}
	if all := mustJSON[lab.Settings](t, d, exitDone, "settings", "reset", "bulk.limit"); all.Items[0].Value != "0" {
		t.Errorf("reset gives %+v", all)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "settings", "set", "colour", "red"); p.Kind != lab.KindInvalid {
		t.Errorf("got %+v", p)
	}
	if o := d.run(t.Context(), "settings", "set", "bulk.limit"); o.code != exitUsage {
		t.Errorf("without a value it exits %d", o.code)
	}
}

func TestSettingsComplete(t *testing.T) {
	d := mustDesk(t)
	o := d.mustRun(t, "__complete", "settings", "set", "")
	if !slices.Contains(strings.Split(o.out, "\n"), "bulk.limit") {
		t.Errorf("got %q, want the keys", o.out)
	}
	if o := d.mustRun(t, "__complete", "settings", "reset", "bulk.limit", ""); strings.Contains(o.out, "bulk.limit") {
		t.Errorf("got %q, want no key twice", o.out)
	}
}

func TestNoteOfASetting(t *testing.T) {
	for want, item := range map[string]lab.Setting{
		"": {}, "at the next start": {AtStart: true}, "--connect says otherwise": {AtStart: true, Overruled: "--connect"},
	} {
		if got := settingNote(item); got != want {
			t.Errorf("%+v: got %q, want %q", item, got, want)
		}
	}
}
