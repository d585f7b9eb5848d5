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
	users   sync.WaitGroup  // calls that use the connection
	over    context.Context // ends when the connection breaks or is closed
	end     context.CancelFunc
	machine func() (machine, error)
	events  []int // registrations to undo
}

// eventLoop must be there before the first connection.
var eventLoop = sync.OnceValue(startLoop)

// dial connects and subscribes c to what happens there.
func dial(uri string, c *Conn) (*session, error) {
	if err := eventLoop(); err != nil {
		return nil, err
	}
	conn, err := libvirt.NewConnect(uri)
	if err != nil {
		return nil, err
	}
	over, end := context.WithCancel(context.Background())
	s := &session{Connect: conn, over: over, end: end}
	s.machine = sync.OnceValues(func() (machine, error) { return c.inspect(conn) })
	err = errors.Join(
		supported(conn.RegisterCloseCallback(func(*libvirt.Connect, libvirt.ConnectCloseReason) { end() })),
		supported(conn.SetKeepAlive(1, 3)), // a hang is noticed in 3 s
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

// retire closes the connection once nobody uses it. A registration would keep
// it open; undoing one fails only on a connection that is dead already.
func (s *session) retire() {
	s.end()
	s.users.Wait()
	for _, id := range s.events {
		_ = s.DomainEventDeregister(id)
	}
	_ = s.UnregisterCloseCallback()
	_, _ = s.Close()
}
