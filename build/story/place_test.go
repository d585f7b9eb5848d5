package story

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/build/bus"
)

// Profiles of libvirt.
const (
	system  = "system"
	session = "session"
)

// profiles lists whose libvirt this run can use. Root plays both, the session
// as an ordinary user made for it; anyone else plays as themselves.
func profiles() []string {
	if os.Geteuid() == 0 {
		return []string{system, session}
	}
	return []string{session}
}

// place is where one play happens: folders, settings and a pool of its own, in
// the session profile also a libvirt and, if root plays, a user of its own.
type place struct {
	t       *testing.T
	uri     string
	dir     string // of everything but a system profile's pool
	pool    string // folder of the pool
	program string // sandboxlabs
	user    string // who plays, if not who runs the test
	login   *syscall.Credential
	end     io.WriteCloser
	bus     *bus.Bus // of the window's session; nil: one with nothing of a desktop on it
	busDir  string   // of its socket
}

// newPlace makes a place and has it cleared away when the test is over.
func newPlace(t *testing.T, profile string) *place {
	t.Helper()
	dir := must(os.MkdirTemp("", "sblstory"))(t)
	p := &place{t: t, uri: "qemu:///" + profile, dir: dir, pool: filepath.Join(dir, "pool"), program: mustProgram(t)}
	p.clearAtEnd()
	// What has just been killed may still write there.
	p.atEnd("for i in $(seq 20); do rm -rf %s && break; sleep 0.2; done; ! [ -e %[1]s ]", dir)
	p.makeFolders()
	if profile == system {
		p.pool = filepath.Join("/var/lib/libvirt/images", filepath.Base(dir))
		p.atEnd("rm -rf %s %[1]s.incoming", p.pool)
	} else if os.Geteuid() == 0 {
		p.makeUser()
	}
	if profile == session {
		p.atEnd("for d in libvirtd virtlogd; do kill $(cat %s/run/libvirt/$d.pid); done", dir)
	}
	p.forgetAtEnd()
	p.write("config/sandboxlabs/config.toml", fmt.Sprintf("[pool]\nname = %q\npath = %q\n", filepath.Base(dir), p.pool))
	return p
}

// isSession reports whether it is of an ordinary user's own libvirt.
func (p *place) isSession() bool { return p.uri == "qemu:///"+session }

// mustProgram finds the built program.
func mustProgram(t *testing.T) string {
	t.Helper()
	path := must(filepath.Abs("../bin/sandboxlabs"))(t)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: build it with make build", err)
	}
	return path
}

// clearAtEnd starts the shell that clears the place away. It learns its lines
// as things are made and runs them, the last first, when its standard input
// ends: after the test, and also if the test panics, times out or is killed.
func (p *place) clearAtEnd() {
	p.t.Helper()
	shell := exec.Command("sh", "-c", "tac | sh >/dev/null 2>&1")
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p.end = must(shell.StdinPipe())(p.t)
	check(p.t, shell.Start())
	p.t.Cleanup(func() {
		if err := p.end.Close(); err != nil {
			p.t.Error(err)
		}
		if err := shell.Wait(); err != nil {
			p.t.Error(err)
		}
	})
}

// atEnd adds a line of shell to the clearing away.
func (p *place) atEnd(format string, args ...any) {
	p.t.Helper()
	must(fmt.Fprintf(p.end, format+"\n", args...))(p.t)
}

// forgetAtEnd rids libvirt of what stands in the place's pool, however it came there.
func (p *place) forgetAtEnd() {
	virsh := strings.Join(append(p.asUser(), "virsh", "-c", p.uri), " ")
	p.atEnd("v='%s'; p=%s; $v pool-destroy $p; $v pool-undefine $p", virsh, filepath.Base(p.dir))
	p.atEnd("v='%s'; for d in $($v list --all --uuid); do $v dumpxml $d | grep -q %s/ && { $v destroy $d; $v undefine $d --managed-save; }; done", virsh, p.pool)
}

// asUser is the prefix of a command of the clearing away that runs as the
// place's user in its folders.
func (p *place) asUser() []string {
	prefix := append([]string{"env"}, p.folders()...)
	if p.login == nil {
		return prefix
	}
	return append([]string{"setpriv", "--reuid", p.user, "--regid", p.user, "--clear-groups"}, prefix...)
}

var folders = map[string]string{
	"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "XDG_STATE_HOME": "state",
	"XDG_CACHE_HOME": "cache", "XDG_RUNTIME_DIR": "run", "TMPDIR": "tmp",
}

func (p *place) folders() []string {
	var env []string
	for name, dir := range folders {
		env = append(env, name+"="+filepath.Join(p.dir, dir))
	}
	return env
}

func (p *place) makeFolders() {
	p.t.Helper()
	check(p.t, os.Chmod(p.dir, 0o755)) // QEMU passes through it
	for _, dir := range folders {
		check(p.t, os.Mkdir(filepath.Join(p.dir, dir), 0o700))
	}
}

// makeUser makes an ordinary user and gives them the place.
func (p *place) makeUser() {
	p.t.Helper()
	p.user = filepath.Base(p.dir)
	p.atEnd("userdel --force %s", p.user) // its last processes may not have been reaped
	run(p.t, exec.Command("useradd", "--no-create-home", "--home-dir", filepath.Join(p.dir, "home"), "--user-group", p.user))
	u := must(user.Lookup(p.user))(p.t)
	uid, gid := must(strconv.Atoi(u.Uid))(p.t), must(strconv.Atoi(u.Gid))(p.t)
	p.login = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	run(p.t, exec.Command("chown", "-R", p.user+":"+p.user, p.dir))
}

// write makes a file of the place's user.
func (p *place) write(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	run(p.t, p.command(nil, "mkdir", "-p", filepath.Dir(path)))
	check(p.t, os.WriteFile(path, []byte(content), 0o644))
}

// command is a command of the place's user, with more environment.
func (p *place) command(env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = filepath.Join(p.dir, "home")
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "SANDBOXLABS_CONNECT=" + p.uri}, p.folders()...)
	cmd.Env = append(cmd.Env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.login}
	return cmd
}

// start runs a command until the place is cleared away; what it says goes to
// the log of the test if that fails.
func (p *place) start(cmd *exec.Cmd) {
	p.t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	check(p.t, cmd.Start())
	pid := cmd.Process.Pid
	p.atEnd("kill -- -%d; timeout 5 tail --pid=%d -s 0.05 -f /dev/null; kill -9 -- -%d", pid, pid, pid)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed, which Wait calls an error
	}()
	p.t.Cleanup(func() {
		if p.t.Failed() {
			_ = syscall.Kill(-pid, syscall.SIGTERM) // it may be gone
			<-ended
			p.t.Logf("%s said:\n%s", filepath.Base(cmd.Path), ends(said.String()))
		}
	})
}

// virsh runs virsh as the place's user and gives its output. Another libvirt of this
// machine may just have taken the port that a display was to have: a start is tried again.
func (p *place) virsh(args ...string) string {
	p.t.Helper()
	argv := append([]string{"-q", "-c", p.uri}, args...)
	for range 5 {
		out, err := output(p.command(nil, "virsh", argv...))
		if err == nil || args[0] != "start" || !strings.Contains(err.Error(), "Failed to find an available port") {
			return must(out, err)(p.t)
		}
	}
	return run(p.t, p.command(nil, "virsh", argv...))
}

// sandboxlabs runs the program's command line.
func (p *place) sandboxlabs(args ...string) {
	p.t.Helper()
	run(p.t, p.command(nil, p.program, args...))
}

// addTiny puts the tiny image into the library.
func (p *place) addTiny() {
	p.t.Helper()
	p.sandboxlabs("image", "add", tinyImage(p.t))
}

// addStill puts an image into the library whose guest stands still: its boot sector halts.
// Where a test asks nothing of a guest, a boot of the tiny one would cost ten seconds of a processor.
func (p *place) addStill() {
	p.t.Helper()
	disk := make([]byte, 1<<20)
	copy(disk, "\xfa\xf4\xeb\xfd")                                                       // cli, hlt, and back to that
	copy(disk[446:], "\x80\x00\x02\x00\x83\x00\x21\x00\x01\x00\x00\x00\x00\x01\x00\x00") // a partition
	copy(disk[510:], "\x55\xaa")
	p.write("still.img", string(disk))
	p.sandboxlabs("image", "add", filepath.Join(p.dir, "still.img"))
}

// tinyImage is the file of the tiny image.
func tinyImage(t *testing.T) string {
	t.Helper()
	image := must(filepath.Abs("../out/tiny.qcow2"))(t)
	if _, err := os.Stat(image); err != nil {
		t.Fatalf("%v: make it with make image", err)
	}
	return image
}
