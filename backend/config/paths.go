// Package config knows where SandBoxLabs keeps what, after the XDG base
// directory specification, and what the person has set. All can be wired from
// it; its errors are sentences.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/adrg/xdg"
)

// Every name of ours that touches disk.
const (
	dirName      = "sandboxlabs"    // below each XDG directory
	settingsName = "config.toml"    // XDG config
	nodesName    = "nodes"          // XDG data: <uuid>.json
	imagesName   = "images"         // XDG data: <name>.json
	offersName   = "catalogue.toml" // XDG data: the person's own entries of the catalogue
	poolName     = "pool"           // XDG data: volumes of the session profile
	uploadsName  = "uploads"        // XDG data: what was dropped on a page in a browser, until it is an image
	gatewayName  = "gateway"        // XDG data: the gateway's compose file and secrets
	logName      = "log"            // XDG state: sandboxlabs.log
	logFileName  = "sandboxlabs.log"
	crashesName  = "crashes"       // XDG state: reports of how the program ended unexpectedly
	historyName  = "history"       // XDG state: <uuid>.jsonl
	pageName     = "page.json"     // XDG state: what the page wants to find again
	locksName    = "locks"         // XDG runtime: <uuid> while a node is reserved
	settingsLock = "settings.lock" // XDG runtime: while the settings are written
	windowName   = "window.lock"   // XDG runtime: while a window is open
	socketName   = "window.sock"   // XDG runtime: brings that window to the front
	serveName    = "serve.sock"    // XDG runtime: what sandboxlabs serve serves, to who it belongs to
	tokenName    = "token"         // XDG state: by which programs enter that
	iconsName    = "icons"         // XDG runtime: those that a tray shows

	autostartName = "autostart" // XDG config, not below our name: every program's entries of the session's start

	keptName = "SandBoxLabs" // below the person's own folders

	systemPool = "/var/lib/libvirt/images/sandboxlabs" // volumes of the system profile
)

// Paths says where everything is.
type Paths struct {
	Settings     string // file
	Nodes        string // folder of the specs
	Images       string // folder of the image records
	Catalogue    string // file of the person's own entries of the catalogue
	Uploads      string // folder of what is dropped on a page in a browser, made when the first is
	SessionPool  string // folder of the session profile's volumes
	Gateway      string // folder of the gateway's containers
	Data         string // folder of all that is kept
	State        string // folder of all that can be lost
	Cache        string // folder that WebKit keeps for the window, by the name of the program
	Logs         string // folder
	Log          string // file within
	Crashes      string // folder
	History      string // folder of what happened to nodes
	Page         string // file of the page's preferences
	Locks        string // folder that does not survive a reboot, where there is such
	SettingsLock string // file
	WindowLock   string // file
	WindowSocket string // unix socket
	ServeSocket  string // unix socket
	Token        string // file
	Autostart    string // folder of what the desktop session starts, which is not ours alone
	Icons        string // folder of the icons that a tray shows, made when there is a window
	Pictures     string // folder for screenshots, made when the first is kept
	Videos       string // folder for recordings, made when the first is kept
}

// xdgMu guards the xdg package, whose state is global.
var xdgMu sync.Mutex

// ReadPaths reads the environment as it is now.
func ReadPaths() Paths {
	xdgMu.Lock()
	defer xdgMu.Unlock()
	xdg.Reload()
	data, runtime := filepath.Join(xdg.DataHome, dirName), filepath.Join(runtimeHome(), dirName)
	state := filepath.Join(xdg.StateHome, dirName)
	return Paths{
		Settings:     filepath.Join(xdg.ConfigHome, dirName, settingsName),
		Nodes:        filepath.Join(data, nodesName),
		Images:       filepath.Join(data, imagesName),
		Catalogue:    filepath.Join(data, offersName),
		Uploads:      filepath.Join(data, uploadsName),
		SessionPool:  filepath.Join(data, poolName),
		Gateway:      filepath.Join(data, gatewayName),
		Data:         data,
		State:        state,
		Cache:        filepath.Join(xdg.CacheHome, dirName),
		Log:          filepath.Join(state, logName, logFileName),
		Crashes:      filepath.Join(state, crashesName),
		Logs:         filepath.Join(state, logName),
		History:      filepath.Join(state, historyName),
		Page:         filepath.Join(state, pageName),
		Locks:        filepath.Join(runtime, locksName),
		SettingsLock: filepath.Join(runtime, settingsLock),
		WindowLock:   filepath.Join(runtime, windowName),
		WindowSocket: filepath.Join(runtime, socketName),
		ServeSocket:  filepath.Join(runtime, serveName),
		Token:        filepath.Join(state, tokenName),
		Autostart:    filepath.Join(xdg.ConfigHome, autostartName),
		Icons:        filepath.Join(runtime, iconsName),
		Pictures:     filepath.Join(xdg.UserDirs.Pictures, keptName),
		Videos:       filepath.Join(xdg.UserDirs.Videos, keptName),
	}
}

// runtimeHome is XDG_RUNTIME_DIR; the state directory stands in where a login
// without a session manager has none.
func runtimeHome() string {
	if info, err := os.Stat(xdg.RuntimeDir); err == nil && info.IsDir() {
		return xdg.RuntimeDir
	}
	return xdg.StateHome
}

// Make makes the folders that are missing, readable by nobody else. The pool's
// is not among them: libvirt makes it.
func (p Paths) Make() error {
	for _, dir := range []string{filepath.Dir(p.Settings), p.Nodes, p.Images, p.Logs, p.Locks} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("can not make the folder %s: %w", dir, errors.Unwrap(err))
		}
	}
	return nil
}

// IsSession reports whether a libvirt URI means the session profile, in which
// everything belongs to the user: its path is /session.
func IsSession(uri string) bool {
	path, _, _ := strings.Cut(uri, "?")
	return strings.HasSuffix(path, "/session")
}
