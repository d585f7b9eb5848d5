package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Ports says where a server listens.
type Ports struct {
	Addresses []string // of TCP, host:port; port 0 takes a free one
	Socket    string   // path of a unix socket for its owner alone; empty: none
	Cert, Key string   // files of a certificate and its key, in PEM; empty: no TLS
	Insecure  bool     // other addresses than loopback may be without TLS
	Anyone    bool     // nobody is asked who they are: on loopback alone
}

// Doors are what a server listens on.
type Doors struct {
	all         []net.Listener
	certificate *x509.Certificate // of TLS; nil: without
	release     func()
}

// Listen opens the ports, or takes those that systemd opened for this process
// (sd_listen_fds(3)), which then are all. KindInvalid if an address can not be had
// or must not be, KindBusy if it is taken.
func Listen(ctx context.Context, p Ports) (doors *Doors, err error) {
	d := &Doors{release: func() {}}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	config, err := d.tls(p)
	if err != nil {
		return nil, err
	}
	if err := d.open(ctx, p); err != nil {
		return nil, err
	}
	for i, l := range d.all {
		if l.Addr().Network() == "unix" {
			d.all[i] = ownSocket{l}
			continue
		}
		if err := p.check(l.Addr().String()); err != nil {
			return nil, err
		}
		if config != nil {
			d.all[i] = tls.NewListener(l, config)
		}
	}
	return d, nil
}

// open takes what systemd gives, or else listens.
func (d *Doors) open(ctx context.Context, p Ports) error {
	given, err := activation.Listeners()
	if err != nil {
		return lab.Errorf(lab.KindInternal, "the sockets of systemd can not be used").WithCause(err)
	}
	for _, l := range given {
		if l == nil {
			return lab.Errorf(lab.KindInvalid, "systemd gave a socket that nothing can be served on").
				WithHint("Have ListenStream= alone in sandboxlabs.socket.")
		}
		d.all = append(d.all, l)
	}
	if len(given) > 0 {
		return nil
	}
	if p.Socket != "" { // first: who is there already is told by it
		if err := d.listenSocket(ctx, p.Socket); err != nil {
			return err
		}
	}
	for _, address := range p.Addresses {
		if err := p.check(address); err != nil {
			return err
		}
		l, err := listen(ctx, address)
		if err != nil {
			return err
		}
		d.all = append(d.all, l)
	}
	return nil
}

// check refuses an address at which what is said could be read by others, or
// anybody could enter.
func (p Ports) check(address string) error {
	switch {
	case loopback(address):
		return nil
	case p.Anyone:
		return lab.Errorf(lab.KindInvalid, "without asking who enters, %q can not be served", address).
			WithHint("--no-auth is for loopback alone, such as 127.0.0.1:3001.")
	case p.Cert == "" && !p.Insecure:
		return lab.Errorf(lab.KindInvalid, "%q is not an address of this computer alone, and there is no certificate for it", address).
			WithHint("Give one by --tls-cert and --tls-key, or reach 127.0.0.1 from afar through ssh -L. --insecure lets everybody on the way read and change what is said.")
	}
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
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

// dialLimit is how long a socket may take to tell that somebody listens on it.
const dialLimit = 2 * time.Second

// listenSocket listens on a unix socket. Who serves it holds a lock, so that one
// without is left by a server that was killed, or systemd's.
func (d *Doors) listenSocket(ctx context.Context, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return lab.Errorf(lab.KindDenied, "the folder of the socket can not be made").WithCause(err)
	}
	unlock, err := durable.Lock(path + ".lock")
	if lab.KindOf(err) == lab.KindBusy || err == nil && answers(ctx, path) {
		if unlock != nil {
			unlock()
		}
		return lab.Errorf(lab.KindBusy, "another sandboxlabs serve of yours runs already, at %s", path).
			WithHint("Open its page: sandboxlabs token link --open. Or stop it, or give this one --socket and --listen of its own.")
	}
	if err != nil {
		return err
	}
	d.release = unlock
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return lab.Errorf(lab.KindDenied, "can not remove %s", path).WithHint("Make its folder writable for you.").WithCause(err)
	}
	l, err := listenPrivately(ctx, path)
	if err != nil {
		return lab.Errorf(lab.KindInvalid, "can not listen on %s", path).WithCause(err).
			WithHint("Choose another by --socket: a path of at most 107 bytes, in a folder of yours.")
	}
	d.all = append(d.all, l)
	return nil
}

// answers reports whether somebody listens on a unix socket.
func answers(ctx context.Context, path string) bool {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	_ = c.Close() // nothing was said
	return true
}

// listenPrivately makes a socket of mode 0600 under its name only when it has
// that mode: nobody else can come in before.
func listenPrivately(ctx context.Context, path string) (net.Listener, error) {
	early := path + ".new"
	if err := os.Remove(early); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", early)
	if err != nil {
		return nil, err
	}
	unix := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(early, 0o600), os.Rename(early, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return unlinking{unix, path}, nil
}

// unlinking is a socket that is gone when it is closed.
type unlinking struct {
	*net.UnixListener
	path string
}

func (u unlinking) Close() error { return errors.Join(os.Remove(u.path), u.UnixListener.Close()) }

// tls reads the certificate.
func (d *Doors) tls(p Ports) (*tls.Config, error) {
	if p.Cert == "" && p.Key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "the certificate can not be used").WithCause(err).
			WithHint("Give --tls-cert the file of the certificate, followed by those that signed it, and --tls-key the one of its key, both in PEM.")
	}
	d.certificate = pair.Leaf
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}, nil
}

// Close ends listening; it may be called again.
func (d *Doors) Close() {
	for _, l := range d.all {
		_ = l.Close() // what was closed already says so
	}
	d.release()
}

// String tells where, as in "127.0.0.1:3001, /run/user/1000/sandboxlabs/serve.sock".
func (d *Doors) String() string {
	var where []string
	for _, l := range d.all {
		where = append(where, l.Addr().String())
	}
	return strings.Join(where, ", ")
}
