package seed

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"sandboxlabs/backend/lab"
)

var update = flag.Bool("update", false, "write the golden files anew")

func mustPrepare(t *testing.T, s *Seeder, in lab.FirstBootInput) *lab.FirstBoot {
	t.Helper()
	f, err := s.Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func specOf(f *lab.FirstBoot) lab.NodeSpec {
	return lab.NodeSpec{ID: "0b0e8a52-0c42-4b4b-9f0e-5d1d3a3c7a11", Name: "web_1", Generation: 3, FirstBoot: f}
}

// wantGolden compares the text files of a seed with those of a folder.
func wantGolden(t *testing.T, name string, f *lab.FirstBoot) {
	t.Helper()
	files, err := filesOf(specOf(f))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for file, got := range files {
		golden := filepath.Join(dir, file)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("got\n%s\nwant as in %s (run with -update and see git diff):\n%s", got, golden, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != len(files) {
		t.Errorf("got %d files, error %v, want those in %s", len(files), err, dir)
	}
}

const testHash = "$6$rounds=50000$0123456789abcdef$abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuv"

// What means something else in YAML is quoted, whoever reads it: cloud-init has YAML 1.1.
func TestFiles(t *testing.T) {
	key := mustPrepare(t, New(Options{}), lab.FirstBootInput{SSHKeys: []string{testKey + " ann@home: #1"}}).SSHKeys
	for name, f := range map[string]*lab.FirstBoot{
		"nothing": {},
		"account": {HostName: "www.lab", User: "ann", PasswordHash: testHash, SSHKeys: key, Packages: []string{"vim", "g++"}},
		"words":   {HostName: "1e3", User: "yes", SSHKeys: key, Packages: []string{"on", "0x10", "1.20"}},
		"root":    {User: "root", SSHKeys: key},
		"default": {PasswordHash: testHash},
		"raw":     {UserData: "#!/bin/sh\necho hello\n", NetworkConfig: "version: 2\n"},
	} {
		t.Run(name, func(t *testing.T) { wantGolden(t, name, f) })
	}
}

// The hash is one of the password, and of no other; each has its own salt.
func TestPasswordIsHashed(t *testing.T) {
	s := New(Options{})
	const password = "käse & \"brot\" "
	f := mustPrepare(t, s, lab.FirstBootInput{Password: password})
	digest, err := shacrypt.Decode(f.PasswordHash)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(f.PasswordHash, "$6$rounds=50000$") || !digest.Match(password) || digest.Match(password+"x") {
		t.Errorf("got %q, want a hash of %q", f.PasswordHash, password)
	}
	if again := mustPrepare(t, s, lab.FirstBootInput{Password: password}); again.PasswordHash == f.PasswordHash {
		t.Errorf("got %q twice", f.PasswordHash)
	}
	out, err := exec.Command("perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, f.PasswordHash).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(out); got != f.PasswordHash {
		t.Errorf("the C library makes %q of it, want %q", got, f.PasswordHash)
	}
}

func TestPrepareRefuses(t *testing.T) {
	s := New(Options{Home: mustHome(t)})
	for what, in := range map[string]lab.FirstBootInput{
		"a long password":               {Password: strings.Repeat("x", lab.MaxPasswordBytes+1)},
		"a password with a newline":     {Password: "x\ny"},
		"a password that is no text":    {Password: "\xff"},
		"a host that is none":           {HostName: "web_1"},
		"YAML that can not be parsed":   {UserData: "#cloud-config\npackages: [vim\n"},
		"a tab":                         {UserData: "#cloud-config\nusers:\n\t- ann\n"},
		"a list":                        {UserData: "#cloud-config\n- vim\n"},
		"a key twice":                   {UserData: "#cloud-config\npackages: []\npackages: []\n"},
		"no header":                     {UserData: "packages: [vim]\n"},
		"user-data beside a password":   {UserData: "#cloud-config\n", Password: "secret"},
		"a network that is a list":      {NetworkConfig: "- eth0\n"},
		"a network without a version":   {NetworkConfig: "ethernets: {}\n"},
		"a network of the next version": {NetworkConfig: "network: {version: 3}\n"},
		"a key that is a word":          {SSHKeys: []string{"key"}},
		"an empty key":                  {SSHKeys: []string{""}},
		"a key with options":            {SSHKeys: []string{`no-pty ` + testKey}},
		"a certificate":                 {SSHKeys: []string{testCertificate}},
		"a private file":                {SSHKeys: []string{"~/.ssh/id_ed25519"}},
		"a link to a private file":      {SSHKeys: []string{"~/.ssh/link.pub"}},
		"a file with something else":    {SSHKeys: []string{"~/.ssh/notes.pub"}},
	} {
		_, err := s.Prepare(in)
		p := lab.ProblemOf(err)
		switch {
		case p == nil || p.Kind != lab.KindInvalid || p.Hint == "":
			t.Errorf("%s: got %+v, want it refused with a remedy", what, p)
		case in.Password != "" && strings.Contains(p.Message, in.Password), strings.Contains(p.Message, "BEGIN"):
			t.Errorf("%s: the sentence tells a secret: %s", what, p.Message)
		}
	}
	if _, err := s.Prepare(lab.FirstBootInput{SSHKeys: []string{"/nowhere/id.pub"}}); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want not found", err)
	}
	if _, err := New(Options{Home: t.TempDir()}).Prepare(lab.FirstBootInput{SSHKeys: []string{lab.KeysFound}}); lab.KindOf(err) != lab.KindNotFound {
		t.Errorf("got %v, want it told that there is no key", err)
	}
}

// What is allowed in raw texts stays as it is.
func TestRawTextsAreKept(t *testing.T) {
	s := New(Options{})
	for _, in := range []lab.FirstBootInput{
		{UserData: "#cloud-config\nusers: &u [{name: ann}]\nother: *u\n"},
		{UserData: "#cloud-config\n"},
		{UserData: "#!/bin/sh\n: [\n"},
		{UserData: "## template: jinja\n#cloud-config\n{% if true %}\npackages: [vim]\n{% endif %}\n"},
		{NetworkConfig: "network:\n  version: 1\n  config: disabled\n"},
	} {
		if f := mustPrepare(t, s, in); f.UserData != in.UserData || f.NetworkConfig != in.NetworkConfig {
			t.Errorf("got %+v, want it as it was given", f)
		}
	}
}

// The disk is an ISO 9660 file system with the label and the names that cloud-init
// looks for. Whether a guest reads it is for the system tests.
func TestSeedIsADisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f := &lab.FirstBoot{UserData: "#cloud-config\n" + strings.Repeat("#", lab.MaxUserData-14), NetworkConfig: "version: 2\n"}
	content, err := New(Options{}).Seed(specOf(f))
	if err != nil {
		t.Fatal(err)
	}
	if got, limit := len(content), 256<<10; got > limit || got%2048 != 0 {
		t.Errorf("got %d bytes, want whole sectors, at most %d", got, limit)
	}
	const descriptor = 16 * 2048
	if got := string(content[descriptor+1 : descriptor+6]); got != "CD001" {
		t.Errorf("got the mark %q, want CD001", got)
	}
	if got := strings.TrimRight(string(content[descriptor+40:descriptor+72]), " \x00"); got != "CIDATA" {
		t.Errorf("got the label %q, want CIDATA", got)
	}
	for _, name := range []string{"meta-data", "user-data", "network-config"} { // Rock Ridge has them as they are
		if !bytes.Contains(content, append([]byte("NM"), byte(5+len(name)), 1, 0)) || !bytes.Contains(content, []byte(name)) {
			t.Errorf("the name %s is not told", name)
		}
	}
	for _, text := range []string{f.UserData, f.NetworkConfig, "instance-id: 0b0e8a52-0c42-4b4b-9f0e-5d1d3a3c7a11-3\nlocal-hostname: web-1\n"} {
		if !bytes.Contains(content, []byte(text)) {
			t.Errorf("the disk lacks %.80q", text)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "sandboxlabs-seed-*")); err != nil || len(left) != 0 {
		t.Errorf("left %v, error %v, want nothing", left, err)
	}
}
