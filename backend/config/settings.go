package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/document"
)

// EnvConnect names the environment variable that holds the connect URI.
const EnvConnect = "SANDBOXLABS_CONNECT"

// Settings is the settings file. The tags are its keys.
type Settings struct {
	Connect   string    `toml:"connect"` // libvirt URI; empty: by user
	Emulation Emulation `toml:"emulation"`
	Pool      Pool      `toml:"pool"`
	Node      Node      `toml:"node"`
	Undo      Undo      `toml:"undo"`
	Bulk      Bulk      `toml:"bulk"`
	Serve     Serve     `toml:"serve"`
	Gateway   Gateway   `toml:"gateway"`
	FirstBoot FirstBoot `toml:"first_boot"`
	Console   Console   `toml:"console"`
	Desktop   Desktop   `toml:"desktop"`
	LogLevel  string    `toml:"log_level"` // debug, info, warn or error
}

// Emulation says how guests run.
type Emulation string

// The ways guests run.
const (
	EmulationAuto Emulation = "auto" // KVM where it works
	EmulationKVM  Emulation = "kvm"
	EmulationTCG  Emulation = "tcg"
)

// Level is that of the log.
func (s Settings) Level() (level slog.Level) {
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return slog.LevelInfo // no other can be read
	}
	return level
}

// Pool is libvirt's storage pool.
type Pool struct {
	Name string `toml:"name"`
	Path string `toml:"path"` // absolute; empty: by profile
}

// Node holds what a new node gets when it is not said.
type Node struct {
	VCPUs     int `toml:"vcpus"`
	MemoryMiB int `toml:"memory_mib"`

	StopSeconds int `toml:"stop_seconds"` // from the press of the power button to the pulled plug, of every node that has none of its own
}

// StopLimit is that as a duration.
func (n Node) StopLimit() time.Duration { return time.Duration(n.StopSeconds) * time.Second }

// Console holds how consoles are opened.
type Console struct {
	Transport string `toml:"transport"` // auto, direct or guacamole
}

// FirstBoot holds what cloud-init is told at a node's first boot when it is not said.
type FirstBoot struct {
	User string   `toml:"user"`     // empty: the image's
	Keys []string `toml:"ssh_keys"` // "auto" for all in ~/.ssh, paths of files that end in .pub, or keys
}

// Desktop is how the window behaves.
type Desktop struct {
	Close   string   `toml:"close"` // auto, hide, quit or ask
	Tray    bool     `toml:"tray"`
	Notices []string `toml:"notices"` // that are shown: stopped, images, wipes, disk

	Language string `toml:"language"` // of texts: auto (the desktop's), or one that there is a catalogue of
	Scheme   string `toml:"scheme"`   // of colours: auto (the desktop's), dark or light
}

// Undo limits what is kept for undoing; what is older or more is purged.
type Undo struct {
	Hours int `toml:"hours"`
	GiB   int `toml:"gib"` // of all overlays kept together
}

// For is how long an overlay is kept.
func (u Undo) For() time.Duration { return time.Duration(u.Hours) * time.Hour }

// Bytes is how much is kept.
func (u Undo) Bytes() int64 { return int64(u.GiB) << 30 }

// Bulk limits work on many nodes.
type Bulk struct {
	Limit int `toml:"limit"` // at once
}

// Serve is for running without a window.
type Serve struct {
	Listen string `toml:"listen"` // loopback host:port
}

// Gateway is Apache Guacamole. What the addresses may be is for
// lab.GatewaySettings to say: a wrong one is told where the gateway is, and
// keeps nobody from their nodes.
type Gateway struct {
	Mode         string `toml:"mode"` // off, stack or external
	URL          string `toml:"url"`
	DSN          string `toml:"dsn"` // with a password: the file is for its owner alone
	DisplayHost  string `toml:"display_host"`
	Recordings   string `toml:"recordings"`
	WebPort      int    `toml:"web_port"`
	GuacdPort    int    `toml:"guacd_port"`
	DatabasePort int    `toml:"database_port"`
}

// Defaults gives the settings of a missing file.
func Defaults() Settings {
	return Settings{
		Emulation: EmulationAuto,
		Pool:      Pool{Name: "sandboxlabs"},
		Node:      Node{VCPUs: 1, MemoryMiB: 512, StopSeconds: 30},
		Undo:      Undo{Hours: 24, GiB: 10},
		Bulk:      Bulk{Limit: 4},
		Serve:     Serve{Listen: "127.0.0.1:3001"},
		Gateway:   Gateway{Mode: "off"},
		Desktop:   Desktop{Close: "auto", Tray: true, Notices: slices.Clone(rules["desktop.notices"].choices), Language: "auto", Scheme: "auto"},
		Console:   Console{Transport: "auto"},
		LogLevel:  "info",
	}
}

// Load reads the settings file; a missing one gives the defaults. A fault in it
// is a *document.Error.
func Load(file string) (Settings, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Defaults(), nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("can not read the settings: %w", err)
	}
	return parse(file, content)
}

func parse(file string, content []byte) (Settings, error) {
	s := Defaults()
	if err := document.Decode(file, content, &s, "there is no such setting"); err != nil {
		return Settings{}, err
	}
	if fault := s.check(); fault != nil {
		return Settings{}, document.At(file, content, fault.key, fault.text)
	}
	return s, nil
}

// URI is the libvirt to connect to: the flag, the environment, the settings, or
// what fits the user, whichever is first. An error tells that it is no URI.
func (s Settings) URI(flag string) (string, error) {
	for _, uri := range []string{flag, os.Getenv(EnvConnect), s.Connect} {
		uri = strings.TrimSpace(uri)
		if uri == "" {
			continue
		}
		if breach := rules["connect"].breach(reflect.ValueOf(uri)); breach != "" {
			return "", errors.New(breach)
		}
		return uri, nil
	}
	if os.Geteuid() == 0 {
		return "qemu:///system", nil
	}
	return "qemu:///session", nil
}

// PoolPath is the folder of the pool of that libvirt.
func (s Settings) PoolPath(uri string, p Paths) string {
	switch {
	case s.Pool.Path != "":
		return s.Pool.Path
	case IsSession(uri):
		return p.SessionPool
	}
	return systemPool
}
