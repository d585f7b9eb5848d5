package virt

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"libvirt.org/go/libvirt"
)

// loop waits for what libvirt's connections wait for: data on their sockets, and
// timers. libvirt brings a loop of its own, which may not be used: it turns
// GLib's main context, and so would handle the window's events in a thread that
// is not GTK's. The sockets are in an epoll set, and Go's scheduler waits for the
// set as for any file: with a thread that sleeps in poll(2) itself, the scheduler
// is up for 10 ms and some 60 wake-ups whenever that has slept again.
type loop struct {
	epoll int
	set   *os.File // of epoll; its read deadline is when the loop is to turn though no socket is ready

	mu      sync.Mutex // never held while libvirt is called
	waiting int        // how many wait for an answer, see attend
	last    int        // the number given last
	sockets map[int]*socket
	timers  map[int]*timer
	removed []interface{ Free() } // callbacks to free when none of them runs
}

// socket is what libvirt calls a handle.
type socket struct {
	fd       int
	events   libvirt.EventHandleType
	callback *libvirt.EventHandleCallbackInfo
}

type timer struct {
	every    time.Duration // negative: off
	due      time.Time
	callback *libvirt.EventTimeoutCallbackInfo
}

// startLoop makes the loop that serves every connection of the process. It has
// no end.
func startLoop() (*loop, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err = unix.SetNonblock(epoll, true); err != nil { // os.NewFile looks for it
		return nil, errors.Join(err, unix.Close(epoll))
	}
	l := &loop{epoll: epoll, set: os.NewFile(uintptr(epoll), "libvirt"), sockets: make(map[int]*socket), timers: make(map[int]*timer)}
	set, err := l.set.SyscallConn()
	if err == nil {
		err = libvirt.EventRegisterImpl(l)
	}
	if err != nil {
		return nil, errors.Join(err, l.set.Close())
	}
	go func() {
		for {
			l.turn(set)
		}
	}()
	return l, nil
}

// attend counts one that waits for an answer of libvirt, until leave. While there
// is none, timers rest: all they do is ask whether the connection is alive, and
// nobody is to be woken once a second for an answer that nobody waits for. One
// that comes due meanwhile asks as soon as somebody does.
func (l *loop) attend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting++; l.waiting == 1 {
		l.arm()
	}
}

// leave ends what attend began.
func (l *loop) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting--; l.waiting == 0 {
		l.arm()
	}
}

// runs reports whether a timer does; mu is held. Those of no length are no clocks:
// with them libvirt has its events told.
func (l *loop) runs(t *timer) bool { return t.every == 0 || t.every > 0 && l.waiting > 0 }

// turn waits for the next events and handles them.
func (l *loop) turn(set syscall.RawConn) {
	l.change(func() {})
	events := make([]unix.EpollEvent, 16)
	ready := 0
	look := func(epoll uintptr) bool {
		ready, _ = unix.EpollWait(int(epoll), events, 0) // -1 is for a signal: it is tried again
		return ready != 0
	}
	if set.Read(look) != nil { // the deadline is over: a timer is due, or a callback to be freed
		look(uintptr(l.epoll))
	}
	for _, e := range events[:max(0, ready)] {
		l.handle(int(e.Fd), e.Events)
	}
	for number := range l.snapshot() {
		l.fire(number)
	}
	l.free()
}

// arm has the loop turn when something is due, and no longer when something was; mu is held.
func (l *loop) arm() {
	if err := l.set.SetReadDeadline(l.due()); err != nil {
		panic(err) // the set can be waited for, and is never closed
	}
}

// due is when the loop is to turn though no socket is ready; zero: never. mu is held.
func (l *loop) due() (first time.Time) {
	if len(l.removed) > 0 {
		return time.Unix(0, 1)
	}
	for _, t := range l.timers {
		if l.runs(t) && (first.IsZero() || t.due.Before(first)) {
			first = t.due
		}
	}
	return first
}

// handle tells libvirt what happened on a socket, unless libvirt has lost
// interest since it was polled.
func (l *loop) handle(watch int, polled uint32) {
	l.mu.Lock()
	s, ok := l.sockets[watch]
	var events libvirt.EventHandleType
	if ok {
		events = fromEpoll(polled) & (s.events | libvirt.EVENT_HANDLE_ERROR | libvirt.EVENT_HANDLE_HANGUP)
	}
	l.mu.Unlock()
	if events != 0 {
		s.callback.Invoke(watch, s.fd, events)
	}
}

func (l *loop) snapshot() map[int]*timer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.timers)
}

// fire runs a timer that is due.
func (l *loop) fire(number int) {
	l.mu.Lock()
	t, ok := l.timers[number]
	due := ok && l.runs(t) && !time.Now().Before(t.due)
	if due {
		t.due = time.Now().Add(t.every)
	}
	l.mu.Unlock()
	if due {
		t.callback.Invoke(number)
	}
}

// free frees what was removed; it runs where no callback can be under way.
func (l *loop) free() {
	l.mu.Lock()
	removed := l.removed
	l.removed = nil
	l.mu.Unlock()
	for _, callback := range removed {
		callback.Free()
	}
}

// change changes what to wait for.
func (l *loop) change(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	l.arm()
}

// AddHandleFunc implements libvirt.EventLoop, as do the methods below. It gives -1
// for a socket that can not be waited for.
func (l *loop) AddHandleFunc(fd int, events libvirt.EventHandleType, callback *libvirt.EventHandleCallbackInfo) (watch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	s := &socket{fd: fd, callback: callback}
	if !l.want(l.last, s, events) {
		return -1
	}
	l.sockets[l.last] = s
	return l.last
}

// UpdateHandleFunc sets the events to wait for; none are allowed.
func (l *loop) UpdateHandleFunc(watch int, events libvirt.EventHandleType) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s, ok := l.sockets[watch]; ok {
		l.want(watch, s, events)
	}
}

// want sets the events to wait for on a socket, and reports whether they can be; mu is
// held. One with none is not in the set, in which it would tell of its end all the same.
func (l *loop) want(watch int, s *socket, events libvirt.EventHandleType) bool {
	op := unix.EPOLL_CTL_MOD
	switch {
	case events == s.events:
		return true
	case s.events == 0:
		op = unix.EPOLL_CTL_ADD
	case events == 0:
		op = unix.EPOLL_CTL_DEL
	}
	if err := unix.EpollCtl(l.epoll, op, s.fd, &unix.EpollEvent{Events: toEpoll(events), Fd: int32(watch)}); err != nil && events != 0 { // one that was closed has left the set
		slog.Error("a socket of libvirt can not be waited for", "descriptor", s.fd, "error", err)
		return false
	}
	s.events = events
	return true
}

// RemoveHandleFunc gives -1 for a watch that is not there.
func (l *loop) RemoveHandleFunc(watch int) (result int) {
	l.change(func() {
		s, ok := l.sockets[watch]
		if !ok {
			result = -1
			return
		}
		l.want(watch, s, 0)
		delete(l.sockets, watch)
		l.removed = append(l.removed, s.callback)
	})
	return result
}

// AddTimeoutFunc adds a timer that fires every so many milliseconds, with a
// negative number never.
func (l *loop) AddTimeoutFunc(every int, callback *libvirt.EventTimeoutCallbackInfo) (number int) {
	l.change(func() {
		l.last++
		number = l.last
		l.timers[number] = &timer{callback: callback}
		l.timers[number].set(every)
	})
	return number
}

// UpdateTimeoutFunc sets the milliseconds anew, and begins them.
func (l *loop) UpdateTimeoutFunc(number, every int) {
	l.change(func() {
		if t, ok := l.timers[number]; ok {
			t.set(every)
		}
	})
}

// RemoveTimeoutFunc gives -1 for a timer that is not there.
func (l *loop) RemoveTimeoutFunc(number int) (result int) {
	l.change(func() {
		t, ok := l.timers[number]
		if !ok {
			result = -1
			return
		}
		delete(l.timers, number)
		l.removed = append(l.removed, t.callback)
	})
	return result
}

func (t *timer) set(milliseconds int) {
	t.every = time.Duration(milliseconds) * time.Millisecond
	t.due = time.Now().Add(t.every)
}

var epollEvents = map[libvirt.EventHandleType]uint32{
	libvirt.EVENT_HANDLE_READABLE: unix.EPOLLIN,
	libvirt.EVENT_HANDLE_WRITABLE: unix.EPOLLOUT,
	libvirt.EVENT_HANDLE_ERROR:    unix.EPOLLERR,
	libvirt.EVENT_HANDLE_HANGUP:   unix.EPOLLHUP,
}

func toEpoll(events libvirt.EventHandleType) (polled uint32) {
	for event, bits := range epollEvents {
		if events&event != 0 {
			polled |= bits
		}
	}
	return polled
}

func fromEpoll(polled uint32) (events libvirt.EventHandleType) {
	for event, bits := range epollEvents {
		if polled&bits != 0 {
			events |= event
		}
	}
	return events
}
