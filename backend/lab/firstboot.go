package lab

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a first boot. All of it is kept with the spec, in the domain's metadata.
const (
	MaxUserData      = 16 << 10 // bytes
	MaxNetworkConfig = 8 << 10  // bytes
	MaxFirstBoot     = 32 << 10 // bytes, of everything in it
	MaxPasswordBytes = 128
)

// FirstBoot is what cloud-init makes of a node at its first boot, and again after
// every wipe. Its host name is told by the seed's meta-data, the rest by user-data.
type FirstBoot struct {
	HostName     string   `json:"hostName,omitempty"`     // empty: the node's name, as a host can have it
	User         string   `json:"user,omitempty"`         // empty: the account that the image makes
	PasswordHash string   `json:"passwordHash,omitempty"` // as in shadow(5): $6$ or $y$; never the password
	SSHKeys      []string `json:"sshKeys,omitempty"`      // public: TYPE BASE64 COMMENT
	Packages     []string `json:"packages,omitempty"`
	// UserData is given to cloud-init as it is, in the place of the user-data
	// that would be made of the account and the packages.
	UserData      string `json:"userData,omitempty"`
	NetworkConfig string `json:"networkConfig,omitempty"` // YAML, version 1 or 2; empty: DHCP on the first NIC
}

// FirstBootInput is what a person asks of a first boot.
type FirstBootInput struct {
	HostName string `json:"hostName"`
	User     string `json:"user"`
	Password string `json:"password"` // in clear: it is hashed before anything is made of it
	// SSHKeys are public keys, paths of files with them (/home/me/.ssh/id.pub), or
	// KeysFound for all that a person has.
	SSHKeys       []string `json:"sshKeys"`
	Packages      []string `json:"packages"`
	UserData      string   `json:"userData"`
	NetworkConfig string   `json:"networkConfig"`
}

// KeysFound stands for every public key in ~/.ssh.
const KeysFound = "auto"

// FirstBootChoices is what a person can choose from for a first boot, and what
// their settings choose: a user and keys.
type FirstBootChoices struct {
	Settings FirstBoot   `json:"settings"`
	Keys     []PublicKey `json:"keys"`
}

// PublicKey is an SSH key that can be told to anybody.
type PublicKey struct {
	Path        string `json:"path"`
	Type        string `json:"type"` // ssh-ed25519, ...
	Comment     string `json:"comment"`
	Fingerprint string `json:"fingerprint"` // SHA256:...
	Line        string `json:"line"`        // as FirstBoot.SSHKeys has it
}

// Seeder makes the disks that cloud-init reads at a first boot. Every method MUST
// return an *Error, and none may tell a password in it.
type Seeder interface {
	// Prepare makes what is kept of what a person asks for: keys are read, a
	// password is hashed. KindInvalid if it breaks a rule, if a key is none, or if
	// YAML can not be parsed; KindNotFound for a key file that is not there.
	Prepare(in FirstBootInput) (*FirstBoot, error)

	// Seed gives the content of the disk for the spec's generation: a NoCloud seed
	// with the identity InstanceID, and SeedEnd at its end. The same spec MUST give
	// a disk that means the same.
	Seed(spec NodeSpec) ([]byte, error)

	// Choices tells what there is to choose from. A private key MUST NOT be read.
	Choices() (FirstBootChoices, error)
}

// SeedEnd ends every seed: one without it was written in part.
const SeedEnd = "SandBoxLabs seed\n"

var (
	hostNamePattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`) // RFC 1123
	hashPattern     = regexp.MustCompile(`^\$(6|y)\$[A-Za-z0-9./=$]{8,200}$`)
	// of apt, dnf, apk, pacman and zypper: name, release and version
	packagePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+:_~=/@-]{0,127}$`)
	keyPattern     = regexp.MustCompile(`^([a-z0-9][a-z0-9@.-]{2,63}) ([A-Za-z0-9+/]+={0,2})( [^\x00-\x1f\x7f]*)?$`)
)

// maxHostName is Linux' own limit (HOST_NAME_MAX).
const maxHostName = 64

// Check checks the rules of a first boot; a breach is KindInvalid. Whether YAML
// is such is for the Seeder to say.
func (f *FirstBoot) Check() error {
	switch {
	case f == nil:
		return nil
	case f.HostName != "" && (len(f.HostName) > maxHostName || !hostNamePattern.MatchString(f.HostName)):
		return Errorf(KindInvalid, "%.80q is not the name of a host", f.HostName).WithHint("Use up to %d letters, digits and hyphens, with dots between them.", maxHostName)
	case f.User != "" && !userPattern.MatchString(f.User):
		return Errorf(KindInvalid, "%.80q is not the name of an account", f.User).WithHint("Use up to 32 lower-case letters, digits, - and _, a letter first.")
	case f.PasswordHash != "" && !hashPattern.MatchString(f.PasswordHash):
		return Errorf(KindInvalid, "what is kept of the password is not its hash").WithHint("Give the password again.")
	case f.size() > MaxFirstBoot:
		return Errorf(KindInvalid, "the first boot takes %d bytes, more than %d", f.size(), MaxFirstBoot).WithHint("Have the guest download what is long.")
	}
	for _, key := range f.SSHKeys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	for _, name := range f.Packages {
		if !packagePattern.MatchString(name) {
			return Errorf(KindInvalid, "%.80q is not the name of a package", name).WithHint("Give one name for each package.")
		}
	}
	return f.checkRaw()
}

func (f *FirstBoot) size() (bytes int) {
	for _, texts := range [][]string{f.SSHKeys, f.Packages, {f.UserData, f.NetworkConfig}} {
		for _, text := range texts {
			bytes += len(text)
		}
	}
	return bytes
}

// checkKey checks the form of a public key: that in it which is encoded names its
// type again (RFC 4253, 6.6).
func checkKey(line string) error {
	bad := Errorf(KindInvalid, "%.40q is not a public SSH key", line).WithHint("Give the one line of a file such as ~/.ssh/id_ed25519.pub, without options.")
	m := keyPattern.FindStringSubmatch(line)
	if m == nil {
		return bad
	}
	blob, err := base64.StdEncoding.DecodeString(m[2])
	begins := append(binary.BigEndian.AppendUint32(nil, uint32(len(m[1]))), m[1]...)
	if err != nil || !bytes.HasPrefix(blob, begins) || len(blob) == len(begins) {
		return bad
	}
	return nil
}

func (f *FirstBoot) checkRaw() error {
	switch {
	case len(f.UserData) > MaxUserData || !utf8.ValidString(f.UserData):
		return Errorf(KindInvalid, "the user-data is longer than %d bytes or not UTF-8", MaxUserData).WithHint("Shorten it, or #include what is long from an address.")
	case len(f.NetworkConfig) > MaxNetworkConfig || !utf8.ValidString(f.NetworkConfig):
		return Errorf(KindInvalid, "the network-config is longer than %d bytes or not UTF-8", MaxNetworkConfig).WithHint("Shorten it.")
	case f.UserData == "":
		return nil
	case f.User != "" || f.PasswordHash != "" || len(f.SSHKeys) > 0 || len(f.Packages) > 0:
		return Errorf(KindInvalid, "raw user-data takes the place of user, password, keys and packages, which are given too").WithHint("Say there what is to be done, or leave it out.")
	case !knownHeader(firstLine(f.UserData)):
		return Errorf(KindInvalid, "the user-data begins with %.40q, which tells cloud-init nothing", firstLine(f.UserData)).
			WithHint("Begin it with the line #cloud-config, or with #! for a script.")
	}
	return nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(line, " \t\r")
}

// headers are the first lines by which cloud-init knows what it is given
// (docs.cloud-init.io, user-data formats).
var headers = []string{
	cloudConfig, "#cloud-config-archive", "#cloud-config-jsonp", "#cloud-boothook",
	"#include", "#include-once", "#part-handler", "## template: jinja",
}

const cloudConfig = "#cloud-config"

func knownHeader(line string) bool {
	lower := strings.ToLower(line)
	return slices.Contains(headers, line) || strings.HasPrefix(line, "#!") || strings.HasPrefix(lower, "content-type: multipart/") || strings.HasPrefix(lower, "mime-version:")
}

// CloudConfig reports whether the user-data is given raw and is YAML.
func (f *FirstBoot) CloudConfig() bool { return firstLine(f.UserData) == cloudConfig }

// PasswordKept stands for the hash wherever a node is told.
const PasswordKept = "kept"

// Told gives the first boot as others may see it: without the hash.
func (f *FirstBoot) Told() *FirstBoot {
	if f == nil || f.PasswordHash == "" {
		return f
	}
	told := *f
	told.PasswordHash = PasswordKept
	return &told
}

// HostName is what the node's system is to call itself: what was asked for, or
// the node's name made one that a host can have.
func (s *NodeSpec) HostName() string {
	if s.FirstBoot != nil && s.FirstBoot.HostName != "" {
		return s.FirstBoot.HostName
	}
	var labels []string
	for label := range strings.SplitSeq(strings.ReplaceAll(s.Name, "_", "-"), ".") {
		if label = strings.Trim(label, "-"); label != "" {
			labels = append(labels, label)
		}
	}
	return strings.Join(labels, ".")
}

// InstanceID is the identity of the system on the present overlay: cloud-init
// does its work when it meets one that is new to it.
func (s *NodeSpec) InstanceID() string { return fmt.Sprintf("%s-%d", s.ID, s.Generation) }
