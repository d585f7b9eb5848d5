package seed

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
)

// Keys that were made for these tests, and log nobody in.
const (
	testKey         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAt7HLv8Bl/MS32ObtYsUX8MrAD63imCaMwUQJZOzRWW"
	otherKey        = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPykbleDYFhb2v78s75/JT785unGqpASK7clBkr8jJOAJrqNB2Yct36CVIfvQpMnDJvWG4ypHZJ6tt2hQJF1sok= second key"
	testCertificate = "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIA1kbGiTYxbcWNMRGa8kWUdqyHueyKtl/bqEB1y88Q51AAAAIAt7HLv8Bl/MS32ObtYsUX8MrAD63imCaMwUQJZOzRWWAAAAAAAAAAAAAAABAAAABHRlc3QAAAAHAAAAA2FubgAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACBlK1BXQqIfEVTckC43fd7iHgrlaoaF+5ij5ijZTIvPhwAAAFMAAAALc3NoLWVkMjU1MTkAAABAOHuB4yp7ujzwoLVri1iLDVmZHgQCyK/V/djGVs/DLlV+ZthuCOZoIS68v02jdI37XrTTv+hzTcon5SSEhBOJAw== ann@home"
)

// mustHome makes a home with two public keys, and with what looks like one. Its
// private key is a pipe: whoever opened it would wait for ever.
func mustHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, ".ssh")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"id_ed25519.pub":      testKey + " ann@home\n",
		"id_ecdsa.pub":        "# mine\n\n" + otherKey + "\n",
		"id_ed25519-cert.pub": testCertificate + "\n",
		"notes.pub":           "-----BEGIN PRIVATE KEY-----\n",
		"config":              "Host *\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "id_ed25519"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("id_ed25519", filepath.Join(dir, "link.pub")); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestChoices(t *testing.T) {
	home := mustHome(t)
	elsewhere := filepath.Join(home, "other.pub")
	if err := os.WriteFile(elsewhere, []byte(otherKey), 0o600); err != nil {
		t.Fatal(err)
	}
	ed25519 := lab.PublicKey{
		Path: filepath.Join(home, ".ssh", "id_ed25519.pub"), Type: "ssh-ed25519", Comment: "ann@home",
		Fingerprint: "SHA256:/R+VB+Djn+Adi8ZDfkb8np+sBTCghtqkGUOjWBq7cSs", Line: testKey + " ann@home",
	}
	ecdsa := lab.PublicKey{
		Path: filepath.Join(home, ".ssh", "id_ecdsa.pub"), Type: "ecdsa-sha2-nistp256", Comment: "second key",
		Fingerprint: "SHA256:HNFCWsPDszy0n4eTzRnFhlLKUW74Z0dqyXHpE1JHwO0", Line: otherKey,
	}
	for what, tt := range map[string]struct{ keys, want []string }{
		"nothing":               {nil, nil},
		"all":                   {[]string{lab.KeysFound}, []string{ecdsa.Line, ed25519.Line}},
		"a file":                {[]string{"~/.ssh/id_ecdsa.pub"}, []string{ecdsa.Line}},
		"one that is elsewhere": {[]string{elsewhere}, []string{ecdsa.Line}},
		"a key":                 {[]string{testKey}, []string{ed25519.Line}},
		"what is not there":     {[]string{"~/.ssh/gone.pub", "~/.ssh/id_ed25519"}, nil},
	} {
		got, err := New(Options{Home: home, User: "ann", Keys: tt.keys}).Choices()
		if err != nil || got.Settings.User != "ann" || !slices.Equal(got.Settings.SSHKeys, tt.want) || !slices.Equal(got.Keys, []lab.PublicKey{ecdsa, ed25519}) {
			t.Errorf("%s: got %+v, error %v, want %q chosen of both", what, got, err, tt.want)
		}
	}
	for _, empty := range []string{"", t.TempDir()} {
		got, err := New(Options{Home: empty, Keys: []string{lab.KeysFound}}).Choices()
		if err != nil || got.Keys == nil || len(got.Keys) != 0 {
			t.Errorf("got %+v, error %v, want an empty list", got, err)
		}
	}
}

// A key that is named twice is kept once.
func TestKeysAreKeptOnce(t *testing.T) {
	s := New(Options{Home: mustHome(t)})
	f := mustPrepare(t, s, lab.FirstBootInput{SSHKeys: []string{testKey, lab.KeysFound, "~/.ssh/id_ecdsa.pub", otherKey + "\n" + testKey + "\n"}})
	if want := []string{testKey, otherKey}; !slices.Equal(f.SSHKeys, want) {
		t.Errorf("got %q, want %q", f.SSHKeys, want)
	}
}
