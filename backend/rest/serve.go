package rest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"sandboxlabs/backend/lab"
)

const (
	headerLimit = 5 * time.Second
	idleLimit   = 2 * time.Minute
	maxHeader   = 32 << 10         // bytes
	stopLimit   = 30 * time.Second // for requests under way to finish
)

// Serve answers at the doors until ctx ends, and closes them. It calls ready with a
// Link, which is empty where no browser could open one, and where systemd's journal
// would keep it for others to read. At the end the requests'
// contexts end, and with them the streams; requests that go on without theirs have a
// moment to finish. systemd is told when it is ready, and when it stops.
func (s *Server) Serve(ctx context.Context, d *Doors, ready func(link string)) error {
	defer d.Close()
	s.at(d)
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       marked,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug), // what browsers think of a certificate
	}
	failed := make(chan error, len(d.all))
	var served sync.WaitGroup
	for _, l := range d.all {
		served.Go(func() { failed <- server.Serve(l) })
	}
	defer served.Wait()
	ready(s.firstLink())
	tell(daemon.SdNotifyReady)
	select {
	case err := <-failed:
		return lab.Errorf(lab.KindUnavailable, "%s can not be served any more", d).WithCause(errors.Join(err, server.Close()))
	case <-ctx.Done():
	}
	tell(daemon.SdNotifyStopping)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(limited); err != nil {
		slog.Warn("stopped with requests under way", "error", err)
		return server.Close()
	}
	return nil
}

func (s *Server) firstLink() string {
	if os.Getenv("NOTIFY_SOCKET") != "" {
		return ""
	}
	link, err := s.Link()
	if err != nil {
		slog.Info("there is no link", "error", err)
	}
	return link
}

// tell tells systemd of the state of this process, where it was started by that.
func tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		slog.Warn("systemd could not be told", "state", state, "error", err)
	}
}
