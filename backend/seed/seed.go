// Package seed makes what cloud-init reads at a node's first boot: a NoCloud seed
// disk, and before that, of what a person asks, what is kept with the node. It
// implements lab.Seeder.
package seed

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/go-crypt/crypt/algorithm/shacrypt"

	"sandboxlabs/backend/lab"
)

// Options say where the person's keys are, and what they choose in their settings.
type Options struct {
	Home string   // its .ssh has the keys
	User string   // empty: the image's
	Keys []string // lab.KeysFound, paths or keys, as in lab.FirstBootInput
}

// Seeder implements lab.Seeder.
type Seeder struct {
	o Options

	mu     sync.Mutex
	chosen chosen
}

// chosen is what a person chose in their settings.
type chosen struct {
	user string
	keys []string
}

// New makes a Seeder.
func New(o Options) *Seeder { return &Seeder{o: o, chosen: chosen{o.User, o.Keys}} }

// Choose takes to other choices of the person, as in Options.
func (s *Seeder) Choose(user string, keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chosen = chosen{user, keys}
}

// Prepare implements lab.Seeder.
func (s *Seeder) Prepare(in lab.FirstBootInput) (*lab.FirstBoot, error) {
	keys, err := s.keys(in.SSHKeys)
	if err != nil {
		return nil, err
	}
	made := &lab.FirstBoot{
		HostName: in.HostName, User: in.User, SSHKeys: lines(keys), Packages: in.Packages,
		UserData: in.UserData, NetworkConfig: in.NetworkConfig,
	}
	if made.PasswordHash, err = hash(in.Password); err != nil {
		return nil, err
	}
	if err := made.Check(); err != nil {
		return nil, err
	}
	if made.CloudConfig() {
		if err := checkYAML("user-data", made.UserData); err != nil {
			return nil, err
		}
	}
	return made, checkNetwork(made.NetworkConfig)
}

// rounds makes a guess cost ten times what crypt(5) has it cost by default, and a
// login on an emulated processor still less than a second.
const rounds = 50_000

// hash gives the SHA-512 form of crypt(5), which every system that runs cloud-init
// knows; yescrypt is not in musl's. An empty password stays empty: there is none.
func hash(password string) (string, error) {
	switch {
	case password == "":
		return "", nil
	case len(password) > lab.MaxPasswordBytes || !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		return "", lab.Errorf(lab.KindInvalid, "the password is longer than %d bytes or has characters that can not be typed", lab.MaxPasswordBytes).
			WithHint("Choose another.")
	}
	hasher, err := shacrypt.New(shacrypt.WithSHA512(), shacrypt.WithIterations(rounds))
	if err != nil {
		return "", lab.Errorf(lab.KindInternal, "the password can not be hashed").WithCause(err)
	}
	digest, err := hasher.Hash(password)
	if err != nil {
		return "", lab.Errorf(lab.KindInternal, "the password can not be hashed").WithCause(err)
	}
	return digest.Encode(), nil
}

// Seed implements lab.Seeder.
func (s *Seeder) Seed(spec lab.NodeSpec) ([]byte, error) {
	files, err := filesOf(spec)
	if err != nil {
		return nil, err
	}
	content, err := pack(files)
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "the seed for the first boot of %s can not be made", spec.Name).
			WithHint("See whether there is room in %s.", os.TempDir()).WithCause(err)
	}
	return content, nil
}

// Choices implements lab.Seeder. What the settings name and is not there is left
// out: they are for nodes to come, not for one of now.
func (s *Seeder) Choices() (lab.FirstBootChoices, error) {
	found, err := s.found()
	if err != nil {
		return lab.FirstBootChoices{}, err
	}
	s.mu.Lock()
	now := s.chosen
	s.mu.Unlock()
	choices := lab.FirstBootChoices{Settings: lab.FirstBoot{User: now.user}, Keys: found}
	for _, name := range now.keys {
		chosen, err := s.keys([]string{name})
		if err != nil {
			continue
		}
		for _, key := range chosen {
			choose(&choices, key)
		}
	}
	return choices, nil
}

// choose adds a key of the settings, by the line of the one that was found if it is that.
func choose(c *lab.FirstBootChoices, key lab.PublicKey) {
	i := slices.IndexFunc(c.Keys, func(k lab.PublicKey) bool { return k.Fingerprint == key.Fingerprint })
	if i < 0 {
		i = len(c.Keys)
		c.Keys = append(c.Keys, key)
	}
	if line := c.Keys[i].Line; !slices.Contains(c.Settings.SSHKeys, line) {
		c.Settings.SSHKeys = append(c.Settings.SSHKeys, line)
	}
}

// expand resolves a path below the home directory.
func (s *Seeder) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(s.o.Home, rest)
	}
	return path
}
