package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
)

// at notes by which address browsers reach what is served at the doors.
func (s *Server) at(d *Doors) {
	s.certificate = d.certificate
	for _, l := range d.all {
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			scheme := "http"
			if d.certificate != nil {
				scheme = "https"
			}
			s.address = fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(s.name(a), fmt.Sprint(a.Port)))
			return
		}
	}
}

// name is that of the first host we were told to answer to, or of the certificate,
// where we do not listen on one address alone; else the address.
func (s *Server) name(a *net.TCPAddr) string {
	switch {
	case a.IP.IsLoopback():
		return a.IP.String()
	case len(s.hosts) > 0:
		return s.hosts[0]
	case s.certificate != nil && len(s.certificate.DNSNames) > 0:
		return s.certificate.DNSNames[0]
	case a.IP.IsUnspecified():
		return "127.0.0.1"
	}
	return a.IP.String()
}

// Link gives an address that begins a session, once; the one before is worth
// nothing. KindUnavailable if no browser could open it.
func (s *Server) Link() (string, error) {
	if s.address == "" {
		return "", lab.Errorf(lab.KindUnavailable, "no address is listened to that a browser could open").WithHint("Give --listen an address, or sandboxlabs.socket a ListenStream= of one.")
	}
	return s.address + "/?token=" + s.session.renew(), nil
}

// link answers POST /link with a new one: to who is in already, for a browser.
func (s *Server) link(w http.ResponseWriter, _ *http.Request) {
	address, err := s.Link()
	if err != nil {
		fail(w, err)
		return
	}
	Reply(w, http.StatusOK, map[string]string{"url": address})
}

const (
	askLimit  = 10 * time.Second
	maxAnswer = 1 << 16 // bytes
)

// AskLink asks the server at a unix socket for a new link. KindUnavailable if
// none is there.
func AskLink(ctx context.Context, socket string) (string, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/link", nil)
	if err != nil {
		return "", err
	}
	answer, err := (&http.Client{Transport: transport, Timeout: askLimit}).Do(request)
	if err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "no sandboxlabs serve of yours answers at %s", socket).WithCause(err).
			WithHint("Start it: sandboxlabs serve, or systemctl --user start sandboxlabs.")
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "sandboxlabs serve did not answer whole").WithCause(err)
	}
	var told struct {
		URL string
		lab.Problem
	}
	if err := json.Unmarshal(text, &told); err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "what answers at %s is not sandboxlabs serve", socket).WithCause(err)
	}
	if told.URL == "" {
		return "", &lab.Error{Kind: told.Kind, Message: told.Message, Hint: told.Hint}
	}
	return told.URL, nil
}
