package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/document"
)

func mustWrite(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadMissingFileGivesDefaults(t *testing.T) {
	got, err := Load(filepath.Join(t.TempDir(), "absent"))
	if err != nil || !reflect.DeepEqual(got, Defaults()) {
		t.Errorf("got %+v, %v, want the defaults", got, err)
	}
	if f := Defaults().check(); f != nil {
		t.Errorf("got %v for the defaults, want none", *f)
	}
}

func TestLoadReadsEverySetting(t *testing.T) {
	got, err := Load(mustWrite(t, `
connect = "qemu+ssh://host/system"
emulation = "tcg"
log_level = "warn"
[pool]
name = "mine"
path = "/srv/pool"
[node]
vcpus = 2
memory_mib = 64
stop_seconds = 9
[undo]
hours = 1
gib = 2
[bulk]
limit = 8
[serve]
listen = "[::1]:80"
[gateway]
mode = "external"
url = "https://guac.test/guacamole"
dsn = "postgres://u:p@db.test/guacamole_db"
display_host = "10.0.0.2"
recordings = "/recordings"
web_port = 1
guacd_port = 2
database_port = 3
[first_boot]
user = "ann"
ssh_keys = ["auto", "~/.ssh/id.pub"]
[desktop]
close = "ask"
tray = false
notices = ["disk"]
language = "de"
scheme = "light"
[console]
transport = "direct"
`))
	want := Settings{
		Connect: "qemu+ssh://host/system", Emulation: EmulationTCG, Pool: Pool{"mine", "/srv/pool"},
		Node: Node{2, 64, 9}, Undo: Undo{1, 2}, Bulk: Bulk{8}, Serve: Serve{"[::1]:80"},
		Gateway: Gateway{
			"external", "https://guac.test/guacamole", "postgres://u:p@db.test/guacamole_db", "10.0.0.2", "/recordings", 1, 2, 3,
		},
		FirstBoot: FirstBoot{"ann", []string{"auto", "~/.ssh/id.pub"}},
		Desktop:   Desktop{"ask", false, []string{"disk"}, "de", "light"},
		Console:   Console{"direct"},
		LogLevel:  "warn",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got.Undo.For() != time.Hour || got.Undo.Bytes() != 2<<30 {
		t.Errorf("got %v and %d, want 1h and 2 GiB", got.Undo.For(), got.Undo.Bytes())
	}
}

func TestLoadNamesLineAndKeyOfAFault(t *testing.T) {
	tests := []struct {
		name, content, key, says string
		line                     int
	}{
		{"unknown key", "# c\n\ncolour = 1\n", "colour", "no such setting", 3},
		{"unknown key in a table", "[undo]\nhours = 1\ndays = 1\n", "undo.days", "no such setting", 3},
		{"unknown table", "emulation = \"kvm\"\n[nodes]\nvcpus = 1\n", "nodes", "no such setting", 2},
		{"wrong type", "[node]\nvcpus = \"two\"\n", "node.vcpus", "type string", 2},
		{"out of range", "[node]\n\nvcpus = 0\n", "node.vcpus", "between 1 and 255", 3},
		{"dotted key", "emulation = \"auto\"\nundo.gib = -1\n", "undo.gib", "between", 2},
		{"inline table", "\nbulk = {limit = 0}\n", "bulk.limit", "between 1 and 64", 2},
		{"bad emulation", "emulation = \"xen\"\n", "emulation", "auto, kvm or tcg", 1},
		{"bad pool name", "[pool]\nname = \"../x\"\n", "pool.name", "not a name", 2},
		{"relative pool path", "[pool]\npath = \"x\"\n", "pool.path", "absolute", 2},
		{"not a URI", "connect = \"here\"\n", "connect", "qemu:///session", 1},
		{"not loopback", "[serve]\nlisten = \"0.0.0.0:80\"\n", "serve.listen", "loopback", 2},
		{"no port", "[serve]\nlisten = \"127.0.0.1\"\n", "serve.listen", "loopback", 2},
		{"bad user", "[first_boot]\nuser = \"Ann\"\n", "first_boot.user", "not the name of an account", 2},
		{"one key", "[first_boot]\nssh_keys = \"auto\"\n", "first_boot.ssh_keys", "type string", 2},
		{"unknown end", "[desktop]\nclose = \"burn\"\n", "desktop.close", "auto, hide, quit or ask", 2},
		{"unknown notice", "[desktop]\nnotices = [\"stopped\", \"all\"]\n", "desktop.notices", "stopped, images, wipes and disk", 2},
		{"unknown language", "[desktop]\nlanguage = \"xx\"\n", "desktop.language", "auto, en or de", 2},
		{"a private key", "[first_boot]\nssh_keys = [\"auto\", \"~/.ssh/id\"]\n", "first_boot.ssh_keys", "a file that ends in .pub", 2},
		{"unknown scheme", "[desktop]\nscheme = \"red\"\n", "desktop.scheme", "auto, dark or light", 2},
		{"bad syntax", "[undo]\nhours = \n", "", "", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := mustWrite(t, tt.content)
			_, err := Load(file)
			var got *document.Error
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a *document.Error", err)
			}
			if got.File != file || got.Line != tt.line || got.Key != tt.key || !strings.Contains(got.Text, tt.says) {
				t.Errorf("got %+v, want line %d, key %q, and %q", got, tt.line, tt.key, tt.says)
			}
			if strings.Contains(err.Error(), "config.") && !strings.Contains(file, "config.") {
				t.Errorf("got %q, want no Go types in it", err)
			}
		})
	}
}

func TestURIPrecedence(t *testing.T) {
	byUser := "qemu:///session"
	if os.Geteuid() == 0 {
		byUser = "qemu:///system"
	}
	tests := []struct{ flag, env, file, want string }{
		{"a:///", "b:///", "c:///", "a:///"},
		{"", "b:///", "c:///", "b:///"},
		{"", " ", "c:///", "c:///"},
		{"", "", "", byUser},
	}
	for _, tt := range tests {
		t.Setenv(EnvConnect, tt.env)
		if got, err := (Settings{Connect: tt.file}).URI(tt.flag); err != nil || got != tt.want {
			t.Errorf("%+v: got %s, %v, want %s", tt, got, err, tt.want)
		}
	}
	if got, err := (Settings{}).URI("here"); err == nil {
		t.Errorf("got %s for what is no URI, want an error", got)
	}
}

func TestPoolPathFollowsProfile(t *testing.T) {
	p := Paths{SessionPool: "/home/x/pool"}
	tests := []struct{ set, uri, want string }{
		{"", "qemu:///session", "/home/x/pool"},
		{"", "qemu:///session?socket=/x", "/home/x/pool"},
		{"", "qemu:///system", systemPool},
		{"", "qemu+ssh://host/system", systemPool},
		{"/mine", "qemu:///session", "/mine"},
	}
	for _, tt := range tests {
		if got := (Settings{Pool: Pool{Path: tt.set}}).PoolPath(tt.uri, p); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt, got, tt.want)
		}
	}
}

func TestPathsFollowTheEnvironmentOfNow(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"DATA_HOME", "CONFIG_HOME", "STATE_HOME", "CACHE_HOME"} {
		t.Setenv("XDG_"+name, filepath.Join(root, name))
	}
	t.Setenv("XDG_RUNTIME_DIR", root)
	t.Setenv("HOME", root)
	for _, name := range []string{"XDG_PICTURES_DIR", "XDG_VIDEOS_DIR"} {
		t.Setenv(name, "") // none
	}
	got := ReadPaths()
	want := Paths{
		Settings:     root + "/CONFIG_HOME/sandboxlabs/config.toml",
		Nodes:        root + "/DATA_HOME/sandboxlabs/nodes",
		Images:       root + "/DATA_HOME/sandboxlabs/images",
		Catalogue:    root + "/DATA_HOME/sandboxlabs/catalogue.toml",
		Uploads:      root + "/DATA_HOME/sandboxlabs/uploads",
		SessionPool:  root + "/DATA_HOME/sandboxlabs/pool",
		Gateway:      root + "/DATA_HOME/sandboxlabs/gateway",
		Data:         root + "/DATA_HOME/sandboxlabs",
		Cache:        root + "/CACHE_HOME/sandboxlabs",
		State:        root + "/STATE_HOME/sandboxlabs",
		Log:          root + "/STATE_HOME/sandboxlabs/log/sandboxlabs.log",
		Crashes:      root + "/STATE_HOME/sandboxlabs/crashes",
		Logs:         root + "/STATE_HOME/sandboxlabs/log",
		History:      root + "/STATE_HOME/sandboxlabs/history",
		Page:         root + "/STATE_HOME/sandboxlabs/page.json",
		Locks:        root + "/sandboxlabs/locks",
		SettingsLock: root + "/sandboxlabs/settings.lock",
		WindowLock:   root + "/sandboxlabs/window.lock",
		WindowSocket: root + "/sandboxlabs/window.sock",
		ServeSocket:  root + "/sandboxlabs/serve.sock",
		Token:        root + "/STATE_HOME/sandboxlabs/token",
		Icons:        root + "/sandboxlabs/icons",
		Autostart:    root + "/CONFIG_HOME/autostart",
		Pictures:     root + "/Pictures/SandBoxLabs",
		Videos:       root + "/Videos/SandBoxLabs",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(root, "absent"))
	if got, want := ReadPaths().Locks, root+"/STATE_HOME/sandboxlabs/locks"; got != want {
		t.Errorf("without a runtime directory got %s, want %s", got, want)
	}
}

// A person may have said where pictures go, be it in words of their own.
func TestPathsFollowThePersonsFolders(t *testing.T) {
	root := t.TempDir()
	t.Setenv("HOME", root)
	t.Setenv("XDG_CONFIG_HOME", root)
	t.Setenv("XDG_PICTURES_DIR", "")
	t.Setenv("XDG_VIDEOS_DIR", filepath.Join(root, "Filme"))
	if err := os.WriteFile(filepath.Join(root, "user-dirs.dirs"), []byte("XDG_PICTURES_DIR=\"$HOME/Bilder\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := ReadPaths()
	if want := root + "/Bilder/SandBoxLabs"; p.Pictures != want {
		t.Errorf("pictures go to %s, want %s", p.Pictures, want)
	}
	if want := root + "/Filme/SandBoxLabs"; p.Videos != want {
		t.Errorf("videos go to %s, want %s", p.Videos, want)
	}
}

func TestMakeKeepsFoldersPrivate(t *testing.T) {
	root := t.TempDir()
	p := Paths{Settings: root + "/c/config.toml", Nodes: root + "/d/nodes", Images: root + "/d/images", Logs: root + "/s/log", Locks: root + "/r/locks"}
	for range 2 {
		if err := p.Make(); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{root + "/c", p.Nodes, p.Images, p.Logs, p.Locks} {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("got %v, %v, want a folder of mode 0700", info, err)
		}
	}
	p.Nodes = mustWrite(t, "") + "/nodes"
	if err := p.Make(); err == nil || !strings.Contains(err.Error(), p.Nodes) {
		t.Errorf("got %v, want an error that names %s", err, p.Nodes)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[node]\nvcpus = 1\n")
	f.Add("bulk = {limit = 0}\n")
	f.Add("a.b.c = [1, {x = 2}]\n[[t]]\n")
	f.Fuzz(func(t *testing.T, content string) {
		s, err := parse("config.toml", []byte(content))
		var e *document.Error
		if err == nil && s.check() != nil || err != nil && errors.As(err, &e) && e.Line < 1 {
			t.Errorf("got %+v, %v, want valid settings or an error with its line", s, err)
		}
	})
}
