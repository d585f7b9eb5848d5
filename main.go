// Command sandboxlabs makes disposable lab machines on libvirt. Without a
// command it opens its window; sandboxlabs --help lists the commands.
package main

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"sandboxlabs/app"
	"sandboxlabs/backend/autostart"
	"sandboxlabs/backend/cli"
	"sandboxlabs/backend/config"
	"sandboxlabs/backend/console"
	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/guacamole"
	"sandboxlabs/backend/images"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/page"
	folders "sandboxlabs/backend/prototype"
	"sandboxlabs/backend/seed"
	"sandboxlabs/backend/service"
	set "sandboxlabs/backend/settings"
	"sandboxlabs/backend/stack"
	"sandboxlabs/backend/store"
	"sandboxlabs/backend/upkeep"
	"sandboxlabs/backend/virt"
	"sandboxlabs/backend/words"
)

//go:embed all:frontend/dist
var dist embed.FS

//go:embed build/appicon.png
var icon []byte

//go:embed build/icons/*.svg
var symbolic embed.FS

//go:embed docker-compose.yml build/gateway
var stackFiles embed.FS

//go:embed images/catalogue.toml
var catalogue []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(cli.Main(ctx, cli.Program{
		Open:    open,
		Window:  window,
		Trouble: trouble,
		Serve:   serve,
		Token:   showToken,
		Link:    link,
		Browse:  app.Browse,
		Version: version(),
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
	}, os.Args[1:]))
}

// rig is the service with what it stands on.
type rig struct {
	settings config.Settings
	paths    config.Paths
	uri      string // of the libvirt
	conn     *virt.Conn
	consoles *console.Server
	level    slog.LevelVar // of the log
	service  *service.Service
}

// assemble wires a service for the libvirt at uri, empty for the settings'. It
// begins to connect; close ends that. resident says that the process is to stay.
func assemble(uri string, resident bool) (*rig, error) {
	r := &rig{paths: config.ReadPaths()}
	settings, err := config.Load(r.paths.Settings)
	if err != nil {
		return nil, unusable(r.paths, err)
	}
	if err := r.paths.Make(); err != nil {
		return nil, lab.Errorf(lab.KindDenied, "the folders of SandBoxLabs can not be made").WithCause(err).
			WithHint("Make the folder above it yours and writable, or choose others: XDG_DATA_HOME, XDG_STATE_HOME, XDG_CONFIG_HOME.")
	}
	r.settings = settings
	r.level.Set(settings.Level())
	log := openLog(r.paths.Log, &r.level)
	slog.SetDefault(log)
	overruled := overruling(uri)
	if uri, err = settings.URI(uri); err != nil {
		return nil, noURI(err)
	}
	r.uri = uri
	r.wire(resident, overruled, log)
	return r, nil
}

func unusable(paths config.Paths, err error) error {
	return lab.Errorf(lab.KindInvalid, "the settings can not be used").WithCause(err).
		WithHint("Mend %s, or remove it to go back to the defaults.", paths.Settings)
}

func noURI(err error) error {
	return lab.Errorf(lab.KindInvalid, "there is no libvirt to connect to").WithCause(err).
		WithHint("Give --connect, or SANDBOXLABS_CONNECT, an address such as qemu:///session.")
}

// wire makes everything that stands on the settings.
func (r *rig) wire(resident bool, overruled map[string]set.Overruling, log *slog.Logger) {
	settings, uri := r.settings, r.uri
	seeder := seed.New(seed.Options{Home: home(), User: settings.FirstBoot.User, Keys: settings.FirstBoot.Keys})
	r.conn = virt.Open(virt.Config{
		URI: uri, PoolName: settings.Pool.Name, PoolPath: settings.PoolPath(uri, r.paths),
		Emulation: string(settings.Emulation), Log: log,
	})
	r.consoles = console.New(r.conn, r.conn, console.Options{Origins: windowOrigins, Tunnels: tunnels{r}, Log: log})
	r.service = service.New(service.Options{
		Hypervisor: r.conn,
		Pool:       r.conn,
		Library:    images.New(r.conn, r.paths.Images),
		Catalogue:  images.NewCatalogue(catalogue, r.paths.Catalogue),
		Store:      store.New(r.paths.Nodes, r.paths.Locks),
		Consoles:   r.consoles,
		URI:        uri,
		Version:    version(),

		Journal:     store.NewJournal(r.paths.History),
		Preferences: store.NewPage(r.paths.Page),

		Autostart: autostart.New(filepath.Join(r.paths.Autostart, lab.AppID+".desktop"), itself()),

		Seeder: seeder,

		Gateway:  guacamole.New(log),
		Stack:    stack.New(stackFiles, r.paths.Gateway),
		Settings: r.keeper(seeder, overruled),
		Upkeep:   upkeep.New(r.upkeep()),

		Prototype: folders.Reader{},

		Tuning:   set.Tuning(settings),
		Owner:    owner(uri, settings.Pool.Name),
		Resident: resident,
		Log:      log,
	})
}

// keeper keeps the settings, and has what is wired take to what can change at once.
func (r *rig) keeper(seeder *seed.Seeder, overruled map[string]set.Overruling) *set.Keeper {
	words.Speak(set.Language(r.settings))
	return set.New(set.Options{
		File: r.paths.Settings, Lock: r.paths.SettingsLock, Started: r.settings, Overruled: overruled,
		Applied: func(s config.Settings) {
			seeder.Choose(s.FirstBoot.User, s.FirstBoot.Keys)
			r.level.Set(s.Level())
			words.Speak(set.Language(s))
		},
	})
}

func (r *rig) upkeep() upkeep.Options {
	p := r.paths
	return upkeep.Options{
		Folders: map[lab.FolderName]string{
			lab.FolderData: p.Data, lab.FolderSettings: filepath.Dir(p.Settings), lab.FolderState: p.State,
			lab.FolderLog: p.Logs, lab.FolderCrashes: p.Crashes, lab.FolderCache: p.Cache,
		},
		Skip: p.SessionPool, Log: p.Log, Crashes: p.Crashes,
	}
}

// overruling tells which settings this process was told otherwise, and by what. The
// environment goes on to say it after a restart.
func overruling(flag string) map[string]set.Overruling {
	environment := os.Getenv(config.EnvConnect) != ""
	switch {
	case flag != "":
		return map[string]set.Overruling{"connect": {By: "--connect", Once: !environment}}
	case environment:
		return map[string]set.Overruling{"connect": {By: config.EnvConnect}}
	}
	return nil
}

// windowOrigins are those of the page in the window.
var windowOrigins = []string{"wails://wails", "wails://wails.localhost"}

func open(uri string) (*service.Service, func() error, error) {
	r, err := assemble(uri, false)
	if err != nil {
		return nil, nil, err
	}
	return r.service, r.conn.Close, nil
}

// tunnels opens consoles through the service, which is made after what serves them.
type tunnels struct{ *rig }

func (t tunnels) OpenTunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	return t.service.OpenTunnel(ctx, id, ask)
}

func (t tunnels) ConsoleLink(ctx context.Context, id string) (string, error) {
	return t.service.ConsoleLink(ctx, id)
}

// home is the person's own folder, empty where they have none.
func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}

// itself is the path of this program; its bare name where the system tells no path.
func itself() string {
	path, err := os.Executable()
	if err != nil {
		return "sandboxlabs"
	}
	return path
}

// owner says whose nodes these are, to tell them from others' at the same gateway.
// Machines are often named alike, above all copies of one; their IDs are not.
func owner(uri, pool string) string {
	who, where, what := "somebody", "here", strings.TrimPrefix(uri, "qemu:///")
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		where = host
	}
	if id, err := os.ReadFile("/etc/machine-id"); err == nil && len(id) >= 6 {
		where += "-" + string(id[:6])
	}
	if pool != config.Defaults().Pool.Name {
		what += ", " + pool
	}
	return fmt.Sprintf("%s@%s (%s)", who, where, what)
}

// closeLimit is how long what was begun may take after the window is closed or
// the server stopped. What waits for a guest is then left to the guest.
const closeLimit = 5 * time.Second

// live runs the service while do does its work.
func (r *rig) live(ctx context.Context, do func(context.Context) error) error {
	expected, err := upkeep.Watch(r.upkeep(), version())
	if err != nil {
		slog.Warn("how the program ends will not be written down", "error", err)
	}
	err = cli.Run(ctx, r.service, func(ctx context.Context) error {
		err := do(ctx)
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		if err := r.service.Settle(limited); err != nil {
			slog.Warn("closed with work under way", "error", err)
		}
		return err
	})
	err = errors.Join(err, r.conn.Close())
	expected() // not deferred: a panic is unexpected
	return err
}

func files() (*page.Page, error) {
	built, err := fs.Sub(dist, "frontend/dist")
	if err != nil {
		panic(err) // the path is not one
	}
	return page.New(built)
}

// icons gives the program's icon. Those in one colour are unpacked to a folder,
// where trays find them, be the program installed or not; where that can not be,
// trays show the coloured one.
func icons(folder string) app.Icon {
	if err := unpack(symbolic, "build/icons", folder); err != nil {
		slog.Warn("the icons for the tray can not be unpacked", "folder", folder, "error", err)
		return app.Icon{PNG: icon}
	}
	return app.Icon{PNG: icon, Symbolic: folder}
}

func unpack(files fs.FS, below, folder string) error {
	names, err := fs.Glob(files, below+"/*")
	err = errors.Join(err, os.MkdirAll(folder, 0o700))
	for _, name := range names {
		content, readErr := fs.ReadFile(files, name)
		file := filepath.Join(folder, filepath.Base(name))
		if there, e := os.ReadFile(file); e == nil && bytes.Equal(there, content) {
			continue // writing waits for the disk, and the window for that
		}
		err = errors.Join(err, readErr, durable.Write(file, content))
	}
	return err
}

// openLog opens the log; where it can not be written the terminal has it.
func openLog(file string, level slog.Leveler) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	log, err := upkeep.OpenLog(file)
	if err != nil {
		l := slog.New(slog.NewTextHandler(os.Stderr, o))
		l.Warn("what happens is written here", "error", err)
		return l
	}
	return slog.New(slog.NewTextHandler(log, o))
}

// release is the version that make build gives.
var release string

// version is the one of the build, else the module's as Go recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return cmp.Or(release, info.Main.Version)
	}
	return cmp.Or(release, "unknown")
}
