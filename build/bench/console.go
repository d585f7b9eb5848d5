package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

// console lasts from asking for a ticket to the last byte of the first frame.
func (b *bed) console(ctx context.Context) ([]row, error) {
	r := row{what: "console ticket to first frame"}
	n, err := b.node(ctx, "seen")
	if err != nil {
		return nil, err
	}
	if err := b.server.call(ctx, "Start", nil, n.ID); err != nil {
		return nil, err
	}
	if _, err := b.server.until(ctx, n.ID, in(lab.Running)); err != nil {
		return nil, err
	}
	for range b.rounds {
		if err := timed(&r.ours, func() error { return b.firstFrame(ctx, n.ID) }); err != nil {
			return nil, err
		}
	}
	return []row{r}, b.clear(ctx)
}

func (b *bed) firstFrame(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ws, err := b.socket(ctx, id, lab.ConsoleVNC, "binary", "")
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	return readFrame(websocket.NetConn(ctx, ws, websocket.MessageBinary))
}

// readFrame takes one whole frame in raw encoding.
func readFrame(c io.ReadWriter) error {
	begin, err := enter(c)
	if err != nil {
		return err
	}
	return readPixels(c, begin[:4], int64(begin[4])/8)
}

// enter is the shortest beginning of RFB 3.8 (RFC 6143): no security, shared. It
// gives width, height and pixel format as they were sent.
func enter(c io.ReadWriter) (begin [24]byte, err error) {
	var version [12]byte
	var count [1]byte
	if err := exchange(c, []byte("RFB 003.008\n"), version[:], count[:]); err != nil {
		return begin, err
	}
	offered := make([]byte, count[0])
	var result [4]byte
	if _, err := io.ReadFull(c, offered); err != nil {
		return begin, err
	}
	if _, err := c.Write([]byte{1}); err != nil { // security type: none
		return begin, err
	}
	if _, err := io.ReadFull(c, result[:]); err != nil {
		return begin, err
	}
	if binary.BigEndian.Uint32(result[:]) != 0 {
		return begin, fmt.Errorf("the display refused us; it offered %v", offered)
	}
	if _, err := c.Write([]byte{1}); err != nil { // shared
		return begin, err
	}
	if _, err := io.ReadFull(c, begin[:]); err != nil {
		return begin, err
	}
	if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(begin[20:]))); err != nil {
		return begin, err
	}
	return begin, nil
}

// exchange reads the greeting, answers it, and reads what follows.
func exchange(c io.ReadWriter, answer, greeting, then []byte) error {
	if _, err := io.ReadFull(c, greeting); err != nil {
		return err
	}
	if _, err := c.Write(answer); err != nil {
		return err
	}
	_, err := io.ReadFull(c, then)
	return err
}

// readPixels asks for the whole display (width and height as they were sent) and reads it.
func readPixels(c io.ReadWriter, size []byte, bytesPerPixel int64) error {
	encodings := []byte{2, 0, 0, 1, 0, 0, 0, 0}
	request := append([]byte{3, 0, 0, 0, 0, 0}, size...)
	if _, err := c.Write(append(encodings, request...)); err != nil {
		return err
	}
	var update [4]byte
	if _, err := io.ReadFull(c, update[:]); err != nil {
		return err
	}
	for range binary.BigEndian.Uint16(update[2:]) {
		var rectangle [12]byte
		if _, err := io.ReadFull(c, rectangle[:]); err != nil {
			return err
		}
		width, height := binary.BigEndian.Uint16(rectangle[4:]), binary.BigEndian.Uint16(rectangle[6:])
		if _, err := io.CopyN(io.Discard, c, int64(width)*int64(height)*bytesPerPixel); err != nil {
			return err
		}
	}
	return nil
}

// showDirect takes what a display shows in ZRLE, of which noVNC and QEMU both
// know, as fast as it comes, until ctx ends.
func (b *bed) showDirect(ctx context.Context, id string, bytes *atomic.Int64) error {
	ws, err := b.socket(ctx, id, lab.ConsoleVNC, "binary", "")
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	c := websocket.NetConn(ctx, ws, websocket.MessageBinary)
	begin, err := enter(c)
	if err != nil {
		return err
	}
	if _, err := c.Write([]byte{2, 0, 0, 1, 0, 0, 0, 16}); err != nil { // SetEncodings: ZRLE
		return err
	}
	for incremental := byte(0); ; incremental = 1 {
		if _, err := c.Write(append([]byte{3, incremental, 0, 0, 0, 0}, begin[:4]...)); err != nil {
			return err
		}
		if err := readZRLE(c, bytes); err != nil {
			return err
		}
	}
}

// readZRLE takes one update.
func readZRLE(c io.Reader, bytes *atomic.Int64) error {
	var update [4]byte
	if _, err := io.ReadFull(c, update[:]); err != nil {
		return err
	}
	if update[0] != 0 {
		return fmt.Errorf("message %d is no update", update[0])
	}
	for range binary.BigEndian.Uint16(update[2:]) {
		var rectangle [16]byte
		if _, err := io.ReadFull(c, rectangle[:]); err != nil {
			return err
		}
		length := int64(binary.BigEndian.Uint32(rectangle[12:]))
		if _, err := io.CopyN(io.Discard, c, length); err != nil {
			return err
		}
		bytes.Add(length + int64(len(rectangle)))
	}
	return nil
}
