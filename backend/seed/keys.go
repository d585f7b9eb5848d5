package seed

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"sandboxlabs/backend/lab"
)

// maxKeyFile is beyond what a file with a public key has, in bytes.
const maxKeyFile = 64 << 10

// keys reads what a person names: every key found, the keys of a file, or a key.
func (s *Seeder) keys(names []string) ([]lab.PublicKey, error) {
	var all []lab.PublicKey
	for _, name := range names {
		keys, err := s.named(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		all = append(all, keys...)
	}
	return all, nil
}

func (s *Seeder) named(name string) ([]lab.PublicKey, error) {
	path := s.expand(name)
	switch {
	case name == lab.KeysFound:
		found, err := s.found()
		if err == nil && len(found) == 0 {
			return nil, lab.Errorf(lab.KindNotFound, "there is no public key in %s", s.dir()).WithHint("Make one with ssh-keygen, or name another file.")
		}
		return found, err
	case filepath.IsAbs(path):
		return readKeys(path)
	}
	return parseKeys([]byte(name), "")
}

func (s *Seeder) dir() string { return filepath.Join(s.o.Home, ".ssh") }

// found gives the keys of every public file in ~/.ssh; a file that has none, such
// as a certificate, is left out.
func (s *Seeder) found() ([]lab.PublicKey, error) {
	if s.o.Home == "" {
		return []lab.PublicKey{}, nil
	}
	entries, err := os.ReadDir(s.dir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, lab.Errorf(lab.KindDenied, "%s can not be read", s.dir()).WithCause(err)
	}
	all := []lab.PublicKey{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".pub") {
			continue
		}
		if keys, err := readKeys(filepath.Join(s.dir(), e.Name())); err == nil {
			all = append(all, keys...)
		}
	}
	return all, nil
}

// readKeys opens no file that may be private: neither one that is not named as
// public ones are, nor what such a name leads to.
func readKeys(path string) ([]lab.PublicKey, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, lab.Errorf(lab.KindNotFound, "there is no file %s", path)
	case err != nil:
		return nil, lab.Errorf(lab.KindDenied, "%s can not be read", path).WithCause(err)
	case !strings.HasSuffix(path, ".pub") || !info.Mode().IsRegular():
		return nil, lab.Errorf(lab.KindInvalid, "%s is not the file of a public key, and is not opened", path).WithHint("Name the file that ends in .pub.")
	case info.Size() > maxKeyFile:
		return nil, lab.Errorf(lab.KindInvalid, "%s is too long for a public key", path)
	}
	text, err := readAll(path)
	if err != nil {
		return nil, lab.Errorf(lab.KindDenied, "%s can not be read", path).WithCause(err)
	}
	return parseKeys(text, path)
}

func readAll(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFile))
	return text, errors.Join(err, file.Close())
}

// parseKeys reads lines of the form that authorized_keys has (sshd(8)).
func parseKeys(text []byte, path string) (keys []lab.PublicKey, err error) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		key, err := parseKey(line, path)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errNoKey(text)
	}
	return keys, nil
}

// errNoKey repeats nothing of a private key that somebody gave by mistake.
func errNoKey(text []byte) *lab.Error {
	if bytes.Contains(text, []byte("PRIVATE KEY")) {
		return lab.Errorf(lab.KindInvalid, "that is a private key, which is for nobody else").WithHint("Give the public one: it is in the file that ends in .pub.")
	}
	return lab.Errorf(lab.KindInvalid, "%.40q is not a public SSH key", text).WithHint("Give the line of a file such as ~/.ssh/id_ed25519.pub.")
}

func parseKey(line []byte, path string) (lab.PublicKey, error) {
	key, comment, options, _, err := ssh.ParseAuthorizedKey(line)
	if err != nil {
		return lab.PublicKey{}, errNoKey(line)
	}
	if _, certificate := key.(*ssh.Certificate); certificate || len(options) > 0 {
		return lab.PublicKey{}, lab.Errorf(lab.KindInvalid, "%.40q is a certificate or has options", line).WithHint("Give the plain key.")
	}
	text := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)) + " " + comment)
	return lab.PublicKey{
		Path: path, Type: key.Type(), Comment: comment, Fingerprint: ssh.FingerprintSHA256(key),
		Line: strings.Replace(text, "\n", "", 1),
	}, nil
}

// lines gives the keys as they are kept, each once.
func lines(keys []lab.PublicKey) (all []string) {
	seen := make(map[string]bool)
	for _, key := range keys {
		if !seen[key.Fingerprint] {
			seen[key.Fingerprint] = true
			all = append(all, key.Line)
		}
	}
	return all
}
