// Package settings keeps what a person sets in the settings file, which is the
// truth: it is read anew each time, because other processes, and people, write
// it too. It implements lab.SettingsKeeper.
package settings

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"sandboxlabs/backend/config"
	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Options say where the settings are, and how this process came by its own.
type Options struct {
	File      string          // may be a link: people keep such files elsewhere
	Lock      string          // file that is there while they are written
	Started   config.Settings // with which this process was wired
	Overruled map[string]Overruling
	Applied   func(config.Settings)
}

// Overruling is what this process was told of a setting by something else than the file.
type Overruling struct {
	By   string // --connect, say
	Once bool   // for one start alone: another value that is set since then ends it with a restart
}

// Keeper implements lab.SettingsKeeper.
type Keeper struct {
	o Options

	mu   sync.Mutex      // held while the file is written, and while Applied is called
	last config.Settings // what holds while the file has a fault
}

// New makes a Keeper.
func New(o Options) *Keeper { return &Keeper{o: o, last: o.Started} }

// Settings implements lab.SettingsKeeper.
func (k *Keeper) Settings(context.Context) (lab.Settings, lab.Tuning, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := config.Load(k.o.File)
	if err != nil {
		return lab.Settings{}, lab.Tuning{}, k.unusable(err)
	}
	k.take(s)
	return k.told(s), Tuning(s), nil
}

// ChangeSettings implements lab.SettingsKeeper.
func (k *Keeper) ChangeSettings(_ context.Context, change lab.SettingsChange) (lab.Settings, lab.Tuning, error) {
	var e config.Edit
	for key, value := range change.Set {
		if err := e.Set(key, value); err != nil {
			return lab.Settings{}, lab.Tuning{}, refused(err)
		}
	}
	for _, key := range change.Reset {
		if err := e.Reset(key); err != nil {
			return lab.Settings{}, lab.Tuning{}, refused(err)
		}
	}
	s, err := k.write(&e)
	if err != nil {
		return lab.Settings{}, lab.Tuning{}, err
	}
	return k.told(s), Tuning(s), nil
}

func refused(err error) error {
	return lab.Errorf(lab.KindInvalid, "this can not be set").WithCause(err).
		WithHint("sandboxlabs settings lists what can be set, and the README what it means. The gateway has settings of its own.")
}

// quietTime is how long the file must be left alone before it is read: an editor
// may empty it before it writes.
const quietTime = 50 * time.Millisecond

// Watch implements lab.SettingsKeeper. It watches folders, since a new file takes the
// place of the old one at most changes.
func (k *Keeper) Watch(ctx context.Context, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return unwatched(k.o.File, err)
	}
	defer func() { _ = w.Close() }() // nothing is lost with it
	target, err := k.follow(w)
	if err != nil {
		return unwatched(k.o.File, err)
	}
	quiet := time.NewTimer(0) // for what was changed before
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-quiet.C:
			changed()
		case <-w.Errors: // too much has happened: anything may be different
			quiet.Reset(quietTime)
		case e := <-w.Events:
			if e.Name != k.o.File && e.Name != target {
				continue
			}
			if target, err = k.follow(w); err != nil {
				return unwatched(k.o.File, err)
			}
			quiet.Reset(quietTime)
		}
	}
}

func unwatched(file string, err error) error {
	return lab.Errorf(lab.KindUnavailable, "%s can not be watched", file).WithCause(err).
		WithHint("If too many files are watched already, raise fs.inotify.max_user_watches and fs.inotify.max_user_instances by sysctl.")
}

// follow watches where the file is, and where it leads if it is a link; target is that.
func (k *Keeper) follow(w *fsnotify.Watcher) (target string, err error) {
	if err := w.Add(filepath.Dir(k.o.File)); err != nil {
		return "", err
	}
	if target, err = filepath.EvalSymlinks(k.o.File); err != nil || filepath.Dir(target) == filepath.Dir(k.o.File) {
		return target, nil // it is not there yet, or watched already
	}
	return target, w.Add(filepath.Dir(target))
}

// Gateway implements lab.SettingsKeeper.
func (k *Keeper) Gateway() lab.GatewaySettings {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, err := config.Load(k.o.File); err == nil {
		k.take(s)
	}
	g := k.last.Gateway
	return lab.GatewaySettings{
		Mode: lab.GatewayMode(g.Mode), URL: g.URL, DSN: g.DSN, DisplayHost: g.DisplayHost, Recordings: g.Recordings,
		WebPort: g.WebPort, GuacdPort: g.GuacdPort, DatabasePort: g.DatabasePort,
	}
}

// SaveGateway implements lab.SettingsKeeper.
func (k *Keeper) SaveGateway(_ context.Context, s lab.GatewaySettings) error {
	var e config.Edit
	e.Gateway(config.Gateway{
		Mode: string(s.Mode), URL: s.URL, DSN: s.DSN, DisplayHost: s.DisplayHost, Recordings: s.Recordings,
		WebPort: s.WebPort, GuacdPort: s.GuacdPort, DatabasePort: s.DatabasePort,
	})
	_, err := k.write(&e)
	return err
}

// write does what was asked for to what the file says now, whole or not at all.
func (k *Keeper) write(e *config.Edit) (s config.Settings, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	unlock, err := durable.Lock(k.o.Lock)
	if err != nil {
		return s, err
	}
	defer unlock()
	file := k.o.File
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target
	}
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, lab.Errorf(lab.KindDenied, "the settings can not be read").WithCause(err)
	}
	edited, s, err := e.Apply(k.o.File, content)
	if err != nil {
		return s, k.unusable(err)
	}
	if string(edited) != string(content) {
		if err := durable.Write(file, edited); err != nil {
			return s, err
		}
	}
	k.take(s)
	return s, nil
}

func (k *Keeper) unusable(err error) error {
	return lab.Errorf(lab.KindInvalid, "the settings can not be used as they are").WithCause(err).WithHint("Mend %s by hand; nothing in it was changed.", k.o.File)
}

// take takes to what was read. k.mu must be held.
func (k *Keeper) take(s config.Settings) {
	k.last = s
	if k.o.Applied != nil {
		k.o.Applied(s)
	}
}

// told gives settings as they are shown.
func (k *Keeper) told(s config.Settings) lab.Settings {
	told := lab.Settings{File: k.o.File, Items: []lab.Setting{}}
	for i, f := range s.Fields() {
		overruled := k.o.Overruled[f.Key]
		told.Items = append(told.Items, lab.Setting{
			Key: f.Key, Kind: lab.SettingKind(f.Kind), Value: f.Value, Default: f.Default, Choices: slices.Clone(f.Choices),
			Min: f.Min, Max: f.Max, AtStart: f.AtStart, Overruled: overruled.By,
			Waits: f.AtStart && f.Value != k.o.Started.Fields()[i].Value && (overruled.By == "" || overruled.Once),
		})
	}
	return told
}

// Tuning gives what takes effect at once.
func Tuning(s config.Settings) lab.Tuning {
	notices := make([]lab.Notice, len(s.Desktop.Notices))
	for i, n := range s.Desktop.Notices {
		notices[i] = lab.Notice(n)
	}
	return lab.Tuning{
		VCPUs: s.Node.VCPUs, MemoryMiB: s.Node.MemoryMiB, StopLimit: s.Node.StopLimit(),
		UndoTime: s.Undo.For(), UndoBytes: s.Undo.Bytes(), BulkLimit: s.Bulk.Limit, Transport: s.Console.Transport,
		Desktop: lab.Desktop{
			Close: lab.CloseMode(s.Desktop.Close), Tray: s.Desktop.Tray, Notices: notices,
			Language: Language(s), Scheme: chosen(s.Desktop.Scheme),
		},
	}
}

// Language gives the one that texts should have, empty for the desktop's.
func Language(s config.Settings) string { return chosen(s.Desktop.Language) }

// chosen is what a person chose, empty where that is to follow the desktop.
func chosen(value string) string {
	if value == "auto" {
		return ""
	}
	return value
}
