package rest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"
)

// ownSocket lets in what the socket's owner runs, and root: its mode does, and
// this should somebody widen that.
type ownSocket struct{ net.Listener }

func (o ownSocket) Accept() (net.Conn, error) {
	for {
		c, err := o.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peer(c)
		if err == nil && (uid == 0 || uid == uint32(os.Geteuid())) { //nolint:gosec // it is not negative on Linux
			return c, nil
		}
		slog.Warn("refused another user at the socket", "uid", uid, "error", err)
		_ = c.Close() // nothing was said
	}
}

// peer tells who is at the other end of a unix socket (SO_PEERCRED, unix(7)).
func peer(c net.Conn) (uid uint32, err error) {
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) { cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err == nil {
		err = credErr
	}
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}

type socketKey struct{}

// marked notes of a connection whether it came by the unix socket.
func marked(ctx context.Context, c net.Conn) context.Context {
	if _, ok := c.(*net.UnixConn); ok {
		return context.WithValue(ctx, socketKey{}, true)
	}
	return ctx
}

func fromSocket(r *http.Request) bool { return r.Context().Value(socketKey{}) != nil }
