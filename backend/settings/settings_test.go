package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/config"
	"sandboxlabs/backend/document"
	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// desk is a settings file with its keeper.
type desk struct {
	*testing.T
	*Keeper
	file    string
	applied config.Settings
}

func mustDesk(t *testing.T, content string) *desk {
	t.Helper()
	dir := t.TempDir()
	d := &desk{T: t, file: filepath.Join(dir, "config.toml")}
	d.write(content)
	started, err := config.Load(d.file)
	if err != nil {
		t.Fatal(err)
	}
	d.Keeper = New(Options{
		File: d.file, Lock: filepath.Join(dir, "lock"), Started: started, Applied: func(s config.Settings) { d.applied = s },
		Overruled: map[string]Overruling{"connect": {By: "--connect", Once: true}, "pool.name": {By: "POOL"}},
	})
	return d
}

func (d *desk) write(content string) {
	d.Helper()
	if err := os.WriteFile(d.file, []byte(content), 0o600); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) wantFile(want string) {
	d.Helper()
	if got, err := os.ReadFile(d.file); err != nil || string(got) != want {
		d.Errorf("the file says, with %v,\n%s\nwant\n%s", err, got, want)
	}
}

func (d *desk) item(all lab.Settings, key string) (item lab.Setting) {
	d.Helper()
	for _, it := range all.Items {
		if it.Key == key {
			return it
		}
	}
	d.Fatalf("there is no %s", key)
	return item
}

func TestChangeSettings(t *testing.T) {
	d := mustDesk(t, "# mine\n[undo]\nhours = 2 # a small disk\n")
	all, tuning, err := d.ChangeSettings(t.Context(), lab.SettingsChange{
		Set: map[string]string{"undo.hours": "3", "desktop.notices": "", "log_level": "debug", "emulation": "tcg", "connect": "a:///", "pool.name": "lab"}, Reset: []string{"undo.gib"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if tuning.UndoTime != 3*time.Hour || len(tuning.Desktop.Notices) != 0 || d.applied.Level() != slog.LevelDebug {
		t.Errorf("got %+v, applied %+v", tuning, d.applied)
	}
	if item := d.item(all, "emulation"); !item.AtStart || !item.Waits || item.Value != "tcg" || item.Default != "auto" {
		t.Errorf("got %+v, want it to wait for the next start", item)
	}
	if item := d.item(all, "connect"); !item.Waits || item.Overruled != "--connect" {
		t.Errorf("got %+v, want the command line to rule until a restart", item)
	}
	if item := d.item(all, "pool.name"); item.Waits || item.Overruled != "POOL" {
		t.Errorf("got %+v, want it to be ruled after a restart, too", item)
	}
	content, err := os.ReadFile(d.file)
	for _, want := range []string{"# mine\n", "hours = 3 # a small disk\n", "notices = []\n", "log_level = \"debug\"\n"} {
		if err != nil || !strings.Contains(string(content), want) {
			t.Errorf("got %v and\n%s\nwant %q in it", err, content, want)
		}
	}
	if info, err := os.Stat(d.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner alone", info, err)
	}
}

// What a person writes between two changes is neither lost nor taken for old.
func TestTheFileIsTheTruth(t *testing.T) {
	d := mustDesk(t, "")
	d.write("[bulk]\nlimit = 9 # by hand\n")
	_, tuning, err := d.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{"node.vcpus": "2"}})
	if err != nil || tuning.BulkLimit != 9 || tuning.VCPUs != 2 {
		t.Errorf("got %+v, %v", tuning, err)
	}
	d.wantFile("[bulk]\nlimit = 9 # by hand\n\n[node]\nvcpus = 2\n")
}

func TestAFaultIsToldAndNeverWrittenOver(t *testing.T) {
	const fault = "[gateway]\nmode = \"stack\"\n[node]\nvcpus = many\n"
	d := mustDesk(t, "[gateway]\nmode = \"stack\"\n")
	d.write(fault)
	_, _, read := d.Settings(t.Context())
	_, _, changed := d.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{"node.vcpus": "2"}})
	for what, err := range map[string]error{"read": read, "changed": changed, "saved": d.SaveGateway(t.Context(), lab.GatewaySettings{Mode: lab.GatewayOff})} {
		var place *document.Error
		if lab.KindOf(err) != lab.KindInvalid || !errors.As(err, &place) || place.Line != 4 {
			t.Errorf("%s: got %v, want the fault's line", what, err)
		}
	}
	d.wantFile(fault)
	if g := d.Gateway(); g.Mode != lab.GatewayStack {
		t.Errorf("got %+v, want the gateway of before", g)
	}
}

func TestBadChangesChangeNothing(t *testing.T) {
	d := mustDesk(t, "")
	for _, change := range []lab.SettingsChange{
		{Set: map[string]string{"node.vcpus": "2", "undo.hours": "-1"}},
		{Set: map[string]string{"node.vcpus": "2"}, Reset: []string{"colour"}},
		{Set: map[string]string{"gateway.dsn": "x"}},
	} {
		if _, _, err := d.ChangeSettings(t.Context(), change); lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("%+v: got %v, want KindInvalid", change, err)
		}
	}
	d.wantFile("")
}

func TestOneWriterAtATime(t *testing.T) {
	d := mustDesk(t, "")
	unlock, err := durable.Lock(d.o.Lock)
	if err != nil {
		t.Fatal(err)
	}
	change := lab.SettingsChange{Set: map[string]string{"bulk.limit": "9"}}
	if _, _, err := d.ChangeSettings(t.Context(), change); lab.KindOf(err) != lab.KindBusy {
		t.Errorf("got %v while another process writes, want KindBusy", err)
	}
	unlock()
	var all sync.WaitGroup
	for _, key := range []string{"node.vcpus", "undo.hours", "undo.gib", "bulk.limit"} {
		all.Go(func() {
			if _, _, err := d.ChangeSettings(t.Context(), lab.SettingsChange{Set: map[string]string{key: "7"}}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_, tuning, err := d.Settings(t.Context())
	if err != nil || tuning.VCPUs != 7 || tuning.UndoTime != 7*time.Hour || tuning.UndoBytes != 7<<30 || tuning.BulkLimit != 7 {
		t.Errorf("got %+v, %v, want all of them", tuning, err)
	}
}

// TestWatch: what is written in place, put in place, or behind a link is seen, once it
// is there in whole.
func TestWatch(t *testing.T) {
	d := mustDesk(t, "")
	seen := make(chan int, 64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- d.Watch(ctx, func() {
			if _, tuning, err := d.Settings(ctx); err == nil {
				seen <- tuning.BulkLimit
			}
		})
	}()
	await := func(what string, want int) {
		t.Helper()
		for limit := time.After(10 * time.Second); ; {
			select {
			case got := <-seen:
				if got == want {
					return
				}
			case <-limit:
				t.Fatalf("%s: waited in vain for %d", what, want)
			}
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	put := func(file string, limit int) error {
		return durable.Write(file, fmt.Appendf(nil, "[bulk]\nlimit = %d\n", limit))
	}
	await("at the beginning", 4)
	for _, step := range []struct {
		what  string
		limit int
		write func() error
	}{
		{"written in place", 5, func() error { return os.WriteFile(d.file, []byte("[bulk]\nlimit = 5\n"), 0o600) }},
		{"put in place", 6, func() error { return put(d.file, 6) }},
		{"linked to", 7, func() error { return errors.Join(put(elsewhere, 7), os.Remove(d.file), os.Symlink(elsewhere, d.file)) }},
		{"put where the link leads", 8, func() error { return put(elsewhere, 8) }},
		{"removed", 4, func() error { return os.Remove(d.file) }},
	} {
		if err := step.write(); err != nil {
			t.Fatal(err)
		}
		await(step.what, step.limit)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWhatCanNotBeWatchedIsTold(t *testing.T) {
	d := mustDesk(t, "")
	d.o.File = filepath.Join(t.TempDir(), "gone", "config.toml")
	if err := d.Watch(t.Context(), func() {}); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("got %v, want KindUnavailable", err)
	}
}

func TestGatewayOfALinkedFile(t *testing.T) {
	d := mustDesk(t, "# mine\n")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := errors.Join(os.Rename(d.file, elsewhere), os.Symlink(elsewhere, d.file)); err != nil {
		t.Fatal(err)
	}
	want := lab.GatewaySettings{Mode: lab.GatewayExternal, URL: "https://guac.test/", DSN: "postgres://u:p@db.test/x", WebPort: 7}
	if err := d.SaveGateway(t.Context(), want); err != nil || d.Gateway() != want {
		t.Errorf("got %+v, %v", d.Gateway(), err)
	}
	if target, err := os.Readlink(d.file); err != nil || target != elsewhere {
		t.Errorf("got %q, %v, want the link to stay", target, err)
	}
	if content, err := os.ReadFile(elsewhere); err != nil || !strings.HasPrefix(string(content), "# mine\n") {
		t.Errorf("got %q, %v", content, err)
	}
}
