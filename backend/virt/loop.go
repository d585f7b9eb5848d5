package virt

import (
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"libvirt.org/go/libvirt"
)

// loop waits for what libvirt's connections wait for: data on their sockets, and
// timers. libvirt brings a loop of its own, which may not be used: it turns
// GLib's main context, and so would handle the window's events in a thread that
// is not GTK's.
type loop struct {
	wake int // an eventfd; written to when there is something else to wait for

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
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, err
	}
	l := &loop{wake: wake, sockets: make(map[int]*socket), timers: make(map[int]*timer)}
	if err := libvirt.EventRegisterImpl(l); err != nil {
		return nil, errors.Join(err, unix.Close(wake))
	}
	go func() {
		for {
			l.turn()
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
	l.waiting++
	first := l.waiting == 1
	l.mu.Unlock()
	if first {
		l.change(func() {})
	}
}

// leave ends what attend began.
func (l *loop) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
}

// runs reports whether a timer does; mu is held. Those of no length are no clocks:
// with them libvirt has its events told.
func (l *loop) runs(t *timer) bool { return t.every == 0 || t.every > 0 && l.waiting > 0 }

// turn waits for the next events and handles them.
func (l *loop) turn() {
	watches, fds, wait := l.plan()
	if _, err := unix.Poll(fds, wait); err != nil {
		return // a signal came, or a socket was closed meanwhile: plan anew
	}
	_, _ = unix.Read(l.wake, make([]byte, 8)) // it says that there is nothing to read, or there was
	for i, watch := range watches {
		l.handle(watch, fds[i+1])
	}
	for number := range l.snapshot() {
		l.fire(number)
	}
	l.free()
}

// plan gives what to poll, and for how many milliseconds; -1 is for ever. The
// first descriptor is the one that wakes the loop.
func (l *loop) plan() (watches []int, fds []unix.PollFd, wait int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fds = []unix.PollFd{{Fd: int32(l.wake), Events: unix.POLLIN}}
	for watch, s := range l.sockets {
		if s.events != 0 {
			watches = append(watches, watch)
			fds = append(fds, unix.PollFd{Fd: int32(s.fd), Events: toPoll(s.events)})
		}
	}
	wait = -1
	for _, t := range l.timers {
		if left := int(max(0, time.Until(t.due)+time.Millisecond-1) / time.Millisecond); l.runs(t) && (wait < 0 || left < wait) {
			wait = left
		}
	}
	return watches, fds, wait
}

// handle tells libvirt what happened on a socket, unless libvirt has lost
// interest since it was polled.
func (l *loop) handle(watch int, polled unix.PollFd) {
	l.mu.Lock()
	s, ok := l.sockets[watch]
	var events libvirt.EventHandleType
	if ok {
		events = fromPoll(polled.Revents) & (s.events | libvirt.EVENT_HANDLE_ERROR | libvirt.EVENT_HANDLE_HANGUP)
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

// change changes what to wait for, and lets the loop know.
func (l *loop) change(do func()) {
	l.mu.Lock()
	do()
	l.mu.Unlock()
	_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // it fails only where it is full, and so awake
}

// AddHandleFunc implements libvirt.EventLoop, as do the methods below.
func (l *loop) AddHandleFunc(fd int, events libvirt.EventHandleType, callback *libvirt.EventHandleCallbackInfo) (watch int) {
	l.change(func() {
		l.last++
		watch = l.last
		l.sockets[watch] = &socket{fd, events, callback}
	})
	return watch
}

// UpdateHandleFunc sets the events to wait for; none are allowed.
func (l *loop) UpdateHandleFunc(watch int, events libvirt.EventHandleType) {
	l.change(func() {
		if s, ok := l.sockets[watch]; ok {
			s.events = events
		}
	})
}

// RemoveHandleFunc gives -1 for a watch that is not there.
func (l *loop) RemoveHandleFunc(watch int) (result int) {
	l.change(func() {
		s, ok := l.sockets[watch]
		if !ok {
			result = -1
			return
		}
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

var pollEvents = map[libvirt.EventHandleType]int16{
	libvirt.EVENT_HANDLE_READABLE: unix.POLLIN,
	libvirt.EVENT_HANDLE_WRITABLE: unix.POLLOUT,
	libvirt.EVENT_HANDLE_ERROR:    unix.POLLERR | unix.POLLNVAL,
	libvirt.EVENT_HANDLE_HANGUP:   unix.POLLHUP,
}

func toPoll(events libvirt.EventHandleType) (polled int16) {
	for event, bits := range pollEvents {
		if events&event != 0 {
			polled |= bits
		}
	}
	return polled
}

func fromPoll(polled int16) (events libvirt.EventHandleType) {
	for event, bits := range pollEvents {
		if polled&bits != 0 {
			events |= event
		}
	}
	return events
}
