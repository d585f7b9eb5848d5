// Package tiny_test builds the tiny guest and lives in it: nothing here is faked.
package tiny_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	bootLimit = 3 * time.Minute // a busy machine without KVM
	stopLimit = 30 * time.Second
	nobody    = 65534
)

// TestTiny builds the guest, has it built again by a stranger, and lives in it.
func TestTiny(t *testing.T) {
	needQEMU(t)
	image := Build(t, ".", nil)
	t.Run("the same packages make the same file", func(t *testing.T) { buildElsewhere(t, image) })
	t.Run("the guest lives", func(t *testing.T) { live(t, Overlay(t, image)) })
}

func buildElsewhere(t *testing.T, first string) {
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode().Perm(), os.FileMode(0o444); got != want {
		t.Errorf("mode %o, want %o", got, want)
	}
	if got, limit := info.Size(), int64(20<<20); got > limit {
		t.Errorf("%d bytes, want at most %d", got, limit)
	}

	second := Build(t, CopyElsewhere(t), stranger)
	if got, want := Sum(t, second), Sum(t, first); got != want {
		t.Errorf("the second build has sha256 %s, want %s", got, want)
	}
}

func live(t *testing.T, disk string) {
	g := Boot(t, disk, "web-01")
	g.Want(t, "hostname", "web-01")
	g.Want(t, "until ip addr show eth0 | grep 'inet '; do usleep 100000; done", "inet 10.0.2.15/24")
	g.Want(t, "cat /etc/resolv.conf", "nameserver 10.0.2.3")
	g.Type(t, "e c h o spc o n shift-minus s c r e e n spc shift-dot slash d e v slash t t y shift-s 0 ret")
	g.WaitFor(t, "on_screen")
	g.Run(t, "echo kept >file")
	g.Order(t, `{"execute": "system_powerdown"}`)
	g.WaitForExit(t)

	g = Boot(t, disk, "db.example-2")
	g.Want(t, "hostname", "db.example-2")
	g.Want(t, "cat file", "kept")
	g.Run(t, "echo synced >file; sync")
	g.Order(t, `{"execute": "quit"}`)
	g.WaitForExit(t)

	g = Boot(t, disk, "no; name")
	g.Want(t, "hostname", "tiny")
	g.Want(t, "cat file", "synced")
	g.Send(t, "reboot")
	g.WaitFor(t, "tiny guest of SandBoxLabs")
	g.Send(t, "poweroff")
	g.WaitForExit(t)
}

func TestArgumentsAreChecked(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--help"}, {"a.qcow2", "b.qcow2"}} {
		out, err := exec.Command("./build.sh", arguments...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "usage:") {
			t.Errorf("build.sh %v: %v, %q; want a failure that shows the usage", arguments, err, out)
		}
	}
}

// needQEMU leaves the tests that boot a machine out of the short run. Where they run, a
// missing tool is a failure.
func needQEMU(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs QEMU and Debian packages; run without -short")
	}
}

// Build runs the build.sh in dir, as changed by change, and returns the image.
func Build(t *testing.T, dir string, change func(*testing.T, *exec.Cmd)) string {
	t.Helper()
	out := filepath.Join(OpenDir(t), "tiny.qcow2")
	cmd := exec.Command("./build.sh", out)
	cmd.Dir = dir
	if change != nil {
		change(t, cmd)
	}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build.sh: %v\n%s", err, output)
	}
	return out
}

// stranger builds with another clock, language and mask, and as another user where root may.
func stranger(t *testing.T, cmd *exec.Cmd) {
	cache := filepath.Join(cmd.Dir, "cache")
	cmd.Env = append(os.Environ(), "TZ=Asia/Tokyo", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1", "XDG_CACHE_HOME="+cache)
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `umask 077; exec "$0" "$@"`}, cmd.Args...)
	if os.Geteuid() != 0 {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	Give(t, cache)
	Give(t, filepath.Dir(cmd.Args[len(cmd.Args)-1]))
}

// CopyElsewhere copies the recipe and the downloaded packages to where any user may read them.
func CopyElsewhere(t *testing.T) string {
	t.Helper()
	dir := OpenDir(t)
	if err := os.CopyFS(dir, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	const packages = "sandboxlabs/tiny"
	if err := os.CopyFS(filepath.Join(dir, "cache", packages), os.DirFS(filepath.Join(cache, packages))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// OpenDir is a temporary directory that other users can enter.
func OpenDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Give hands a tree over to nobody.
func Give(t *testing.T, tree string) {
	t.Helper()
	err := filepath.WalkDir(tree, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Overlay puts an empty writable disk on an image.
func Overlay(t *testing.T, image string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "disk.qcow2")
	cmd := exec.Command("qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "qcow2", out)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("qemu-img: %v\n%s", err, output)
	}
	return out
}

// Sum is the sha256 of a file.
func Sum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}
