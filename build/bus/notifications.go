package bus

import (
	"sync"

	"github.com/godbus/dbus/v5"
)

const (
	notificationsName = "org.freedesktop.Notifications"
	notificationsPath = dbus.ObjectPath("/org/freedesktop/Notifications")
)

// Why a notification was closed, in the words of the specification.
const (
	Expired   uint32 = 1
	Dismissed uint32 = 2
)

// Notification is what a program had shown.
type Notification struct {
	ID       uint32
	Replaces uint32
	Program  string
	Icon     string
	Summary  string
	Body     string
	Actions  []string // key, label, key, label, ...
	Hints    map[string]dbus.Variant
}

// Notifications is a double of the daemon that shows notifications.
type Notifications struct {
	Shown  chan Notification // each call of a program
	Closed chan uint32       // each one that a program withdrew

	able []string
	conn *dbus.Conn

	mu   sync.Mutex
	last uint32
	hold chan struct{} // answers wait until it is closed; nil: they do not
}

// NewNotifications brings the daemon up, with the capabilities it is to have.
func (b *Bus) NewNotifications(able ...string) (*Notifications, error) {
	n := &Notifications{Shown: make(chan Notification, 100), Closed: make(chan uint32, 100), able: able}
	conn, err := b.serve(notificationsPath, notificationsName, notificationsCalls{n}, notificationsName)
	n.conn = conn
	return n, err
}

// Close takes the daemon away, as a crash does.
func (n *Notifications) Close() error { return n.conn.Close() }

// Hold lets calls wait until release.
func (n *Notifications) Hold() (release func()) {
	hold := make(chan struct{})
	n.mu.Lock()
	n.hold = hold
	n.mu.Unlock()
	return func() {
		n.mu.Lock()
		n.hold = nil
		n.mu.Unlock()
		close(hold)
	}
}

// Click clicks on a notification ("default"), or on one of its buttons. An empty
// token is not sent. The notification closes, as it does in most daemons.
func (n *Notifications) Click(id uint32, key, token string) error {
	if token != "" {
		if err := n.conn.Emit(notificationsPath, notificationsName+".ActivationToken", id, token); err != nil {
			return err
		}
	}
	if err := n.conn.Emit(notificationsPath, notificationsName+".ActionInvoked", id, key); err != nil {
		return err
	}
	return n.End(id, Dismissed)
}

// End closes a notification, for one of the reasons above.
func (n *Notifications) End(id, reason uint32) error {
	return n.conn.Emit(notificationsPath, notificationsName+".NotificationClosed", id, reason)
}

// notificationsCalls are the calls of the bus.
type notificationsCalls struct{ n *Notifications }

// GetCapabilities tells what the daemon can do.
func (c notificationsCalls) GetCapabilities() ([]string, *dbus.Error) { return c.n.able, nil }

// Notify shows a notification.
func (c notificationsCalls) Notify(program string, replaces uint32, icon, summary, body string, actions []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	c.n.mu.Lock()
	id, hold := replaces, c.n.hold
	if id == 0 {
		c.n.last++
		id = c.n.last
	}
	c.n.mu.Unlock()
	c.n.Shown <- Notification{id, replaces, program, icon, summary, body, actions, hints}
	if hold != nil {
		<-hold
	}
	return id, nil
}

// CloseNotification withdraws one.
func (c notificationsCalls) CloseNotification(id uint32) *dbus.Error {
	c.n.Closed <- id
	return nil
}
