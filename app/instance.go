package app

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"time"

	"sandboxlabs/backend/lab"
)

// raiseLimit is how long a second start waits for the first one.
const raiseLimit = 2 * time.Second

// maxWish bounds what a second start may send, in bytes: it may name many files.
const maxWish = 1 << 20

// wish is what a second start sends to the first one, as JSON.
type wish struct {
	Opening lab.Opening `json:"opening"`
	Token   string      `json:"token"` // lets the window come to the front; empty: the desktop gave none
	URI     string      `json:"uri"`   // of the hypervisor that the window is to show; empty: whichever
}

// Raisable lets RaiseOther bring a's window to the front, through a unix socket,
// until the closer is closed; uri is of the hypervisor that it shows. Only one process at
// a time may do so with a socket.
func Raisable(ctx context.Context, a *App, socket, uri string) (io.Closer, error) {
	// one is left there by a process that was killed
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, lab.Errorf(lab.KindDenied, "can not remove %s", socket).WithHint("Make its folder writable for you.").WithCause(err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "can not listen on %s", socket).WithHint("Make its folder writable for you.").WithCause(err)
	}
	go attend(l, uri, a.grant)
	return l, nil
}

// attend hears every wish until l is closed; uri is of the hypervisor that the window shows.
func attend(l net.Listener, uri string, grant func(wish)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		go hear(c, uri, grant)
	}
}

// hear reads a wish, has it granted, and closes the connection, which tells the
// other one; before that, it says why a wish is not granted. A wish that can not be
// read is one for the window alone.
func hear(c net.Conn, uri string, grant func(wish)) {
	defer c.Close()
	var w wish
	err := c.SetReadDeadline(time.Now().Add(raiseLimit))
	if err = errors.Join(err, json.NewDecoder(io.LimitReader(c, maxWish)).Decode(&w)); err != nil {
		slog.Warn("a second start did not say what it wants", "error", err)
		w = wish{}
	}
	if w.URI == "" || w.URI == uri {
		grant(w)
		return
	}
	other := lab.Errorf(lab.KindBusy, "the window that is open shows the nodes of %s, not those of %s", uri, w.URI).
		WithHint("Close that window first, or set the other libvirt in its settings and restart it.")
	if err := json.NewEncoder(c).Encode(lab.ProblemOf(other)); err != nil {
		slog.Warn("a second start did not hear why nothing is opened", "error", err)
	}
}

// grant shows what is wished for, in front. A start that was to be hidden is one
// by the session, which has nothing to show.
func (a *App) grant(w wish) {
	<-a.ready
	a.show(w.Opening)
	if !w.Opening.Hidden {
		a.appear(w.Token)
	}
}

// RaiseOther brings the window that listens on socket to the front, with what is to be
// opened. KindBusy if that shows another hypervisor than the one at uri; empty: any will do.
func RaiseOther(ctx context.Context, socket, uri string, o lab.Opening) error {
	ctx, cancel := context.WithTimeout(ctx, raiseLimit)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return lab.Errorf(lab.KindBusy, "SandBoxLabs is open already").WithHint("Look for its window.").WithCause(err)
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	err = c.SetDeadline(deadline)
	err = errors.Join(err, json.NewEncoder(c).Encode(wish{Opening: o, Token: activationToken(), URI: uri}))
	if err != nil {
		return lab.Errorf(lab.KindInternal, "SandBoxLabs is open already").WithHint("Look for its window.").WithCause(err)
	}
	var refused lab.Problem
	err = json.NewDecoder(io.LimitReader(c, maxWish)).Decode(&refused)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return lab.Errorf(lab.KindBusy, "SandBoxLabs is open already, and does not answer").
			WithHint("Look for its window, or end its process.")
	case err == nil:
		return &lab.Error{Kind: refused.Kind, Message: refused.Message, Hint: refused.Hint}
	}
	return nil // it closed without a word
}

// activationToken is what the desktop gave this start, to let a window come to the
// front: by xdg-activation on Wayland, by startup notification on X11.
func activationToken() string {
	if token := os.Getenv("XDG_ACTIVATION_TOKEN"); token != "" {
		return token
	}
	return os.Getenv("DESKTOP_STARTUP_ID")
}
