package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// xserver is a connection to an X server that does two things at once, and in
// less time than a process takes to start: it presses keys (XTEST) and looks at
// what the display shows (the core protocol's GetImage).
type xserver struct {
	conn net.Conn
	root [4]byte
	test byte // opcode of XTEST
}

// area is a part of the display.
type area struct{ x, y, w, h int }

const (
	opGetImage       = 73
	opQueryExtension = 98
	fakeInput        = 2 // minor opcode of XTEST
	keyPress         = 2
	keyRelease       = 3
)

// order is how both sides write numbers; it is asked for below.
var order = binary.LittleEndian

func dialX(display string) (*xserver, error) {
	conn, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(display, ":"))
	if err != nil {
		return nil, err
	}
	x := &xserver{conn: conn}
	if err := errors.Join(x.enter(), x.findTest()); err != nil {
		return nil, errors.Join(fmt.Errorf("enter display %s: %w", display, err), conn.Close())
	}
	return x, nil
}

// enter is the greeting: protocol 11.0, no authorisation.
func (x *xserver) enter() error {
	if _, err := x.conn.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(x.conn, head[:]); err != nil {
		return err
	}
	body := make([]byte, 4*int(order.Uint16(head[6:])))
	if _, err := io.ReadFull(x.conn, body); err != nil {
		return err
	}
	if head[0] != 1 {
		return fmt.Errorf("refused: %s", body)
	}
	vendor, formats := int(order.Uint16(body[16:])), int(body[21])
	x.root = [4]byte(body[32+(vendor+3)/4*4+8*formats:]) // the first field of the first screen
	return nil
}

func (x *xserver) findTest() error {
	const name = "XTEST\x00\x00\x00" // padded to whole words
	request := append([]byte{opQueryExtension, 0, 2 + byte(len(name)/4), 0, 5, 0, 0, 0}, name...)
	if _, err := x.conn.Write(request); err != nil {
		return err
	}
	reply, err := x.reply()
	if err != nil {
		return err
	}
	if reply[8] == 0 {
		return errors.New("the X server has no XTEST")
	}
	x.test = reply[9]
	return nil
}

// reply takes the next reply, past the events that every client is sent.
func (x *xserver) reply() ([]byte, error) {
	for {
		head := make([]byte, 32)
		if _, err := io.ReadFull(x.conn, head); err != nil {
			return nil, err
		}
		switch head[0] {
		case 0:
			return nil, fmt.Errorf("the X server says error %d to request %d", head[1], head[10])
		case 1:
			whole := append(head, make([]byte, 4*int(order.Uint32(head[4:])))...)
			_, err := io.ReadFull(x.conn, whole[32:])
			return whole, err
		}
	}
}

// picture gives the pixels of an area, four bytes each.
func (x *xserver) picture(a area) ([]byte, error) {
	request := append([]byte{opGetImage, 2, 5, 0}, x.root[:]...) // 2: ZPixmap
	for _, n := range []int{a.x, a.y, a.w, a.h} {
		request = order.AppendUint16(request, uint16(n))
	}
	if _, err := x.conn.Write(append(request, 255, 255, 255, 255)); err != nil { // all planes
		return nil, err
	}
	reply, err := x.reply()
	if err != nil {
		return nil, err
	}
	return reply[32:], nil
}

// fake has the server believe that a key moved.
func (x *xserver) fake(kind, detail byte) error {
	request := make([]byte, 36)
	request[0], request[1], request[2] = x.test, fakeInput, 9
	request[4], request[5] = kind, detail
	copy(request[12:], x.root[:])
	_, err := x.conn.Write(request)
	return err
}

// press presses a key, by X's number of it, and lets it go.
func (x *xserver) press(key byte) error {
	return errors.Join(x.fake(keyPress, key), x.fake(keyRelease, key))
}
