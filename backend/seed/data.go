package seed

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"sandboxlabs/backend/lab"
)

// metaData is the file meta-data (docs.cloud-init.io, NoCloud).
type metaData struct {
	InstanceID string `yaml:"instance-id"`
	HostName   string `yaml:"local-hostname"`
}

// userData is the file user-data, where a person gives none (docs.cloud-init.io,
// modules users and groups, set passwords, SSH, and package update upgrade install).
type userData struct {
	User          *account `yaml:"user,omitempty"`
	PasswordLogin bool     `yaml:"ssh_pwauth,omitempty"`
	DisableRoot   *bool    `yaml:"disable_root,omitempty"`
	Update        bool     `yaml:"package_update,omitempty"`
	Packages      []string `yaml:"packages,omitempty"`
}

// account stands in the place of the system's own default account, whose groups,
// shell and right to sudo it takes over: these differ from system to system.
type account struct {
	Name       string   `yaml:"name,omitempty"`
	Hash       string   `yaml:"hashed_passwd,omitempty"`
	LockPasswd *bool    `yaml:"lock_passwd,omitempty"`
	Keys       []string `yaml:"ssh_authorized_keys,omitempty"`
}

// filesOf gives the files of a seed by their names.
func filesOf(spec lab.NodeSpec) (map[string][]byte, error) {
	meta, err := yaml.Marshal(metaData{spec.InstanceID(), spec.HostName()})
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "the meta-data of %s can not be written", spec.Name).WithCause(err)
	}
	files := map[string][]byte{"meta-data": meta, "user-data": []byte(spec.FirstBoot.UserData)}
	if spec.FirstBoot.UserData == "" {
		made, err := yaml.Marshal(userDataOf(*spec.FirstBoot))
		if err != nil {
			return nil, lab.Errorf(lab.KindInternal, "the user-data of %s can not be written", spec.Name).WithCause(err)
		}
		files["user-data"] = append([]byte("#cloud-config\n"), made...)
	}
	if spec.FirstBoot.NetworkConfig != "" {
		files["network-config"] = []byte(spec.FirstBoot.NetworkConfig)
	}
	return files, nil
}

func userDataOf(f lab.FirstBoot) userData {
	no := false
	made := userData{
		PasswordLogin: f.PasswordHash != "", // whoever gives a password means to log in with it
		Update:        len(f.Packages) > 0,
		Packages:      f.Packages,
	}
	if f.User != "" || f.PasswordHash != "" || len(f.SSHKeys) > 0 {
		made.User = &account{Name: f.User, Hash: f.PasswordHash, Keys: f.SSHKeys}
	}
	if f.PasswordHash != "" {
		made.User.LockPasswd = &no
	}
	if f.User == "root" {
		made.DisableRoot = &no
	}
	return made
}

// checkYAML makes sure that a text is a YAML document with keys and values.
func checkYAML(what, text string) error {
	_, err := parseYAML(what, text)
	return err
}

func parseYAML(what, text string) (map[string]any, error) {
	var document map[string]any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		cause := strings.TrimPrefix(err.Error(), "yaml: ")
		return nil, lab.Errorf(lab.KindInvalid, "the %s is not YAML with keys and values: %s", what, cause).WithHint("Mend it there.")
	}
	return document, nil
}

// checkNetwork makes sure that a network-config is one of version 1 or 2, which
// may stand below the key network.
func checkNetwork(text string) error {
	if text == "" {
		return nil
	}
	document, err := parseYAML("network-config", text)
	if err != nil {
		return err
	}
	if inner, ok := document["network"].(map[string]any); ok {
		document = inner
	}
	if v := document["version"]; v != 1 && v != 2 {
		return lab.Errorf(lab.KindInvalid, "the network-config does not say that its version is 1 or 2").WithHint("Begin it with version: 2.")
	}
	return nil
}
