package lab

import (
	"context"
	"time"
)

// SettingsKeeper keeps what a person sets, which people edit by hand too.
type SettingsKeeper interface {
	// Settings gives every setting, read anew. A fault in what a person wrote is
	// KindInvalid, and names its line; what holds then is what held before.
	Settings(ctx context.Context) (Settings, Tuning, error)
	// ChangeSettings sets some of them, all or none, and leaves everything else as
	// it is, a person's comments too. KindInvalid for a setting that is not, a
	// value that can not be, and where the settings have a fault: they are never
	// written over then. KindBusy while another process writes them.
	ChangeSettings(ctx context.Context, change SettingsChange) (Settings, Tuning, error)

	// Watch calls changed, one call at a time, soon after a person or another process
	// may have changed any of it, the gateway's too, and now and then needlessly. It
	// returns when ctx ends, or with an error where changes can not be seen.
	Watch(ctx context.Context, changed func()) error

	// Gateway gives what is set of the gateway.
	Gateway() GatewaySettings
	// SaveGateway keeps s, whole or not at all, and leaves every other setting as it is.
	SaveGateway(ctx context.Context, s GatewaySettings) error
}

// Settings is what a person sets, but for the gateway.
type Settings struct {
	File  string    `json:"file"` // in which they are
	Items []Setting `json:"items"`
}

// Setting is one thing a person can set.
type Setting struct {
	Key       string      `json:"key"` // as in the file: node.vcpus
	Kind      SettingKind `json:"kind"`
	Value     string      `json:"value"` // as text; of a list, one a line
	Default   string      `json:"default"`
	Choices   []string    `json:"choices,omitempty"`
	Min       int         `json:"min"` // of a number
	Max       int         `json:"max"`
	AtStart   bool        `json:"atStart"`             // it takes effect at the next start of the program
	Waits     bool        `json:"waits"`               // for that: this process runs with another value, and a restart takes to this one
	Overruled string      `json:"overruled,omitempty"` // what else says it to this process: --connect, say
}

// SettingKind is what the value of a setting is.
type SettingKind string

// The kinds of setting.
const (
	SettingText   SettingKind = "text"
	SettingNumber SettingKind = "number"
	SettingSwitch SettingKind = "switch" // true or false
	SettingChoice SettingKind = "choice" // one of the choices
	SettingList   SettingKind = "list"   // any of the choices, or any words where there are none
)

// SettingKinds lists them.
var SettingKinds = []SettingKind{SettingText, SettingNumber, SettingSwitch, SettingChoice, SettingList}

// SettingsChange is what is to be set, and what is to be as if nobody had.
type SettingsChange struct {
	Set   map[string]string `json:"set"` // values by key, as in Setting
	Reset []string          `json:"reset"`
}

// Tuning is what takes effect at once of what a person sets.
type Tuning struct {
	VCPUs     int           // of a new node that does not say
	MemoryMiB int           // of a new node that does not say
	StopLimit time.Duration // of a node that has none of its own
	UndoTime  time.Duration // for which wiped and deleted disks are kept
	UndoBytes int64         // that all of them may take together
	BulkLimit int           // nodes that are worked on at once
	Transport string        // of consoles: auto, direct or guacamole
	Desktop   Desktop
}
