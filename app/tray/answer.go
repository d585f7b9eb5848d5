package tray

import (
	"reflect"

	"github.com/godbus/dbus/v5"
)

// maxCalls is how many calls of the menu may wait for their answers: a host asks for each
// submenu on its own, and at most for a hundred items at once.
const maxCalls = 1024

// Intercept takes the calls of the menu out of what comes in over a connection that was made
// with it (dbus.WithIncomingInterceptor), to be answered one after the other. godbus answers each
// call in a goroutine of its own, and so in any order. libdbusmenu, by which most panels show
// menus, asks for an item, then for what is in its submenu; what it is told of before the
// item it drops, and the submenu stays empty.
func (t *Tray) Intercept(m *dbus.Message) {
	if m.Type != dbus.TypeMethodCall || m.Headers[dbus.FieldPath].Value() != menuPath || m.Headers[dbus.FieldInterface].Value() != menuIface {
		return
	}
	select {
	case t.calls <- *m:
		m.Type = 0 // none that godbus knows: it passes it over
	default: // godbus says that there is no such interface
	}
}

// answerCalls answers calls in their order, until ended is closed.
func (m *dbusmenu) answerCalls(calls <-chan dbus.Message, ended <-chan struct{}) {
	for {
		select {
		case c := <-calls:
			m.answer(c)
		case <-ended:
			return
		}
	}
}

func (m *dbusmenu) answer(call dbus.Message) {
	reply := dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldReplySerial: dbus.MakeVariant(call.Serial()), dbus.FieldDestination: call.Headers[dbus.FieldSender],
	}}
	body, failed := m.call(call)
	if reply.Body = body; failed != nil {
		reply.Type, reply.Body = dbus.TypeError, failed.Body
		reply.Headers[dbus.FieldErrorName] = dbus.MakeVariant(failed.Name)
	}
	if len(reply.Body) > 0 {
		reply.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(reply.Body...))
	}
	if call.Flags&dbus.FlagNoReplyExpected == 0 {
		m.conn.Send(&reply, nil) // where the bus is gone, so is who asked
	}
}

// call calls an exported method as godbus does: its last result is the error.
func (m *dbusmenu) call(call dbus.Message) (body []any, failed *dbus.Error) {
	name, _ := call.Headers[dbus.FieldMember].Value().(string)
	method := reflect.ValueOf(m).MethodByName(name)
	if !method.IsValid() {
		unknown := dbus.MakeUnknownMethodError(name)
		return nil, &unknown
	}
	arguments := make([]any, method.Type().NumIn())
	values := make([]reflect.Value, len(arguments))
	for i := range arguments {
		pointer := reflect.New(method.Type().In(i))
		arguments[i], values[i] = pointer.Interface(), pointer.Elem()
	}
	if len(call.Body) != len(arguments) || dbus.Store(call.Body, arguments...) != nil {
		return nil, &dbus.ErrMsgInvalidArg
	}
	results := method.Call(values)
	last := len(results) - 1
	for _, r := range results[:last] {
		body = append(body, r.Interface())
	}
	failed, _ = results[last].Interface().(*dbus.Error)
	return body, failed
}
