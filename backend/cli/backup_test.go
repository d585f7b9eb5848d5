package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

func TestBackupAndRestore(t *testing.T) {
	d, dir := mustDesk(t), t.TempDir()
	file := filepath.Join(dir, "lab.sbx")
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	d.mustRun(t, "node", "create", "db", "--image", "tiny", "--start", "--wait")
	o := d.mustRun(t, "backup", file)
	for _, want := range []string{"web backed up", "db backed up, 196 KiB, copied while it ran\n", "image tiny is needed to restore them"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("got %q, want %q in it", o.out, want)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("got %v, %v, want a file that is private", info, err)
	}
	mustHold(t, dir, "lab.sbx")
	if p := mustJSON[lab.Problem](t, d, exitFailed, "backup", file); p.Kind != lab.KindExists {
		t.Errorf("got %+v for a file that is there", p)
	}
	a := mustJSON[service.Archived](t, d, exitDone, "restore", file, "--node", "web", "--new-ids", "--rename", "web=copy")
	if len(a.Nodes) != 1 || a.Nodes[0].Name != "copy" || a.Nodes[0].Was != "web" {
		t.Errorf("got %+v, want web as copy", a)
	}
	d.mustRun(t, "node", "rm", "web", "db")
	if got := d.mustRun(t, "restore", file).out; !strings.Contains(got, "SandBoxLabs v1.2.3.\n") || !strings.Contains(got, "web restored, 196 KiB on image tiny\n") {
		t.Errorf("got %q", got)
	}
	for _, args := range [][]string{{"restore", file, "--rename", "web"}, {"restore", file, "--rename", "a=b", "--rename", "a=c"}, {"restore", dir + "/none"}} {
		if p := mustJSON[lab.Problem](t, d, exitFailed, args...); p.Hint == "" {
			t.Errorf("%v: got %+v, want a remedy", args, p)
		}
	}
}

// mustHold wants these files in a folder, and no others.
func mustHold(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got the files %v, %v, want %v", got, err, want)
	}
}

func TestBackupThroughPipes(t *testing.T) {
	d := mustDesk(t)
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	o := d.mustRun(t, "backup", "-", "--bases")
	if !strings.HasPrefix(o.out, "\x28\xb5\x2f\xfd") || !strings.Contains(o.err, "image tiny backed up") {
		t.Errorf("got %d bytes and %q, want a backup, and what is in it beside it", len(o.out), o.err)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "backup", "-"); p.Kind != lab.KindInvalid {
		t.Errorf("got %+v, want no JSON in a backup", p)
	}
	d.mustRun(t, "node", "rm", "web")
	d.typed = o.out
	d.mustRun(t, "restore", "-")
	d.mustRun(t, "node", "show", "web")
}

// A backup that fails, or is interrupted, leaves no file.
func TestBackupLeavesNoPart(t *testing.T) {
	d, dir := mustDesk(t), t.TempDir()
	file := filepath.Join(dir, "lab.sbx")
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	d.Fail("Pool.Download", labtest.FailBefore, nil)
	if o := d.run(t.Context(), "backup", file); o.code != exitFailed {
		t.Errorf("got %+v", o)
	}
	mustHold(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.wired = func(*service.Service) { d.After("Pool.Volumes", cancel) }
	if o := d.run(ctx, "backup", file); o.code != exitFailed {
		t.Errorf("got %+v of an interrupted backup", o)
	}
	mustHold(t, dir)
	d.wired = nil
	if o := d.run(t.Context(), "backup", filepath.Join(dir, "none", "lab.sbx")); o.code != exitFailed || !strings.Contains(o.err, "hint: ") {
		t.Errorf("got %+v for a folder that is not there", o)
	}
}

// Two backups into one file: the second is refused, and the first's stays as it is.
func TestBackupIsWrittenByOne(t *testing.T) {
	d, dir := mustDesk(t), t.TempDir()
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	file := filepath.Join(dir, "lab.sbx")
	first, err := openPart(file + ".part")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.WriteString("under way"); err != nil {
		t.Fatal(err)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "backup", file); p.Kind != lab.KindBusy {
		t.Errorf("got %+v, want it busy", p)
	}
	if got, err := os.ReadFile(file + ".part"); err != nil || string(got) != "under way" {
		t.Errorf("got %q, %v, want the first's as it is", got, err)
	}
	if err := first.Close(); err != nil { // killed: what it left is begun anew
		t.Fatal(err)
	}
	d.mustRun(t, "backup", file)
	mustHold(t, dir, "lab.sbx")
	d.mustRun(t, "restore", file, "--dry-run", "--new-ids", "--rename", "web=copy")
}

func TestRenameNewReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	for _, name := range []string{from, to} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := explainFile(renameNew(from, to), to); lab.KindOf(err) != lab.KindExists {
		t.Errorf("got %v, want KindExists", err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != to {
		t.Errorf("got %q, %v, want the file that was there", got, err)
	}
}
