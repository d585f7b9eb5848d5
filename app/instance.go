package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"time"

	"sandboxlabs/backend/lab"
)

// raiseLimit is how long a second start waits for the first one.
const raiseLimit = 2 * time.Second

// Raisable lets RaiseOther bring a's window to the front, through a unix socket,
// until the closer is closed. Only one process at a time may do so with a socket.
func Raisable(ctx context.Context, a *App, socket string) (io.Closer, error) {
	// one is left there by a process that was killed
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, lab.Errorf(lab.KindDenied, "can not remove %s", socket).WithHint("Make its folder writable for you.").WithCause(err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "can not listen on %s", socket).WithHint("Make its folder writable for you.").WithCause(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			a.raise()
			_ = c.Close() // tells the other one, who waits for nothing else
		}
	}()
	return l, nil
}

// RaiseOther brings the window that listens on socket to the front.
func RaiseOther(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, raiseLimit)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return lab.Errorf(lab.KindBusy, "SandBoxLabs is open already").WithHint("Look for its window.").WithCause(err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	if err := c.SetDeadline(deadline); err != nil {
		return lab.Errorf(lab.KindInternal, "SandBoxLabs is open already").WithCause(err)
	}
	if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return lab.Errorf(lab.KindBusy, "SandBoxLabs is open already, and does not answer").
			WithHint("Look for its window, or end its process.")
	}
	return nil
}
