package systest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// world is what one test has for itself.
type world struct {
	account
	site    *site
	profile string
	uri     string
	dir     string // below it is everything of this test
	name    string // of its pool; the names of its nodes begin with it
	env     []string
	mounted bool         // the pool's folder is a file system of its own
	served  func() error // ends what a script serves
}

// The folders of a world. The names are short because sockets are in them.
const (
	configDir  = "c"
	dataDir    = "d"
	stateDir   = "s"
	runtimeDir = "r"
	poolDir    = "pool"
)

// settings isolates a world from the nodes of the person who runs the tests.
const settings = `[pool]
name = %q
path = %q
[node]
memory_mib = 192
`

// newWorld gives a world that must be closed, also if there is an error.
func newWorld(s *site, profile string) (*world, error) {
	w := &world{
		account: s.accounts[profile],
		site:    s,
		profile: profile,
		uri:     "qemu:///" + profile,
		dir:     s.path(strconv.Itoa(int(s.worlds.Add(1)))),
		name:    "t" + strings.ToLower(rand.Text()[:5]),
	}
	w.env = []string{
		"PATH=" + s.path("bin") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"HOME=" + w.home,
		"XDG_CACHE_HOME=" + filepath.Join(w.home, ".cache"), // shared: probing QEMU takes a second
		"XDG_CONFIG_HOME=" + w.path(configDir),
		"XDG_DATA_HOME=" + w.path(dataDir),
		"XDG_STATE_HOME=" + w.path(stateDir),
		"XDG_RUNTIME_DIR=" + w.path(runtimeDir),
	}
	if w.err != nil {
		return w, w.err
	}
	return w, w.furnish()
}

func (w *world) path(elem ...string) string { return filepath.Join(w.dir, filepath.Join(elem...)) }

// node is the name of one of this world's nodes.
func (w *world) node(name string) string { return w.name + "-" + name }

// furnish makes the folders and the settings, and gives them to the account.
func (w *world) furnish() error {
	// QEMU of the system profile is another user, and goes through to the pool.
	if err := os.MkdirAll(w.path(configDir, "sandboxlabs"), 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(w.path(runtimeDir), 0o700); err != nil {
		return err
	}
	config := w.path(configDir, "sandboxlabs", "config.toml")
	text := fmt.Sprintf(settings, w.name, w.path(poolDir))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return err
	}
	for _, path := range []string{w.dir, w.path(configDir), filepath.Dir(config), config, w.path(runtimeDir)} {
		if err := os.Chown(path, w.uid, w.gid); err != nil {
			return err
		}
	}
	return nil
}

// close leaves nothing of the world.
func (w *world) close() error {
	if w.err != nil {
		return nil
	}
	// The account may not remove the folder itself, and we not what is in it.
	emptied := func() error { return w.exec("find", w.dir, "-mindepth", "1", "-delete") }
	return errors.Join(w.removeNodes(), w.removePool(), w.endDaemons(), w.unmount(), emptied(), os.RemoveAll(w.dir))
}

func (w *world) unmount() error {
	if !w.mounted {
		return nil
	}
	return asRoot("umount", w.path(poolDir))
}

func (w *world) removeNodes() error {
	names, err := w.words("list", "--all", "--name")
	for _, name := range names {
		if strings.HasPrefix(name, w.name) {
			w.run("virsh", "-c", w.uri, "destroy", name) // it may be off
			undefine := []string{"undefine", name, "--managed-save", "--nvram", "--snapshots-metadata", "--checkpoints-metadata"}
			err = errors.Join(err, w.exec("virsh", append([]string{"-c", w.uri}, undefine...)...))
		}
	}
	return err
}

func (w *world) removePool() error {
	pools, err := w.words("pool-list", "--all", "--name")
	if !slices.Contains(pools, w.name) {
		return err
	}
	w.run("virsh", "-c", w.uri, "pool-destroy", w.name) // it may be off
	return errors.Join(err, w.exec("virsh", "-c", w.uri, "pool-undefine", w.name))
}

// words gives the words virsh answers.
func (w *world) words(args ...string) ([]string, error) {
	r := w.run("virsh", append([]string{"-c", w.uri}, args...)...)
	return strings.Fields(r.out), r.err()
}

// endDaemons ends the libvirt daemon a session was given, and what a test that
// failed has left of its guests: they go on without it.
func (w *world) endDaemons() error {
	if w.profile != session {
		return nil
	}
	return errors.Join(w.endDaemon(), w.killAll("libvirt/qemu/run/*.pid"))
}

// endDaemon kills the session's libvirt daemon.
func (w *world) endDaemon() error { return w.killAll("libvirt/*.pid") }

// killAll kills the processes in the pid files of the runtime folder that match
// pattern, and returns when they are dead.
func (w *world) killAll(pattern string) error {
	const script = `for file; do
	pid=$(cat "$file") && kill -0 "$pid" 2>/dev/null || continue
	kill -KILL "$pid" && timeout 20 tail --pid="$pid" -s 0.1 -f /dev/null || exit 1
done`
	files, err := filepath.Glob(w.path(runtimeDir, pattern))
	return errors.Join(err, w.exec("sh", append([]string{"-c", script, "sh"}, files...)...))
}
