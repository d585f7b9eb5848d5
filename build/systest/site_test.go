package systest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
)

// The profiles, by the names libvirt's URIs have for them.
const (
	system  = "system"
	session = "session"
)

var profiles = []string{system, session}

// site is what the tests of one run share: a folder everybody can read with the
// program and the tiny image, and somebody to be in each profile.
type site struct {
	dir      string
	image    string                 // the tiny guest
	iso      func() (string, error) // an ISO of it, which is made when it is first asked for
	accounts map[string]account
	guest    string // name of the user made for this run; empty: none was
	worlds   atomic.Int32
	gateway  gatewaySite
}

// account is somebody commands are run as.
type account struct {
	prefix   []string // of every command line
	uid, gid int      // to whom what the test makes is given
	home     string
	err      error // why nobody can be that
}

// newSite gives a site that must be closed, also if there is an error.
func newSite() (*site, error) {
	// Sockets are made below it, and a socket's path has 107 bytes at most.
	s := &site{dir: filepath.Join(os.TempDir(), "sl"+strconv.Itoa(os.Getpid()))}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return s, err
	}
	if err := s.install(); err != nil {
		return s, err
	}
	return s, s.findAccounts()
}

// install copies the program and the image to where every account can read them.
func (s *site) install() error {
	program := filepath.Join("..", "bin", "sandboxlabs")
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("the program is not built: %w; run make build", err)
	}
	if err := copyFile(program, s.path("bin", "sandboxlabs"), 0o755); err != nil {
		return err
	}
	s.iso = sync.OnceValues(func() (string, error) {
		file := s.path("tiny.iso")
		return file, output(exec.Command(filepath.Join("..", "..", "images", "tiny", "build.sh"), file))
	})
	s.image = s.path("tiny.qcow2")
	err := copyFile(filepath.Join("..", "out", "tiny.qcow2"), s.image, 0o444)
	if errors.Is(err, fs.ErrNotExist) {
		return output(exec.Command(filepath.Join("..", "..", "images", "tiny", "build.sh"), s.image))
	}
	return err
}

func (s *site) path(elem ...string) string { return filepath.Join(s.dir, filepath.Join(elem...)) }

func (s *site) findAccounts() error {
	me := account{uid: os.Getuid(), gid: os.Getgid(), home: s.path("home")}
	if me.uid != 0 {
		root := account{prefix: []string{"sudo", "-n", "--"}, uid: -1, gid: -1, home: s.path("root")}
		if err := output(exec.Command("sudo", "-n", "true")); err != nil {
			root.err = fmt.Errorf("the system profile needs root, or sudo without a password: %w", err)
		}
		s.accounts = map[string]account{system: root, session: me}
		return os.Mkdir(me.home, 0o700)
	}
	guest, err := s.makeUser()
	if err != nil {
		return err
	}
	s.accounts = map[string]account{system: me, session: guest}
	return os.Mkdir(me.home, 0o700)
}

// makeUser makes an ordinary user for this run.
func (s *site) makeUser() (account, error) {
	name, home := filepath.Base(s.dir), s.path("user")
	if err := output(exec.Command("useradd", "--system", "--create-home", "--home-dir", home, name)); err != nil {
		return account{}, err
	}
	s.guest = name
	u, err := user.Lookup(name)
	if err != nil {
		return account{}, err
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	prefix := []string{"setpriv", "--reuid", u.Uid, "--regid", u.Gid, "--clear-groups", "--"}
	return account{prefix: prefix, uid: uid, gid: gid, home: home}, errors.Join(uidErr, gidErr)
}

func (s *site) close() error {
	var userErr error
	if s.guest != "" {
		userErr = output(exec.Command("userdel", s.guest))
	}
	return errors.Join(s.gateway.close(), userErr, os.RemoveAll(s.dir))
}

// output runs a command and gives what it said as its error.
func output(cmd *exec.Cmd) error {
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w: %s", cmd.Args, err, said)
	}
	return nil
}

func copyFile(from, to string, mode os.FileMode) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
