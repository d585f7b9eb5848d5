package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// spacing is more than the program leaves between two opens through the gateway,
// so that no round waits for the one before.
const spacing = 400 * time.Millisecond

// tunnel opens consoles through guacd, and lets a guest scroll through both ways.
func (b *bed) tunnel(ctx context.Context, h *hall) ([]row, error) {
	first := row{what: "console ticket to first frame, through guacd"}
	n, err := b.node(ctx, "far")
	if err != nil {
		return nil, err
	}
	if err := b.server.call(ctx, "Start", nil, n.ID); err != nil {
		return nil, err
	}
	if _, err := b.server.until(ctx, n.ID, func(n lab.Node) bool {
		return n.State == lab.Running && n.Gateway.State == lab.Registered
	}); err != nil {
		return nil, err
	}
	for range b.rounds {
		time.Sleep(spacing)
		if err := timed(&first.ours, func() error { return b.firstTunnelFrame(ctx, n.ID) }); err != nil {
			return nil, err
		}
	}
	notes, err := b.scroll(ctx, n.ID, h)
	return append([]row{first}, notes...), err
}

func (b *bed) firstTunnelFrame(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	ws, err := b.dialTunnel(ctx, id)
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	var bytes atomic.Int64
	return readTunnel(ctx, ws, &bytes, true)
}

// socket opens a console's WebSocket with a ticket of that kind.
func (b *bed) socket(ctx context.Context, id string, kind lab.ConsoleKind, protocol, query string) (*websocket.Conn, error) {
	var ticket lab.Ticket
	if err := b.server.call(ctx, "Console", &ticket, id, kind); err != nil {
		return nil, err
	}
	page, err := url.Parse(b.server.base)
	if err != nil {
		return nil, err
	}
	at, err := page.Parse(ticket.URL + query)
	if err != nil {
		return nil, err
	}
	at.Scheme = "ws"
	ws, answer, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{
		HTTPClient: b.server.client, HTTPHeader: http.Header{"Origin": {b.server.base}}, Subprotocols: []string{protocol},
	})
	if err != nil {
		return nil, err
	}
	if answer.Body != nil {
		_ = answer.Body.Close() // it is empty
	}
	ws.SetReadLimit(-1)
	return ws, nil
}

func (b *bed) dialTunnel(ctx context.Context, id string) (*websocket.Conn, error) {
	return b.socket(ctx, id, lab.ConsoleTunnel, "guacamole", "?GUAC_WIDTH=1024&GUAC_HEIGHT=768&GUAC_DPI=96&GUAC_IMAGE=image/png&GUAC_IMAGE=image/jpeg")
}

// readTunnel takes what a tunnel shows until it ends or, if that is asked for,
// the first frame is whole.
func readTunnel(ctx context.Context, ws *websocket.Conn, bytes *atomic.Int64, once bool) error {
	for drawn := false; ; {
		_, message, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		bytes.Add(int64(len(message)))
		instructions, err := stand.ReadMessage(message)
		if err != nil {
			return err
		}
		for _, i := range instructions {
			drawn = drawn || slices.Contains([]string{"img", "png", "rect", "cfill", "copy"}, i.Opcode)
			if i.Opcode != "sync" {
				continue
			}
			if drawn && once {
				return nil
			}
			answer := stand.Instruction{Opcode: "sync", Args: i.Args[:1]}.Encode()
			if err := ws.Write(ctx, websocket.MessageText, []byte(answer)); err != nil {
				return err
			}
		}
	}
}

const (
	bootLimit = 60 * time.Second
	scrollFor = 10 * time.Second
)

// scroll has the guest write to its screen without end, and looks at what both
// ways of showing that cost.
func (b *bed) scroll(ctx context.Context, id string, h *hall) ([]row, error) {
	if err := b.typeSerial(ctx, id, "while :; do dmesg; done >/dev/tty1 &\n"); err != nil {
		return nil, err
	}
	var rows []row
	for _, way := range []struct {
		name string
		pids []int
		show func(context.Context, *atomic.Int64) error
	}{
		{"direct", []int{b.server.cmd.Process.Pid}, func(ctx context.Context, n *atomic.Int64) error { return b.showDirect(ctx, id, n) }},
		{"through guacd", []int{b.server.cmd.Process.Pid, h.guacd.Pid()}, func(ctx context.Context, n *atomic.Int64) error {
			return b.showTunnel(ctx, id, n)
		}},
	} {
		text, err := b.cost(ctx, way.pids, way.show)
		if err != nil {
			return nil, fmt.Errorf("scroll %s: %w", way.name, err)
		}
		rows = append(rows, note("a guest scrolls text, "+way.name+" (serve, and guacd with its children)", text))
	}
	return rows, nil
}

// cost tells what showing takes: bytes to the page, and the time of processes.
func (b *bed) cost(ctx context.Context, pids []int, show func(context.Context, *atomic.Int64) error) (string, error) {
	life, stop := context.WithCancel(ctx)
	defer stop()
	var bytes atomic.Int64
	ended := make(chan error, 1)
	go func() { ended <- show(life, &bytes) }()
	time.Sleep(time.Second) // the first frame is over
	ticks, err := ticksOf(pids)
	if err != nil {
		return "", err
	}
	before := bytes.Load()
	select {
	case <-time.After(scrollFor):
	case err := <-ended:
		return "", errors.Join(errors.New("it ended"), err)
	}
	after, err := ticksOf(pids)
	if err != nil {
		return "", err
	}
	seconds := scrollFor.Seconds()
	rate := float64(bytes.Load()-before) / seconds / 1024
	return fmt.Sprintf("%.0f KiB/s, %.1f %% CPU", rate, 100*float64((after-ticks)*tick)/float64(scrollFor)), nil
}

func ticksOf(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		for _, p := range family(pid) {
			t, err := cpuTicks(p)
			if errors.Is(err, os.ErrNotExist) {
				continue // it has just ended
			}
			if err != nil {
				return 0, err
			}
			sum += t
		}
	}
	return sum, nil
}

func (b *bed) showTunnel(ctx context.Context, id string, bytes *atomic.Int64) error {
	ws, err := b.dialTunnel(ctx, id)
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	return readTunnel(ctx, ws, bytes, false)
}

// typeSerial waits for the guest's shell on its serial port and types a line.
func (b *bed) typeSerial(ctx context.Context, id, line string) error {
	ctx, cancel := context.WithTimeout(ctx, bootLimit)
	defer cancel()
	ws, err := b.socket(ctx, id, lab.ConsoleSerial, "binary", "")
	if err != nil {
		return err
	}
	defer ws.CloseNow()
	go func() { // a shell that is ready says nothing by itself
		for ctx.Err() == nil {
			_ = ws.Write(ctx, websocket.MessageBinary, []byte("\n")) // the reader learns of it
			time.Sleep(time.Second)
		}
	}()
	for said := ""; !strings.Contains(said, "# "); {
		_, part, err := ws.Read(ctx)
		if err != nil {
			return fmt.Errorf("wait for the guest's shell: %w", err)
		}
		said += string(part)
	}
	return ws.Write(ctx, websocket.MessageBinary, []byte(line))
}
