package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"sandboxlabs/backend/lab"
)

// The parameters of a tunnel that a page gives in its address, as
// guacamole-common-js appends them; the rest is between us and the gateway.
const (
	paramWidth  = "GUAC_WIDTH"
	paramHeight = "GUAC_HEIGHT"
	paramDPI    = "GUAC_DPI"
	paramImage  = "GUAC_IMAGE"
)

// maxPixels is above any screen, maxMessage above anything a page sends: a
// clipboard comes in blobs of some kilobytes.
const (
	maxPixels  = 1 << 14
	maxMessage = 1 << 20
)

var imageTypes = []string{"image/png", "image/jpeg", "image/webp"}

// askOf takes what a page tells of its screen; what is none is left out.
func askOf(query url.Values) lab.TunnelRequest {
	number := func(name string) int {
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < 1 || n > maxPixels {
			return 0
		}
		return n
	}
	ask := lab.TunnelRequest{Width: number(paramWidth), Height: number(paramHeight), DPI: number(paramDPI)}
	for _, image := range query[paramImage] {
		if slices.Contains(imageTypes, image) && !slices.Contains(ask.Images, image) {
			ask.Images = append(ask.Images, image)
		}
	}
	return ask
}

// pacing is the least time between two opens. guacd forks for each, and on glibc
// the child of a fork in the middle of another's log line can hang.
const pacing = 300 * time.Millisecond

// pacer spaces opens.
type pacer struct {
	mu   sync.Mutex
	next time.Time
}

// wait returns when it is the caller's turn.
func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	turn := p.next
	if turn.Before(now) {
		turn = now
	}
	p.next = turn.Add(pacing)
	p.mu.Unlock()
	select {
	case <-time.After(time.Until(turn)):
		return nil
	case <-ctx.Done():
		return lab.Cancelled(ctx)
	}
}

// carryTunnel opens a node's console through the gateway and carries it.
func (s *Server) carryTunnel(ctx context.Context, ws *websocket.Conn, id string, ask lab.TunnelRequest) {
	tunnel, err := s.openTunnel(ctx, id, ask)
	if err != nil {
		s.log.Warn("console not opened", "node", id, "kind", lab.ConsoleTunnel, "error", err)
		hangUp(ws, tunnelEnding(err))
		return
	}
	relay(ctx, ws, tunnel)
}

func (s *Server) openTunnel(ctx context.Context, id string, ask lab.TunnelRequest) (lab.Tunnel, error) {
	if s.tunnels == nil {
		return nil, lab.Errorf(lab.KindUnavailable, "there is no gateway")
	}
	if err := s.pacer.wait(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return s.tunnels.OpenTunnel(ctx, id, ask)
}

// visitPath is where browsers are sent to be sent on.
const visitPath = "/console/" + string(lab.ConsoleVisit) + "/"

// visit sends a browser on to a console in the gateway's web application. That
// address has a token in it that is good for long; a program's arguments, by which
// browsers are started, everybody on the machine can read.
func (s *Server) visit(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	id, ok := s.tickets.redeem(r.PathValue("ticket"), lab.ConsoleVisit)
	if !ok || s.tunnels == nil {
		http.Error(w, errTicket.Message, http.StatusNotFound)
		return
	}
	link, err := s.tunnels.ConsoleLink(r.Context(), id)
	if err != nil {
		p := lab.ProblemOf(err)
		http.Error(w, p.Message+"\n"+p.Hint, http.StatusServiceUnavailable)
		return
	}
	http.Redirect(w, r, link, http.StatusSeeOther)
}

// relay carries messages both ways until either side or ctx ends, then ends
// both and returns when nothing of it is left.
func relay(ctx context.Context, ws *websocket.Conn, tunnel lab.Tunnel) {
	ws.SetReadLimit(maxMessage)
	life, end := context.WithCancel(context.WithoutCancel(ctx)) // a cut would come before the close frame
	defer end()
	fromGateway, fromPage := make(chan error, 1), make(chan error, 1)
	var both sync.WaitGroup
	both.Go(func() { fromGateway <- toPage(life, ws, tunnel) })
	both.Go(func() { fromPage <- toGateway(life, ws, tunnel) })
	var last ending
	select {
	case err := <-fromGateway:
		last = tunnelEnding(err)
	case err := <-fromPage: // it left, or the gateway took nothing more
		last = tunnelEnding(err)
	case <-ctx.Done():
		last = ending{CodeGoingAway, "SandBoxLabs is ending."}
	}
	_ = tunnel.Close() // it is at its end: nothing is left to lose
	hangUp(ws, last)
	end()
	both.Wait()
}

func toPage(ctx context.Context, ws *websocket.Conn, tunnel lab.Tunnel) error {
	for {
		message, err := tunnel.Receive(ctx)
		if err != nil {
			return err
		}
		if err := ws.Write(ctx, websocket.MessageText, message); err != nil {
			return err
		}
	}
}

func toGateway(ctx context.Context, ws *websocket.Conn, tunnel lab.Tunnel) error {
	for {
		_, message, err := ws.Read(ctx)
		if err != nil {
			return err
		}
		if err := tunnel.Send(ctx, message); err != nil {
			return err
		}
	}
}

// Status codes of the Guacamole protocol for what goes wrong on our side
// (guacamole.apache.org/doc/gug/protocol-reference.html#status-codes).
const (
	statusServerError   = 512
	statusNotFound      = 516
	statusUnavailable   = 520
	statusSessionClosed = 523
	statusForbidden     = 771
)

var statuses = map[lab.Kind]int{
	lab.KindNotFound:    statusNotFound,
	lab.KindDenied:      statusForbidden,
	lab.KindUnavailable: statusUnavailable,
	lab.KindBusy:        statusSessionClosed,
}

// tunnelEnding is what the page is told at the end of a tunnel: its reason
// begins with a status code of the Guacamole protocol, where its client looks,
// and goes on with a sentence.
func tunnelEnding(err error) ending {
	e := endingOf(err)
	status, ok := statuses[lab.KindOf(err)]
	if !ok {
		status = statusServerError
	}
	var end *lab.TunnelEnd
	if errors.As(err, &end) {
		status, e = end.Status, ending{CodeTunnel, end.Reason}
	}
	var told *lab.Error
	if errors.As(err, &told) { // it has the remedy too, and its cause is in the log
		e.reason = strings.TrimSpace(strings.TrimSuffix(told.Message, ".") + ". " + told.Hint)
	}
	return ending{e.code, fmt.Sprintf("%d %s", status, e.reason)}
}
