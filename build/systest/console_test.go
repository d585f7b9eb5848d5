package systest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// console is a person at a guest's serial port.
type console struct {
	port   io.ReadWriteCloser
	marks  int           // used by do
	more   chan struct{} // has a value when seen grew or the port ended
	mu     sync.Mutex
	seen   []byte
	broken error // why there will be no more
}

func newConsole(port io.ReadWriteCloser) *console {
	c := &console{port: port, more: make(chan struct{}, 1)}
	go c.read()
	return c
}

func (c *console) read() {
	buffer := make([]byte, 4096)
	for {
		n, err := c.port.Read(buffer)
		c.mu.Lock()
		c.seen, c.broken = append(c.seen, buffer[:n]...), err
		c.mu.Unlock()
		select {
		case c.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// close gives the port free; an error would be of a port that is gone already.
func (c *console) close() { _ = c.port.Close() }

// find gives what pattern found in all that was seen so far, and if it did
// not, the error that ended the port.
func (c *console) find(pattern *regexp.Regexp) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := pattern.FindSubmatch(c.seen); found != nil {
		texts := make([]string, len(found))
		for i, f := range found {
			texts[i] = string(f)
		}
		return texts, nil
	}
	if c.broken != nil {
		return nil, fmt.Errorf("the console ended: %w; it showed %q", c.broken, c.seen)
	}
	return nil, nil
}

// await waits until pattern is found, typing nudge every second if there is one.
func (c *console) await(ctx context.Context, pattern *regexp.Regexp, nudge string) ([]string, error) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		if found, err := c.find(pattern); found != nil || err != nil {
			return found, err
		}
		select {
		case <-c.more:
		case <-ticker.C:
			if _, err := io.WriteString(c.port, nudge); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("%s did not come; the console showed %q", pattern, c.seen)
		}
	}
}

var prompt = regexp.MustCompile(`root@([A-Za-z0-9._-]+):\S*# `)

// login waits for the prompt, and gives the name the guest has for itself.
func (c *console) login(ctx context.Context) (hostName string, err error) {
	found, err := c.await(ctx, prompt, "\n")
	if err != nil {
		return "", err
	}
	return found[1], nil
}

// do runs a shell command in the guest and gives what it wrote. The marks are
// computed by the guest, so that the echo of the command is not its answer.
func (c *console) do(ctx context.Context, command string) (string, error) {
	c.marks++
	mark := strconv.Itoa(c.marks)
	line := fmt.Sprintf("echo S$((%s))T; %s; echo E$((%s))D$?.\n", mark, command, mark)
	if _, err := io.WriteString(c.port, line); err != nil {
		return "", err
	}
	found, err := c.await(ctx, regexp.MustCompile(`(?s)S`+mark+`T\r?\n(.*)E`+mark+`D(\d+)\.`), "")
	if err != nil {
		return "", err
	}
	if found[2] != "0" {
		return "", fmt.Errorf("%s: exit code %s: %s", command, found[2], found[1])
	}
	return found[1], nil
}

// terminal is a program on a terminal of its own.
type terminal struct {
	io.Reader
	io.WriteCloser
	end func() error
}

func (t terminal) Close() error { return t.end() }

// openConsole opens the serial port of a node with virsh, as any user of libvirt
// does; whoever had it loses it.
func (w *world) openConsole(node string) (*console, error) {
	ctx, cancel := context.WithCancel(context.Background())
	virsh := fmt.Sprintf("exec virsh -q -c %s console %s --force", w.uri, node)
	cmd := w.cmd(ctx, "script", "--quiet", "--flush", "--command", virsh, "/dev/null")
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	end := func() error {
		cancel()
		_ = cmd.Wait() // it was killed
		return nil
	}
	return newConsole(terminal{out, in, end}), nil
}
