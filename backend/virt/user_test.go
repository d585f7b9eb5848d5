package virt

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// tester is the ordinary user as whom root runs the tests again.
var tester = fmt.Sprintf("lab-virt-%d", os.Getpid())

// TestAsUser runs every test of this package again with the libvirt of an
// ordinary user, who is made for it and removed afterwards.
func TestAsUser(t *testing.T) {
	needReal(t)
	if os.Geteuid() != 0 {
		t.Log("this is an ordinary user already, who has run every other test")
		return
	}
	u := mustUser(t)
	home := u.HomeDir
	program := filepath.Join(home, "virt.test")
	mustCopy(t, os.Args[0], program)
	runtime := filepath.Join(home, "run")
	mustOwn(t, u, runtime)
	t.Cleanup(func() { stopDaemon(t, runtime) })
	cmd := exec.CommandContext(t.Context(), program, "-test.v", "-test.timeout=5m", "-test.run="+os.Getenv("VIRT_TEST_RUN"))
	cmd.Dir = filepath.Join(home, "src") // golden files
	mustCopyTree(t, "testdata", filepath.Join(cmd.Dir, "testdata"))
	cmd.Env = []string{"HOME=" + home, "USER=" + tester, "PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + runtime, "TMPDIR=" + home}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(t, u)}
	out, err := cmd.CombinedOutput()
	t.Logf("as %s:\n%s", tester, out)
	if err != nil {
		t.Errorf("as %s: %v", tester, err)
	}
}

func mustUser(t *testing.T) *user.User {
	t.Helper()
	mustRun(t, "useradd", "--create-home", "--base-dir", "/var/tmp", tester)
	t.Cleanup(func() { mustRun(t, "userdel", "--remove", "--force", tester) })
	u, err := user.Lookup(tester)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func credential(t *testing.T, u *user.User) *syscall.Credential {
	t.Helper()
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func mustOwn(t *testing.T, u *user.User, dir string) {
	t.Helper()
	c := credential(t, u)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
		t.Fatal(err)
	}
}

func mustCopy(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

func mustCopyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func mustRun(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// daemonPID finds a user's own libvirtd.
func daemonPID(runtime string) (int, error) {
	text, err := os.ReadFile(filepath.Join(runtime, "libvirt", "libvirtd.pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func stopDaemon(t *testing.T, runtime string) {
	t.Helper()
	pid, err := daemonPID(runtime)
	if err != nil {
		t.Errorf("the user's libvirtd: %v", err)
		return
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Errorf("stopping the user's libvirtd: %v", err)
	}
	eventually(t, "the user's libvirtd is gone", func() bool { return syscall.Kill(pid, 0) != nil })
}
