package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/lab"
)

const (
	firstKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAt7HLv8Bl/MS32ObtYsUX8MrAD63imCaMwUQJZOzRWW first"
	secondKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAt7HLv8Bl/MS32ObtYsUX8MrAD63imCaMwUQJZOzRXX second"
)

// withCloudInit gives a host whose image runs cloud-init, and the settings' choices.
func withCloudInit(t *testing.T) *desk {
	t.Helper()
	d := mustDesk(t)
	d.mustRun(t, "image", "set", "tiny", "--cloud-init")
	d.seeder.Settings = lab.FirstBoot{User: "ann", SSHKeys: []string{firstKey}}
	d.seeder.Keys = []lab.PublicKey{
		{Path: "/home/ann/.ssh/first.pub", Type: "ssh-ed25519", Fingerprint: "SHA256:first", Line: firstKey},
		{Path: "/home/ann/.ssh/second.pub", Type: "ssh-ed25519", Fingerprint: "SHA256:second", Line: secondKey},
	}
	return d
}

func mustFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The settings serve where the flags say nothing, and only where cloud-init runs.
func TestFirstBootOfTheSettings(t *testing.T) {
	d := withCloudInit(t)
	d.Library.MustAddImage(t, "plain")
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "create", "plain", "--image", "plain"); n.FirstBoot != nil {
		t.Errorf("got %+v without cloud-init, want nothing", n.FirstBoot)
	}
	f := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny").FirstBoot
	if f == nil || f.User != "ann" || !slices.Equal(f.SSHKeys, []string{firstKey}) {
		t.Errorf("got %+v, want what the settings choose", f)
	}
	f = mustJSON[lab.Node](t, d, exitDone, "node", "create", "db", "--image", "tiny", "--user", "bob", "--ssh-key", secondKey, "--hostname", "d.lab", "--packages", "vim,g++").FirstBoot
	if f.User != "bob" || f.HostName != "d.lab" || !slices.Equal(f.SSHKeys, []string{secondKey}) || !slices.Equal(f.Packages, []string{"vim", "g++"}) {
		t.Errorf("got %+v, want what the flags say", f)
	}
	if out := d.mustRun(t, "node", "show", "db").out; !strings.Contains(out, "host name d.lab, user bob, SSH keys: 1, packages: vim g++") {
		t.Errorf("show says %s", out)
	}
	o := d.mustRun(t, "node", "keys")
	if !strings.Contains(o.out, "SHA256:first") || !strings.Contains(o.out, "second.pub") || strings.Count(o.out, "by the settings") != 1 {
		t.Errorf("keys says %s", o.out)
	}
}

// A password comes by stdin, and is told nowhere.
func TestPasswordOfStdin(t *testing.T) {
	d := withCloudInit(t)
	d.typed = "open sesame\nand more\n"
	n := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny", "--password-stdin")
	if n.FirstBoot.PasswordHash != lab.PasswordKept {
		t.Errorf("got %+v, want a password kept", n.FirstBoot)
	}
	stored, _ := d.Store.Spec(n.ID)
	if got := len(stored.FirstBoot.PasswordHash); got != len("$6$fakefake$")+len("open sesame") {
		t.Errorf("got a hash of %d bytes, want one of the first line", got)
	}
	d.typed = "\n"
	if p := mustJSON[lab.Problem](t, d, exitFailed, "node", "create", "db", "--image", "tiny", "--password-stdin"); p.Kind != lab.KindInvalid {
		t.Errorf("got %+v, want an empty password refused", p)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "node", "create", "db", "--image", "tiny", "--password"); !strings.Contains(p.Hint, "--password-stdin") {
		t.Errorf("got %+v, want it told that nobody can be asked", p)
	}
}

func TestRawFirstBoot(t *testing.T) {
	d := withCloudInit(t)
	const data, network = "#cloud-config\npackages: [vim]\n", "version: 2\n"
	f := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny",
		"--user-data", mustFile(t, "data", data), "--network-config", mustFile(t, "network", network)).FirstBoot
	if f.UserData != data || f.NetworkConfig != network || f.User != "" || len(f.SSHKeys) != 0 {
		t.Errorf("got %+v, want the files and nothing of the settings", f)
	}
	for what, args := range map[string][]string{
		"a user beside it":   {"--user-data", mustFile(t, "data", data), "--user", "bob"},
		"a file not there":   {"--user-data", "/nowhere"},
		"an empty file":      {"--network-config", mustFile(t, "empty", "")},
		"too long a file":    {"--user-data", mustFile(t, "long", data+strings.Repeat("#", lab.MaxUserData))},
		"another header":     {"--user-data", mustFile(t, "data", "vim\n")},
		"a user in capitals": {"--user", "Bob"},
	} {
		p := mustJSON[lab.Problem](t, d, exitFailed, append([]string{"node", "create", "db", "--image", "tiny"}, args...)...)
		if p.Message == "" || p.Kind == lab.KindInternal {
			t.Errorf("%s: got %+v, want it refused", what, p)
		}
	}
	if nodes := mustJSON[[]lab.Node](t, d, exitDone, "node", "ls"); len(nodes) != 1 {
		t.Errorf("got %d nodes, want one", len(nodes))
	}
}

// mustTerminal gives a terminal on which somebody types.
func mustTerminal(t *testing.T, typed string) *os.File {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(screen.Close(), keys.Close()); err != nil {
			t.Error(err)
		}
	})
	if _, err := keys.WriteString(typed); err != nil {
		t.Fatal(err)
	}
	return screen
}

// A password is typed twice, and must be the same.
func TestPasswordOfTerminal(t *testing.T) {
	for typed, want := range map[string]string{
		"open sesame\nopen sesame\n": "open sesame",
		"open sesame\nopen barley\n": "differ",
		"\n\n":                       "empty",
	} {
		var shown strings.Builder
		f := &face{Program: Program{In: mustTerminal(t, typed), Err: &shown}}
		got, err := f.askPassword()
		if err != nil {
			got = lab.ProblemOf(err).Message
		}
		if !strings.Contains(got, want) || shown.String() != "Password: \nAgain: \n" {
			t.Errorf("%q: got %q, shown %q, want %q", typed, got, shown.String(), want)
		}
	}
}
