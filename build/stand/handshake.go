package stand

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"time"
)

// guacdTimeout is how long guacd may be silent. It says something every 5 s.
const guacdTimeout = 15 * time.Second

// display is what a page tells of its screen.
type display struct {
	width, height, dpi   int
	audio, video, images []string
	timezone             string
}

// link is a console that guacd opened for us.
type link struct {
	net.Conn
	in *bufio.Reader
}

// Read gives up on a guacd that has fallen silent.
func (l *link) Read(p []byte) (int, error) {
	if err := l.SetReadDeadline(time.Now().Add(guacdTimeout)); err != nil {
		return 0, err
	}
	return l.Conn.Read(p)
}

func (l *link) send(all ...Instruction) error {
	var text string
	for _, i := range all {
		text += i.Encode()
	}
	_, err := io.WriteString(l.Conn, text)
	return err
}

// expect reads an instruction that must have that opcode.
func (l *link) expect(opcode string) (Instruction, error) {
	i, err := ReadInstruction(l.in)
	switch {
	case err != nil:
		return i, broken(err)
	case i.Opcode == "error":
		return i, refusal(i)
	case i.Opcode != opcode:
		return i, &failure{status: serverError, kind: "INTERNAL_ERROR", message: fmt.Sprintf("Expected %q instruction but instead received %q.", opcode, i.Opcode)}
	}
	return i, nil
}

// refusal makes a failure of guacd's error instruction.
func refusal(i Instruction) error {
	f := &failure{status: serverError, kind: "INTERNAL_ERROR", message: "Internal error within guacd / protocol handling."}
	if len(i.Args) > 0 {
		f.message = i.Args[0]
	}
	if len(i.Args) > 1 {
		status, _ := strconv.Atoi(i.Args[1]) // else it is one that nobody knows
		if _, known := codes[status]; known && status != success {
			f.status = status
		}
	}
	return f
}

// broken says how a connection to guacd ended: with success, if it is merely closed.
func broken(err error) *failure {
	var network net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &failure{status: upstreamTimeout, message: "Connection to guacd timed out."}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return &failure{status: success, message: "Connection to guacd is closed."}
	}
	return &failure{status: serverError, message: err.Error()}
}

// dial opens a console through guacd.
func dial(ctx context.Context, guacd, name, protocol string, parameters map[string]string, d display) (*link, error) {
	dialer := net.Dialer{Timeout: guacdTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", guacd)
	if err != nil {
		return nil, &failure{status: serverError, kind: "INTERNAL_ERROR", message: err.Error()}
	}
	l := &link{Conn: conn}
	l.in = bufio.NewReader(l)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // whoever asked is gone
	defer stop()
	if err := l.shakeHands(name, protocol, parameters, d); err != nil {
		_ = conn.Close() // it is of no use
		return nil, err
	}
	return l, nil
}

// shakeHands tells guacd what to open, and waits until it has begun to.
func (l *link) shakeHands(name, protocol string, parameters map[string]string, d display) error {
	if err := l.send(Instruction{"select", []string{protocol}}); err != nil {
		return broken(err)
	}
	args, err := l.expect("args")
	if err != nil {
		return err
	}
	version, values := answers(args.Args, parameters)
	all := []Instruction{
		{"size", []string{strconv.Itoa(d.width), strconv.Itoa(d.height), strconv.Itoa(d.dpi)}},
		{"audio", d.audio},
		{"video", d.video},
		{"image", d.images},
	}
	if version >= 101 && d.timezone != "" {
		all = append(all, Instruction{"timezone", []string{d.timezone}})
	}
	if version >= 105 {
		all = append(all, Instruction{"name", []string{name}})
	}
	if err := l.send(append(all, Instruction{"connect", values})...); err != nil {
		return broken(err)
	}
	ready, err := l.expect("ready")
	if err == nil && len(ready.Args) == 0 {
		err = &failure{status: serverError, kind: "INTERNAL_ERROR", message: "No connection ID received"}
	}
	return err
}

var versionPattern = regexp.MustCompile(`^VERSION_(\d+)_(\d+)_\d+$`)

// answers gives a value for each parameter that guacd asks for, and the version of
// the protocol, 105 for 1.5: ours is 1.5, and the older of the two is spoken.
func answers(asked []string, parameters map[string]string) (version int, values []string) {
	const latest = 105
	version = 100
	for n, name := range asked {
		value := parameters[name]
		if found := versionPattern.FindStringSubmatch(name); n == 0 && found != nil {
			major, _ := strconv.Atoi(found[1]) // the pattern has digits
			minor, _ := strconv.Atoi(found[2])
			version, value = major*100+minor, name
			if version >= latest {
				version, value = latest, "VERSION_1_5_0"
			}
		}
		values = append(values, value)
	}
	return version, values
}
