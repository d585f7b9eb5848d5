package virt

import (
	"context"
	"errors"
	"sync"

	"libvirt.org/go/libvirt"
)

// session is one connection to libvirt, from dial to retire.
type session struct {
	*libvirt.Connect
	loop    *loop
	rests   bool            // see rest
	users   sync.WaitGroup  // calls that use the connection
	over    context.Context // ends when the connection breaks or is closed
	end     context.CancelFunc
	machine func() (machine, error)
	events  []int // registrations to undo
}

// eventLoop must be there before the first connection.
var eventLoop = sync.OnceValues(startLoop)

// dial connects and subscribes c to what happens there.
func dial(uri string, c *Conn) (*session, error) {
	loop, err := eventLoop()
	if err != nil {
		return nil, err
	}
	loop.attend()
	conn, err := libvirt.NewConnect(uri)
	if err != nil {
		loop.leave()
		return nil, err
	}
	over, end := context.WithCancel(context.Background())
	s := &session{Connect: conn, loop: loop, over: over, end: end}
	s.machine = sync.OnceValues(func() (machine, error) { return c.inspect(conn) })
	err = errors.Join(
		supported(conn.RegisterCloseCallback(func(*libvirt.Connect, libvirt.ConnectCloseReason) { end() })),
		supported(conn.SetKeepAlive(2, 5)), // who waits notices a hang in 10 s; for 3 a busy computer is silent by itself
		s.subscribe(c),
	)
	if err != nil {
		s.retire()
		return nil, err
	}
	return s, nil
}

// supported turns the answer of a driver that lacks an ability into success:
// in-process drivers have no connection that could break.
func supported(err error) error {
	if errors.Is(err, libvirt.ERR_NO_SUPPORT) {
		return nil
	}
	return err
}

func (s *session) isLost() bool {
	if s.over.Err() != nil {
		return true
	}
	alive, err := s.IsAlive()
	return err != nil || !alive
}

// rest says that no call is under way any more, but those that join. Of another
// machine it is always asked whether it is there: it can go without a word.
func (s *session) rest(u uri) {
	if s.rests = u.host == ""; s.rests {
		s.loop.leave()
	}
}

// join counts a call that uses the connection, until leave.
func (s *session) join() {
	s.users.Add(1)
	s.loop.attend()
}

func (s *session) leave() {
	s.loop.leave()
	s.users.Done()
}

// retire closes the connection once nobody uses it. A registration would keep
// it open; undoing one fails only on a connection that is dead already.
func (s *session) retire() {
	s.end()
	s.users.Wait()
	if s.rests {
		s.loop.attend()
	}
	defer s.loop.leave()
	for _, id := range s.events {
		_ = s.DomainEventDeregister(id)
	}
	_ = s.UnregisterCloseCallback()
	_, _ = s.Close()
}
