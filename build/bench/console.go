package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
	var ticket lab.Ticket
	if err := b.server.call(ctx, "Console", &ticket, id, lab.ConsoleVNC); err != nil {
		return err
	}
	page, err := url.Parse(b.server.base)
	if err != nil {
		return err
	}
	at, err := page.Parse(ticket.URL)
	if err != nil {
		return err
	}
	at.Scheme = "ws"
	ws, answer, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{
		HTTPClient: b.server.client, HTTPHeader: http.Header{"Origin": {b.server.base}}, Subprotocols: []string{"binary"},
	})
	if err != nil {
		return err
	}
	if answer.Body != nil {
		defer answer.Body.Close()
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	return readFrame(websocket.NetConn(ctx, ws, websocket.MessageBinary))
}

// readFrame is the shortest client of RFB 3.8 (RFC 6143): no security, shared,
// raw encoding, one whole frame.
func readFrame(c io.ReadWriter) error {
	var version [12]byte
	var count [1]byte
	if err := exchange(c, []byte("RFB 003.008\n"), version[:], count[:]); err != nil {
		return err
	}
	offered := make([]byte, count[0])
	var result [4]byte
	if _, err := io.ReadFull(c, offered); err != nil {
		return err
	}
	if _, err := c.Write([]byte{1}); err != nil { // security type: none
		return err
	}
	if _, err := io.ReadFull(c, result[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(result[:]) != 0 {
		return fmt.Errorf("the display refused us; it offered %v", offered)
	}
	var begin [24]byte
	if _, err := c.Write([]byte{1}); err != nil { // shared
		return err
	}
	if _, err := io.ReadFull(c, begin[:]); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(begin[20:]))); err != nil {
		return err
	}
	return readPixels(c, begin[:4], int64(begin[4])/8)
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
