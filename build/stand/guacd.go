package stand

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Guacd is a guacd of our own. Its methods MUST NOT be called at once.
type Guacd struct {
	program string
	env     []string // what it needs beyond ours
	dir     string   // of its log
	port    int
	server  *process
}

// NewGuacd starts guacd on a free port of 127.0.0.1: the one on the PATH, else the
// one that build/stand/guacd.sh put into the folder cache. An empty cache is
// build/out/guacd below the repository, which is looked for from here upwards.
func NewGuacd(cache string) (*Guacd, error) {
	g := new(Guacd)
	if err := g.find(cache); err != nil {
		return nil, fmt.Errorf("find guacd: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("find port for guacd: %w", err)
	}
	g.port = port
	if g.dir, err = os.MkdirTemp("", "guacd"); err != nil {
		return nil, fmt.Errorf("make folder for guacd: %w", err)
	}
	if err := g.Start(); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// find sets the program, and where its libraries are if they are not the machine's.
func (g *Guacd) find(cache string) (err error) {
	if g.program, err = exec.LookPath("guacd"); err == nil {
		return nil
	}
	if cache == "" {
		if cache, err = defaultCache(); err != nil {
			return err
		}
	}
	g.program = filepath.Join(cache, "usr", "sbin", "guacd")
	if _, err := os.Stat(g.program); err != nil {
		return fmt.Errorf("it is neither on the PATH nor fetched; run build/stand/guacd.sh %s: %w", cache, err)
	}
	libraries, _ := filepath.Glob(filepath.Join(cache, "usr", "lib", "*-linux-*")) // the pattern is good
	g.env = []string{"LD_LIBRARY_PATH=" + strings.Join(libraries, ":")}
	return nil
}

// defaultCache is build/out/guacd below the folder that has go.mod.
func defaultCache() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return filepath.Join(folder, "build", "out", "guacd"), nil
		}
		if folder == "/" {
			return "", errors.New("it is not on the PATH, and there is no repository here: no go.mod in this folder or above")
		}
	}
}

// Address is where guacd listens, HOST:PORT, whether it runs or not.
func (g *Guacd) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(g.port)) }

// Start starts a guacd that was killed, on the same port, and waits until it listens.
func (g *Guacd) Start() error {
	// It tells of errors only: with a word to syslog while it forks, the child can
	// wait for a lock that nobody holds.
	cmd := exec.Command(g.program, "-f", "-b", "127.0.0.1", "-l", strconv.Itoa(g.port), "-L", "error")
	cmd.Env = append(os.Environ(), g.env...)
	server, err := run(cmd, filepath.Join(g.dir, "log"), syscall.SIGKILL)
	if err == nil {
		g.server = server
		err = server.ready(g.listens)
	}
	if err != nil {
		return fmt.Errorf("start guacd: %w", err)
	}
	return nil
}

func (g *Guacd) listens() error {
	conn, err := net.Dial("tcp", g.Address())
	if err != nil {
		return err
	}
	return conn.Close()
}

// Kill ends guacd and every console it carries, with no time for a word to anybody.
// Of one that does not run, nothing is asked.
func (g *Guacd) Kill() error {
	if g.server == nil {
		return nil
	}
	if err := g.server.end(syscall.SIGKILL, true); err != nil {
		return fmt.Errorf("kill guacd: %w", err)
	}
	return nil
}

// Close is Kill for good: it cannot be started again.
func (g *Guacd) Close() error { return errors.Join(g.Kill(), os.RemoveAll(g.dir)) }
