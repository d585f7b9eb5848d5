package rest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/rest/upload"
	"sandboxlabs/backend/service"
)

// roleEnv makes this test binary a server that systemd has started.
const roleEnv = "REST_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleEnv) != "" {
		if err := started(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// started serves at what it was given, whatever it is told to listen on.
func started() error {
	world := labtest.NewWorld()
	s := service.New(service.Options{Hypervisor: world.Hypervisor, Pool: world.Pool, Library: world.Library, Store: world.Store})
	server := New(Options{Service: s, Page: built(), Uploads: upload.Open(filepath.Join(os.TempDir(), "none")), Anyone: true})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	doors, err := Listen(ctx, Ports{Addresses: []string{"127.0.0.1:1"}, Socket: "/absent/s", Anyone: os.Getenv(roleEnv) == "open"})
	if err != nil {
		return err
	}
	return server.Serve(ctx, doors, func(string) {})
}

// activated is a process as systemd starts one: with sockets (sd_listen_fds(3)),
// and an address to tell its state to (sd_notify(3)).
type activated struct {
	cmd    *exec.Cmd
	states *net.UnixConn
	said   strings.Builder
}

func mustActivate(t *testing.T, role string, listeners ...interface{ File() (*os.File, error) }) *activated {
	t.Helper()
	notify := filepath.Join(t.TempDir(), "n")
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { must(t, states.Close()) })
	must(t, states.SetReadDeadline(time.Now().Add(patience)))
	a := &activated{states: states}
	// the process that has the sockets must be the one they are for
	a.cmd = exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	a.cmd.Env = append(os.Environ(), roleEnv+"="+role, fmt.Sprint("LISTEN_FDS=", len(listeners)), "NOTIFY_SOCKET="+notify)
	a.cmd.Stderr = &a.said
	for _, l := range listeners {
		f, err := l.File()
		must(t, err)
		defer func() { must(t, f.Close()) }()
		a.cmd.ExtraFiles = append(a.cmd.ExtraFiles, f)
	}
	must(t, a.cmd.Start())
	return a
}

// mustTell waits for the process to tell a state.
func (a *activated) mustTell(t *testing.T, want string) {
	t.Helper()
	b := make([]byte, 64)
	n, err := a.states.Read(b)
	if got := string(b[:n]); err != nil || got != want {
		t.Fatalf("it tells %q, %v, want %q: %s", got, err, want, a.said.String())
	}
}

func TestActivation(t *testing.T) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	defer func() { must(t, tcp.Close()) }()
	path := filepath.Join(t.TempDir(), "s")
	unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	defer func() { must(t, unix.Close()) }()
	a := mustActivate(t, "open", tcp, unix)
	a.mustTell(t, "READY=1")
	for _, transport := range []http.RoundTripper{http.DefaultTransport, bySocket(path)} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tcp.Addr().String()+"/", nil)
		must(t, err)
		answer, err := transport.RoundTrip(r)
		must(t, err)
		must(t, answer.Body.Close())
		if got, want := answer.StatusCode, http.StatusOK; got != want {
			t.Errorf("by %T it gives %d, want %d", transport, got, want)
		}
	}
	must(t, a.cmd.Process.Signal(syscall.SIGTERM))
	a.mustTell(t, "STOPPING=1")
	if err := a.cmd.Wait(); err != nil {
		t.Errorf("it ends with %v: %s", err, a.said.String())
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("systemd's socket is gone: %v", err)
	}
}

// What systemd listens on is no safer for that.
func TestActivationAtAnotherAddress(t *testing.T) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4zero})
	must(t, err)
	defer func() { must(t, tcp.Close()) }()
	a := mustActivate(t, "closed", tcp)
	if err := a.cmd.Wait(); err == nil || !strings.Contains(a.said.String(), "no certificate") {
		t.Errorf("it ends with %v and says %q, want it to say that there is no certificate", err, a.said.String())
	}
}
