package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestTheWindowIsAskedFor(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a b.qcow2", "node"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want lab.Opening
	}{
		{nil, lab.Opening{}},
		{[]string{"--hidden"}, lab.Opening{Hidden: true}},
		{[]string{"--show", "images"}, lab.Opening{View: lab.ViewImages}},
		{[]string{"a b.qcow2", "./node"}, lab.Opening{Files: []string{filepath.Join(here, "a b.qcow2"), filepath.Join(here, "node")}}},
	} {
		d := mustDesk(t)
		d.mustRun(t, c.args...)
		if got := d.opened; len(got) != 1 || !same(got[0], c.want) {
			t.Errorf("%q asks for %+v, want %+v", c.args, got, c.want)
		}
	}
}

func same(a, b lab.Opening) bool {
	return a.Hidden == b.Hidden && a.View == b.View && slices.Equal(a.Files, b.Files)
}

func TestWhatNoWindowShows(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("disk.img", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"nod"}, exitUsage, `unknown command "nod"`},
		{[]string{"nod", "ls"}, exitUsage, `unknown command "nod"`},
		{[]string{"--show", "cellar"}, exitUsage, "--show takes one of create, "},
		{[]string{"--show", "images", "--hidden"}, exitUsage, "hidden"},
		{[]string{"--hidden", "disk.img"}, exitUsage, "--hidden shows no files"},
		{[]string{"./gone.img"}, exitFailed, "there is no file"},
		{[]string{"disk.img", "gone.img"}, exitFailed, "there is no file"},
		{[]string{"."}, exitFailed, "is not a file"},
	} {
		d := mustDesk(t)
		o := d.run(t.Context(), c.args...)
		if o.code != c.code || !strings.Contains(o.err, c.want) || len(d.opened) != 0 {
			t.Errorf("%q exits %d with %q and opens %d windows, want %d, %q and none", c.args, o.code, o.err, len(d.opened), c.code, c.want)
		}
		if shown := strings.Join(d.troubles, "\n"); strings.Contains(shown, c.want) != (c.code == exitFailed) {
			t.Errorf("%q shows %q, want what failed and no wrong use", c.args, shown)
		}
	}
}

func TestAutostart(t *testing.T) {
	d := mustDesk(t)
	if got := mustJSON[lab.Autostart](t, d, exitDone, "autostart"); got.On {
		t.Error("it is on, and nobody asked for it")
	}
	for _, c := range []struct {
		word string
		want string
	}{{"on", "on, by "}, {"on", "on, by "}, {"off", "off\n"}, {"off", "off\n"}} {
		if got := d.mustRun(t, "autostart", c.word).out; !strings.Contains(got, c.want) {
			t.Errorf("autostart %s prints %q, want %q in it", c.word, got, c.want)
		}
	}
}
