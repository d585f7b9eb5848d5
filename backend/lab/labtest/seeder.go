package labtest

import (
	"strings"

	"sandboxlabs/backend/lab"
)

// Seeder is a lab.Seeder whose hashes are none and whose disks are text.
type Seeder struct {
	Settings lab.FirstBoot   // what the settings choose
	Keys     []lab.PublicKey // that it finds
}

// hashed begins the fake's hashes, in the form that real ones have.
const hashed = "$6$fakefake$"

// Prepare keeps everything, and what looks like a hash of the password.
func (s *Seeder) Prepare(in lab.FirstBootInput) (*lab.FirstBoot, error) {
	made := &lab.FirstBoot{
		HostName: in.HostName, User: in.User, SSHKeys: in.SSHKeys, Packages: in.Packages,
		UserData: in.UserData, NetworkConfig: in.NetworkConfig,
	}
	if in.Password != "" {
		made.PasswordHash = hashed + strings.Repeat("x", len(in.Password))
	}
	return made, made.Check()
}

// Seed gives what tells one seed from another: identity, host name and user.
func (s *Seeder) Seed(spec lab.NodeSpec) ([]byte, error) {
	return []byte(strings.Join([]string{spec.InstanceID(), spec.HostName(), spec.FirstBoot.User, lab.SeedEnd}, " ")), nil
}

// Choices gives settings and keys.
func (s *Seeder) Choices() (lab.FirstBootChoices, error) {
	return lab.FirstBootChoices{Settings: s.Settings, Keys: s.Keys}, nil
}
