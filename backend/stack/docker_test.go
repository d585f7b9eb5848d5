package stack

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// upEnv makes this test binary a process that brings the stack of a folder up and
// prints its problem.
const upEnv = "STACK_TEST_UP"

func upOnce(dir string) {
	s := New(files(), dir)
	s.answers = 5 * time.Second
	problem := lab.ProblemOf(s.Up(cancelledAfter(30*time.Second), lab.GatewaySettings{}, func(string) {}))
	must(json.NewEncoder(os.Stdout).Encode(problem))
	os.Exit(0)
}

// mustRealDocker skips where there is no docker command with a compose. The daemon
// is whoever listens at the socket that is returned.
func mustRealDocker(t *testing.T) (socket string) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real docker command; run without -short")
	}
	if !isInstalled("docker") {
		t.Skip("there is no docker command here")
	}
	if exec.Command("docker", "compose", "version").Run() != nil && !isInstalled("docker-compose") {
		t.Fatal("there is no Docker Compose here; build/setup.sh test installs it")
	}
	dir, err := os.MkdirTemp("", "stack") // t.TempDir is too long for a socket, and closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is temporary
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "docker.sock")
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	t.Setenv("DOCKER_CONFIG", dir)
	return socket
}

func TestRealDockerWithoutItsDaemon(t *testing.T) {
	mustRealDocker(t)
	s := New(files(), filepath.Join(t.TempDir(), "gateway"))
	err := s.Up(t.Context(), lab.GatewaySettings{}, func(string) {})
	mustBe(t, err, lab.KindUnavailable, "Docker's daemon is not running", "sudo systemctl start docker")
	_, err = s.Access()
	mustBe(t, err, lab.KindNotFound)
}

func TestRealDockerOnceItsDaemonIsGone(t *testing.T) {
	mustRealDocker(t)
	s := New(files(), filepath.Join(t.TempDir(), "gateway"))
	e := newEnv(s.dir)
	for _, l := range listeners {
		e.set(l.variable, "28085")
	}
	if err := s.writeEnv(e); err != nil {
		t.Fatal(err)
	}
	_, servicesErr := s.Services(t.Context())
	_, logsErr := s.Logs(t.Context(), 10)
	for _, err := range []error{servicesErr, logsErr, s.Down(t.Context(), func(string) {})} {
		mustBe(t, err, lab.KindUnavailable, "Docker's daemon is not running", "sudo systemctl start docker")
	}
}

func TestRealDockerWhoseDaemonHangs(t *testing.T) {
	listener, err := net.Listen("unix", mustRealDocker(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nobody ever spoke to it
	s := New(files(), filepath.Join(t.TempDir(), "gateway"))
	s.answers = 5 * time.Second // within which docker itself must have started
	mustBe(t, s.Up(t.Context(), lab.GatewaySettings{}, func(string) {}), lab.KindUnavailable, "Docker does not answer")
}

func TestRealDockerThatIsNotForUs(t *testing.T) {
	socket := mustRealDocker(t)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nobody ever spoke to it
	if err := os.Chmod(socket, 0); err != nil {
		t.Fatal(err)
	}
	cmd := mustStranger(t, filepath.Dir(socket))
	said, err := cmd.Output()
	var p lab.Problem
	if err != nil || json.Unmarshal(said, &p) != nil {
		t.Fatalf("got %q, %v", said, err)
	}
	if p.Kind != lab.KindDenied || !strings.Contains(p.Message, "this user may not use Docker") || !strings.Contains(p.Hint, "usermod -aG docker") {
		t.Errorf("got %+v, want KindDenied and the remedy", p)
	}
}

// mustStranger is this test binary run by somebody who is not root.
func mustStranger(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program, home := filepath.Join(dir, "stack.test"), filepath.Join(dir, "home")
	if err := os.WriteFile(program, content, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s/gateway", upEnv, home), "HOME="+home)
	if os.Getuid() == 0 {
		const nobody = 65534
		if err := os.Chown(home, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}
