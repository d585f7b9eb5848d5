package lab

import (
	"strings"
	"testing"
)

// A public key that was made for these tests, and belongs to nobody.
const testKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAt7HLv8Bl/MS32ObtYsUX8MrAD63imCaMwUQJZOzRWW"

const testHash = "$6$rounds=50000$0123456789abcdef$abcdefghijklmnopqrstuvwxyz./ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuv"

func TestFirstBootOnTheEdge(t *testing.T) {
	for what, f := range map[string]*FirstBoot{
		"nothing":               nil,
		"empty":                 {},
		"an account":            {User: "ann_1", PasswordHash: testHash, SSHKeys: []string{testKey, testKey + " ann@home, the second"}},
		"yescrypt":              {PasswordHash: "$y$j9T$abcdefgh$0123456789"},
		"a host in a domain":    {HostName: "Web-1.lab.example"},
		"64 letters of a host":  {HostName: strings.Repeat("a", 62) + ".b"},
		"packages":              {Packages: []string{"vim", "g++", "libc6:amd64", "nginx=1.22.1-9", "python3.11"}},
		"a script":              {UserData: "#!/bin/sh\necho hello\n"},
		"lines from elsewhere":  {UserData: "#cloud-config\r\npackages: [vim]\r\n"},
		"several parts":         {UserData: "Content-Type: multipart/mixed; boundary=x\n\n--x--\n"},
		"the longest user-data": {UserData: "#cloud-config\n" + strings.Repeat("#", MaxUserData-14)},
		"a network":             {NetworkConfig: strings.Repeat(" ", MaxNetworkConfig)},
	} {
		if err := f.Check(); err != nil {
			t.Errorf("%s: got %v, want it allowed", what, err)
		}
	}
}

func TestFirstBootBehindTheEdge(t *testing.T) {
	for what, f := range map[string]FirstBoot{
		"a host with an underscore":   {HostName: "web_1"},
		"a host that ends in a dot":   {HostName: "web."},
		"a host of 65 letters":        {HostName: strings.Repeat("a", 62) + ".bc"},
		"a host with a newline":       {HostName: "web\n"},
		"a user in capitals":          {User: "Ann"},
		"a user with a colon":         {User: "ann:x"},
		"a user from a hyphen":        {User: "-ann"},
		"a password in clear":         {PasswordHash: "secret"},
		"a hash with a newline":       {PasswordHash: testHash + "\nroot::"},
		"an old hash":                 {PasswordHash: "$1$abcdefgh$0123456789012345678901"},
		"a key that is a word":        {SSHKeys: []string{"key"}},
		"a key cut short":             {SSHKeys: []string{testKey[:30]}},
		"a key of another type":       {SSHKeys: []string{"ssh-rsa" + testKey[11:]}},
		"a key with nothing in it":    {SSHKeys: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5"}},
		"two keys in one":             {SSHKeys: []string{testKey + "\n" + testKey}},
		"a private key":               {SSHKeys: []string{"-----BEGIN OPENSSH PRIVATE KEY-----"}},
		"a key with options":          {SSHKeys: []string{`command="sh" ` + testKey}},
		"a package that is an option": {Packages: []string{"--allow-downgrades"}},
		"two packages in one":         {Packages: []string{"vim nano"}},
		"too much of all":             {SSHKeys: []string{testKey + " " + strings.Repeat("c", MaxFirstBoot)}},
		"user-data without a header":  {UserData: "packages: [vim]\n"},
		"a header behind a space":     {UserData: " #cloud-config\n"},
		"a header that goes on":       {UserData: "#cloud-configuration\n"},
		"user-data that is no text":   {UserData: "#cloud-config\n\xff"},
		"too long user-data":          {UserData: "#cloud-config\n" + strings.Repeat("#", MaxUserData-13)},
		"user-data beside a user":     {UserData: "#cloud-config\n", User: "ann"},
		"user-data beside packages":   {UserData: "#cloud-config\n", Packages: []string{"vim"}},
		"too long a network":          {NetworkConfig: strings.Repeat(" ", MaxNetworkConfig+1)},
	} {
		s := spec()
		s.FirstBoot = &f
		p := ProblemOf(s.Check())
		switch {
		case p == nil || p.Kind != KindInvalid || p.Hint == "":
			t.Errorf("%s: got %+v, want it refused with a remedy", what, p)
		case len(p.Message) > 300:
			t.Errorf("%s: the sentence has %d bytes", what, len(p.Message))
		}
	}
}

func TestHostName(t *testing.T) {
	for name, want := range map[string]string{
		"web": "web", "Web_1": "Web-1", "web.lab": "web.lab", "a-.-b": "a.b", "x..y": "x.y", "9_": "9", "a._.b": "a.b",
	} {
		s := spec()
		s.Name = name
		if got := s.HostName(); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		s.FirstBoot = &FirstBoot{HostName: s.HostName()}
		if err := s.Check(); err != nil {
			t.Errorf("%s: the host name made of it is none: %v", name, err)
		}
		s.FirstBoot.HostName = "other"
		if got := s.HostName(); got != "other" {
			t.Errorf("%s: got %q, want what was asked for", name, got)
		}
	}
}

func TestToldFirstBoot(t *testing.T) {
	f := &FirstBoot{User: "ann", PasswordHash: testHash}
	if told := f.Told(); told.User != "ann" || told.PasswordHash != PasswordKept || f.PasswordHash != testHash {
		t.Errorf("got %+v of %+v, want the hash left out of the first only", told, f)
	}
	if none := (*FirstBoot)(nil).Told(); none != nil {
		t.Errorf("got %+v, want nothing", none)
	}
}
