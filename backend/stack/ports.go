package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"syscall"

	"sandboxlabs/backend/lab"
)

const loopback = "127.0.0.1"

// listener is a port of the stack.
type listener struct {
	variable string
	service  string // that listens there
	purpose  string // for a person
	setting  string // for a person
	usual    int
	wanted   func(lab.GatewaySettings) int
}

var listeners = []listener{
	{webPort, guacamole, "the gateway's web application", "web port", 8085, func(s lab.GatewaySettings) int { return s.WebPort }},
	{guacdPort, guacd, "guacd", "guacd port", 4822, func(s lab.GatewaySettings) int { return s.GuacdPort }},
	{databasePort, postgres, "the gateway's database", "database port", 5433, func(s lab.GatewaySettings) int { return s.DatabasePort }},
}

// choosePorts takes the ports from the settings, else those of before, else the
// usual ones or the next that are free. What the stack itself listens on now is
// not looked at; any other port must be free.
func (e *env) choosePorts(settings lab.GatewaySettings, there []container) error {
	taken := map[string]string{}
	for _, l := range listeners {
		before := e.get(l.variable)
		number, err := l.choose(settings, before, taken)
		if err != nil {
			return err
		}
		if of := taken[number]; of != "" {
			return lab.Errorf(lab.KindInvalid, "port %s is to be that of %s and of %s", number, of, l.purpose).
				WithHint("Choose another %s in the gateway's settings, or 0 for one that is free.", l.setting)
		}
		taken[number] = l.purpose
		e.set(l.variable, number)
		if number == before && isRunning(there, l.service) {
			continue
		}
		if err := l.check(number); err != nil {
			return err
		}
	}
	return nil
}

func (l listener) choose(settings lab.GatewaySettings, before string, taken map[string]string) (string, error) {
	if number := l.wanted(settings); number != 0 {
		return strconv.Itoa(number), nil
	}
	if before != "" {
		return before, nil
	}
	for number := l.usual; number < l.usual+1000; number++ {
		if text := strconv.Itoa(number); taken[text] == "" && tryListen(text) == nil {
			return text, nil
		}
	}
	return "", l.busy(fmt.Sprintf("every port from %d to %d", l.usual, l.usual+999))
}

// check says plainly who can not listen where. What listens runs without root, even
// where we do.
func (l listener) check(number string) error {
	err := tryListen(number)
	switch {
	case isRoots(number) || errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "%s may not have port %s, it is root's", l.purpose, number).
			WithHint("Choose a %s of 1024 or more in the gateway's settings.", l.setting)
	case errors.Is(err, syscall.EADDRINUSE):
		return l.busy("port " + number)
	case err != nil:
		return lab.Errorf(lab.KindUnavailable, "%s can not listen on port %s", l.purpose, number).
			WithHint("See whether this machine's loopback interface is up.").WithCause(err)
	}
	return nil
}

func isRoots(number string) bool {
	n, err := strconv.Atoi(number)
	return err == nil && n < 1024
}

func (l listener) busy(what string) error {
	return lab.Errorf(lab.KindBusy, "%s, meant for %s, is in use by another program", what, l.purpose).
		WithHint("Choose another %s in the gateway's settings, or end the program that listens there.", l.setting)
}

func tryListen(number string) error {
	socket, err := net.Listen("tcp4", net.JoinHostPort(loopback, number))
	if err != nil {
		return err
	}
	return socket.Close()
}
