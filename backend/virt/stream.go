package virt

import (
	"errors"
	"io"
	"net"
	"sync"

	"libvirt.org/go/libvirt"
)

// wouldBlock is what libvirt's Recv and Send give for "not now".
const wouldBlock = -2

// stream is a libvirt stream as an io.ReadWriteCloser: one reader and one
// writer at a time. It never blocks in libvirt, for a blocking read would hold
// up every other call on the connection; it waits for libvirt's event instead.
type stream struct {
	*libvirt.Stream
	loop     *loop
	lost     <-chan struct{} // the connection broke or was closed
	closed   chan struct{}
	readable chan struct{}
	writable chan struct{}

	mu    sync.Mutex
	awake libvirt.StreamEventType // the events asked for
	done  bool
}

const (
	mayRead  = libvirt.STREAM_EVENT_READABLE
	mayWrite = libvirt.STREAM_EVENT_WRITABLE
	broken   = libvirt.STREAM_EVENT_ERROR | libvirt.STREAM_EVENT_HANGUP
)

func newStream(s *session) (*stream, error) {
	handle, err := s.NewStream(libvirt.STREAM_NONBLOCK)
	if err != nil {
		return nil, err
	}
	s.loop.attend()
	return &stream{
		Stream: handle, loop: s.loop, lost: s.over.Done(),
		closed: make(chan struct{}), readable: make(chan struct{}, 1), writable: make(chan struct{}, 1),
	}, nil
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return s.retry(mayRead, s.readable, func() (int, error) { return s.Recv(p) })
}

// Write implements io.Writer.
func (s *stream) Write(p []byte) (int, error) {
	const most = 256 << 10 // libvirt refuses packets above its limit
	sent := 0
	for sent < len(p) {
		part := p[sent:min(len(p), sent+most)]
		n, err := s.retry(mayWrite, s.writable, func() (int, error) { return s.Send(part) })
		if err != nil {
			return sent, err
		}
		sent += n
	}
	return sent, nil
}

// retry repeats try until it does not answer "not now", each time after the
// event that promises more.
func (s *stream) retry(event libvirt.StreamEventType, happened <-chan struct{}, try func() (int, error)) (int, error) {
	for {
		n, err := s.once(event, try)
		if n != wouldBlock {
			return n, err
		}
		select {
		case <-happened:
		case <-s.closed:
			return 0, net.ErrClosed
		case <-s.lost:
			return 0, io.ErrUnexpectedEOF
		}
	}
}

func (s *stream) once(event libvirt.StreamEventType, try func() (int, error)) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return 0, net.ErrClosed
	}
	n, err := try()
	if n != wouldBlock {
		return n, err
	}
	return wouldBlock, s.wake(event)
}

// wake asks for an event, once; mu is held.
func (s *stream) wake(event libvirt.StreamEventType) error {
	if s.awake == 0 {
		s.awake = event | broken
		return s.EventAddCallback(s.awake, func(_ *libvirt.Stream, e libvirt.StreamEventType) { s.happened(e) })
	}
	s.awake |= event
	return s.EventUpdateCallback(s.awake)
}

func (s *stream) happened(e libvirt.StreamEventType) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return
	}
	if e&broken != 0 {
		e |= mayRead | mayWrite // let both find out what it was
	}
	s.awake = s.awake&^e | broken
	_ = s.EventUpdateCallback(s.awake) // fails if the stream is over, which the next read tells
	if e&mayRead != 0 {
		signal(s.readable)
	}
	if e&mayWrite != 0 {
		signal(s.writable)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close ends the stream whatever is under way.
func (s *stream) Close() error {
	s.abort()
	return nil
}

// abort has nothing to tell: what fails is to end what is over already.
func (s *stream) abort() { _ = s.end((*libvirt.Stream).Abort) }

// finish ends the stream after everything was written, and waits until the
// other side has taken it.
func (s *stream) finish() error { return s.end((*libvirt.Stream).Finish) }

func (s *stream) end(how func(*libvirt.Stream) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		return net.ErrClosed
	}
	s.done = true
	s.loop.leave()
	close(s.closed)
	var err error
	if s.awake != 0 {
		err = s.EventRemoveCallback()
	}
	return errors.Join(err, how(s.Stream), s.Free())
}
