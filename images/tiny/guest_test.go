package tiny_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Guest is a running machine: its serial line, its QMP monitor, and what the line has said
// since it was last asked.
type Guest struct {
	serial  net.Conn
	monitor net.Conn
	replies *bufio.Scanner
	said    string
	exited  chan error
}

// Boot starts a machine with the given SMBIOS serial number and waits for its shell. QEMU
// connects to sockets that we listen on, so nothing has to be polled.
func Boot(t *testing.T, disk, serial string) *Guest {
	t.Helper()
	line, monitor := listen(t), listen(t)
	cmd := exec.Command("qemu-system-x86_64",
		"-machine", "q35", "-m", "256", "-nodefaults", "-display", "none", "-vga", "std",
		"-drive", "if=virtio,format=qcow2,file="+disk,
		"-nic", "user,model=virtio-net-pci",
		"-smbios", "type=1,serial="+serial,
		"-chardev", "socket,id=line,path="+line.Addr().String(), "-serial", "chardev:line",
		"-chardev", "socket,id=monitor,path="+monitor.Addr().String(), "-mon", "chardev=monitor,mode=control")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g := &Guest{exited: make(chan error, 1)}
	go func() {
		if err := cmd.Wait(); err != nil {
			err = fmt.Errorf("%w: %s", err, stderr.String())
			g.exited <- err
		}
		close(g.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has usually ended by itself
		<-g.exited
	})
	g.serial, g.monitor = accept(t, line), accept(t, monitor)
	g.replies = bufio.NewScanner(g.monitor)
	g.Order(t, `{"execute": "qmp_capabilities"}`)
	g.WaitFor(t, ":~# ")
	return g
}

// Want runs a command and wants its output to have the text.
func (g *Guest) Want(t *testing.T, command, text string) {
	t.Helper()
	if got := g.Run(t, command); !strings.Contains(got, text) {
		t.Errorf("%s: %q, want %q in it", command, got, text)
	}
}

// Run runs a command in the shell on the serial line and returns what it says.
func (g *Guest) Run(t *testing.T, command string) string {
	t.Helper()
	g.Send(t, command)
	g.WaitFor(t, "\r\n") // its echo
	return g.WaitFor(t, ":~# ")
}

// Send types a line on the serial line.
func (g *Guest) Send(t *testing.T, line string) {
	t.Helper()
	if _, err := g.serial.Write([]byte(line + "\n")); err != nil {
		t.Fatal(err)
	}
}

// WaitFor waits until the serial line says text, and returns what it said up to there.
func (g *Guest) WaitFor(t *testing.T, text string) string {
	t.Helper()
	if err := g.serial.SetReadDeadline(time.Now().Add(bootLimit)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 4096)
	for {
		if before, after, found := strings.Cut(g.said, text); found {
			g.said = after
			return before
		}
		n, err := g.serial.Read(buffer)
		if err != nil {
			t.Fatalf("waiting for %q: %v; it said %q", text, err, g.said)
		}
		g.said += string(buffer[:n])
	}
}

// Type presses keys on the keyboard that belongs to the screen: QEMU's key names, "shift-" before them.
func (g *Guest) Type(t *testing.T, keys string) {
	t.Helper()
	for key := range strings.FieldsSeq(keys) {
		g.Order(t, fmt.Sprintf(`{"execute": "human-monitor-command", "arguments": {"command-line": "sendkey %s 20"}}`, key))
	}
}

// Order gives an order to the machine and waits for its answer, past any event.
func (g *Guest) Order(t *testing.T, order string) {
	t.Helper()
	if _, err := g.monitor.Write([]byte(order + "\n")); err != nil {
		t.Fatal(err)
	}
	for g.replies.Scan() {
		var reply struct{ Return, Error json.RawMessage }
		if err := json.Unmarshal(g.replies.Bytes(), &reply); err != nil {
			t.Fatal(err)
		}
		if reply.Error != nil {
			t.Fatalf("%s: %s", order, reply.Error)
		}
		if reply.Return != nil {
			return
		}
	}
	t.Fatalf("%s: the machine is gone", order)
}

// WaitForExit waits until the machine is off.
func (g *Guest) WaitForExit(t *testing.T) {
	t.Helper()
	select {
	case err := <-g.exited:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(stopLimit):
		t.Fatal("the machine is still on")
	}
}

func listen(t *testing.T) *net.UnixListener {
	t.Helper()
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"}
	l, err := net.ListenUnix("unix", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func accept(t *testing.T, l *net.UnixListener) net.Conn {
	t.Helper()
	if err := l.SetDeadline(time.Now().Add(stopLimit)); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
