package virt

import (
	"errors"
	"io"
	"sync"

	"libvirt.org/go/libvirt"
)

// mostKept is how much output of a serial port waits for a slow reader.
const mostKept = 256 << 10

// port is the stream of a serial port. It is read as it comes, whether or not
// anybody wants it: libvirt's client keeps what is not read, without limit, and
// so the guest is never slowed. Of what nobody reads the last is kept.
type port struct {
	*stream
	more chan struct{} // a reader has something to look for

	mu   sync.Mutex
	kept []byte
	end  error
}

func newPort(s *stream) *port {
	p := &port{stream: s, more: make(chan struct{}, 1)}
	go p.fill()
	return p
}

// fill ends with the stream.
func (p *port) fill() {
	chunk := make([]byte, 64<<10)
	for {
		n, err := p.stream.Read(chunk)
		p.keep(chunk[:n], hangUp(err))
		if err != nil {
			return
		}
	}
}

func (p *port) keep(output []byte, end error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = append(p.kept, output...)
	p.kept = p.kept[max(0, len(p.kept)-mostKept):]
	p.end = end
	signal(p.more)
}

// Read implements io.Reader.
func (p *port) Read(b []byte) (int, error) {
	for {
		if n, err := p.take(b); n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
		<-p.more
	}
}

// take gives the end only after everything that was kept.
func (p *port) take(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := copy(b, p.kept)
	p.kept = p.kept[n:]
	if n > 0 {
		return n, nil
	}
	return 0, p.end
}

// hangUp makes one end of those that a port has when its node stops, and when
// another takes it: the daemon calls the latter a failure.
func hangUp(err error) error {
	var e libvirt.Error
	if errors.As(err, &e) && e.Code == libvirt.ERR_RPC && e.Domain == libvirt.FROM_STREAMS {
		return io.EOF
	}
	return err
}
