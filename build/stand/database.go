package stand

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// superuser is the name of the role that may do everything.
const superuser = "postgres"

// Database is a PostgreSQL server of our own: real, and set up for speed, so that
// what it was told last is lost when the machine fails, but not when it is killed.
// Its methods MUST NOT be called at once, NewGateway excepted.
type Database struct {
	// Durable, from the next Start on, has it flush what it is told to the disk, as
	// a person's own does: for measuring.
	Durable bool

	dir      string // holds the data, and the log beside it
	bin      string // folder of its programs
	owner    *syscall.SysProcAttr
	port     int
	password string
	server   *process

	mu        sync.Mutex
	templates map[string]bool // versions of which there is a template
}

// NewDatabase makes a server in dir, which must be empty or not there, and starts
// it on a free port of 127.0.0.1; passwords are asked for on every way in. As root
// it runs as an unprivileged user, who gets dir and may pass through the folders
// of the temporary directory that lead to it. It takes one to two seconds.
func NewDatabase(dir string) (*Database, error) {
	d := &Database{dir: dir, password: rand.Text(), templates: map[string]bool{}}
	for _, step := range []struct {
		verb string
		do   func() error
	}{
		{"find PostgreSQL", d.findPrograms},
		{"give folder to PostgreSQL", d.giveFolder},
		{"make database", d.initialise},
		{"find port", d.findPort},
	} {
		if err := step.do(); err != nil {
			return nil, fmt.Errorf("%s: %w", step.verb, err)
		}
	}
	return d, d.Start()
}

// Port is where the server listens on 127.0.0.1, whether it runs or not.
func (d *Database) Port() int { return d.port }

// Start starts a server that was stopped or killed, on the same port, and waits
// until it lets us in.
func (d *Database) Start() error {
	cmd := d.command("postgres", "-D", d.data(), "-p", strconv.Itoa(d.port))
	settings := []string{"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "logging_collector=off"}
	if !d.Durable {
		settings = append(settings, "fsync=off", "full_page_writes=off", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0", "jit=off")
	}
	for _, setting := range settings {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	server, err := run(cmd, filepath.Join(d.dir, "log"), syscall.SIGQUIT)
	if err == nil {
		d.server = server
		err = server.ready(func() error { return d.as(superuser, func(*pgx.Conn) error { return nil }) })
	}
	if err != nil {
		return fmt.Errorf("start database: %w", err)
	}
	return nil
}

// Stop ends the server in order: clients are told and cut off. Of a server that
// does not run, nothing is asked; the same holds for Kill and Close.
func (d *Database) Stop() error { return d.end("stop database", syscall.SIGINT) }

// Kill ends the server as a power failure would, and waits until all its
// processes are gone.
func (d *Database) Kill() error { return d.end("kill database", syscall.SIGKILL) }

// Close ends the server at once. Its files stay.
func (d *Database) Close() error { return d.end("close database", syscall.SIGQUIT) }

func (d *Database) end(verb string, s syscall.Signal) error {
	if d.server == nil {
		return nil
	}
	if err := d.server.end(s, false); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// findPrograms looks where Debian has them, which is on nobody's PATH, then there.
func (d *Database) findPrograms() error {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is good
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return fmt.Errorf("%w; build/setup.sh test installs it", err)
		}
		found = []string{path}
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) })
	d.bin = filepath.Dir(newest)
	return nil
}

// majorVersion reads the number in /usr/lib/postgresql/15/bin/initdb.
func majorVersion(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))) // else it is the oldest
	return n
}

// giveFolder makes the folder, and as root hands it to a user that may run
// PostgreSQL, which root may not.
func (d *Database) giveFolder() error {
	absolute, err := filepath.Abs(d.dir)
	if err != nil {
		return err
	}
	d.dir = absolute
	if err := os.MkdirAll(d.dir, 0o700); err != nil || os.Getuid() != 0 {
		return err
	}
	uid, gid, err := unprivileged()
	if err != nil {
		return err
	}
	d.owner = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	if err := os.Chown(d.dir, int(uid), int(gid)); err != nil {
		return err
	}
	return openWay(filepath.Dir(d.dir))
}

// unprivileged is who PostgreSQL runs as for root.
func unprivileged() (uid, gid uint32, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return 0, 0, err
	}
	id, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	group, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), errors.Join(uidErr, gidErr)
}

// openWay lets everybody pass through the folder and those above it. Only below
// the temporary directory, where tests get closed folders, is that ours to change.
func openWay(folder string) error {
	for ; folder != "/"; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		if mode&0o001 != 0 {
			continue
		}
		if !strings.HasPrefix(folder, filepath.Clean(os.TempDir())+"/") {
			return fmt.Errorf("%s is closed to other users, and PostgreSQL does not run as root: use a folder that is open", folder)
		}
		if err := os.Chmod(folder, mode|0o001); err != nil {
			return err
		}
	}
	return nil
}

// initialise makes the files of the server.
func (d *Database) initialise() error {
	secret := filepath.Join(d.dir, "password")
	if err := os.WriteFile(secret, []byte(d.password), 0o600); err != nil {
		return err
	}
	defer os.Remove(secret) //nolint:errcheck // it is in a folder that is closed to others
	if d.owner != nil {
		if err := os.Chown(secret, int(d.owner.Credential.Uid), int(d.owner.Credential.Gid)); err != nil {
			return err
		}
	}
	out, err := d.command("initdb", "-D", d.data(), "-U", superuser, "--pwfile="+secret,
		"--auth-host=scram-sha-256", "--auth-local=scram-sha-256",
		"--encoding=UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

func (d *Database) findPort() (err error) {
	d.port, err = freePort()
	return err
}

func (d *Database) data() string { return filepath.Join(d.dir, "data") }

// command is one of PostgreSQL's programs, run as the owner of the files.
func (d *Database) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(d.bin, program), args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if d.owner != nil {
		attributes := *d.owner
		cmd.SysProcAttr = &attributes
	}
	return cmd
}

// dsn is the address of a database of the server, for a role.
func (d *Database) dsn(role, password, name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)), Path: name,
	}
	return u.String()
}

// as does something in a database of the server, as the superuser.
func (d *Database) as(name string, do func(*pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, d.dsn(superuser, d.password, name))
	if err != nil {
		return err
	}
	return errors.Join(do(conn), conn.Close(ctx))
}
