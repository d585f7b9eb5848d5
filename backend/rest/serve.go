package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	headerLimit = 5 * time.Second
	idleLimit   = 2 * time.Minute
	stopLimit   = 5 * time.Second // for requests under way to finish
)

// Listen takes a loopback address (host:port). KindInvalid for any other,
// KindBusy if the port is taken.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	if !loopback(address) {
		return nil, lab.Errorf(lab.KindInvalid, "%q is not an address of this computer alone", address).
			WithHint("SandBoxLabs serves only loopback, such as 127.0.0.1:3001; reach it from afar through ssh -L.")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, lab.Errorf(lab.KindBusy, "%s is in use by another program", address).
			WithHint("Stop that program, or choose another port: --listen 127.0.0.1:0 takes a free one.")
	case errors.Is(err, syscall.EACCES):
		return nil, lab.Errorf(lab.KindDenied, "%s may not be used without privileges", address).
			WithHint("Choose a port above 1023 with --listen.")
	case err != nil:
		return nil, lab.Errorf(lab.KindInvalid, "%s can not be listened to", address).WithCause(err)
	}
	return l, nil
}

// Address gives the link that begins the session of a server on l, once.
func (s *Server) Address(l net.Listener) string {
	return fmt.Sprintf("http://%s/?token=%s", l.Addr(), s.session.token)
}

// Serve answers on l until ctx ends. Then the streams end, requests under way
// have a moment to finish, and l is closed.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerLimit,
		IdleTimeout:       idleLimit,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // streams and consoles end with it
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return lab.Errorf(lab.KindUnavailable, "%s can not be served any more", l.Addr()).WithCause(err)
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		slog.Warn("stopped with requests under way", "error", err)
		return server.Close()
	}
	return nil
}
