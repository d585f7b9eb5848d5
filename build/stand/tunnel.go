package stand

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"
)

const (
	// bufferSize is how much is gathered before it is sent on.
	bufferSize = 8192
	// longestMessage is what Tomcat takes of a client, in one message.
	longestMessage = 8192
)

// wish is what a request for a tunnel asks for.
type wish struct {
	token, id, kind, source string
	display                 display
}

// tunnel carries a console over a WebSocket. What goes wrong is told by how it is closed.
func (w *WebApp) tunnel(rw http.ResponseWriter, r *http.Request) {
	// Like Tomcat, it asks nobody where they come from.
	ws, err := websocket.Accept(rw, r, &websocket.AcceptOptions{Subprotocols: []string{"guacamole"}, InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer ws.CloseNow()
	ws.SetReadLimit(longestMessage)
	err = w.carry(r.Context(), ws, r.URL.Query())
	var f *failure
	if errors.As(err, &f) && r.Context().Err() == nil { // else it was cut down
		_ = ws.Close(codes[f.status].webSocket, strconv.Itoa(f.status)) // whoever asked may be gone
	}
}

// carry opens the console and carries it until one side ends. A *failure is for
// the client to be told; any other error cuts the connection, as in the real one.
func (w *WebApp) carry(ctx context.Context, ws *websocket.Conn, query url.Values) error {
	asked, err := parseWish(query)
	if err != nil {
		return err
	}
	s, err := w.mustFind(asked.token)
	if err != nil {
		return err
	}
	if err := checkSource(asked.source); err != nil {
		return err
	}
	c, found, err := w.readable(ctx, s, asked.id)
	if err != nil {
		return err
	}
	if !found || asked.kind != "c" {
		return notFoundf("Requested tunnel destination does not exist.")
	}
	history, err := w.begin(ctx, s, c)
	if err != nil {
		return err
	}
	defer w.finish(c, history)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(errGone) })()
	return w.relay(ctx, cancel, ws, s, c, asked.display)
}

// parseWish reads the parameters of a request, in the order of the real one.
func parseWish(query url.Values) (wish, error) {
	asked := wish{token: query.Get("token"), display: display{
		width: 1024, height: 768, dpi: 96,
		audio: query["GUAC_AUDIO"], video: query["GUAC_VIDEO"], images: query["GUAC_IMAGE"],
		timezone: query.Get("GUAC_TIMEZONE"),
	}}
	for _, p := range []struct {
		name string
		to   *string
	}{{"GUAC_ID", &asked.id}, {"GUAC_TYPE", &asked.kind}, {"GUAC_DATA_SOURCE", &asked.source}} {
		if !query.Has(p.name) {
			return asked, badRequestf("Parameter %q is required.", p.name)
		}
		*p.to = query.Get(p.name)
	}
	if asked.kind != "c" && asked.kind != "g" && asked.kind != "a" {
		return asked, badRequestf("Illegal identifier - unknown type.")
	}
	for name, to := range map[string]*int{"GUAC_WIDTH": &asked.display.width, "GUAC_HEIGHT": &asked.display.height, "GUAC_DPI": &asked.display.dpi} {
		if !query.Has(name) {
			continue
		}
		n, err := strconv.Atoi(query.Get(name))
		if err != nil {
			return asked, badRequestf("Parameter %q must be a valid integer.", name)
		}
		*to = n
	}
	return asked, nil
}

// begin writes into the history that a connection is opened.
func (w *WebApp) begin(ctx context.Context, s *session, c connection) (history int32, err error) {
	rows, err := ask(ctx, &w.records, pgx.RowTo[int32], `
		INSERT INTO guacamole_connection_history (user_id, username, remote_host, connection_id, connection_name, start_date)
		SELECT (SELECT user_id FROM guacamole_user WHERE user_id = $1), $2, '127.0.0.1', connection_id, $4, $5
		FROM guacamole_connection WHERE connection_id = $3
		RETURNING history_id`, s.UserID, s.Name, c.ID, c.Name, time.Now())
	if err == nil && len(rows) == 0 {
		err = notFoundf("Requested tunnel destination does not exist.")
	}
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active[c.ID]++
	return rows[0], nil
}

// finish writes that it was closed. Nobody is there who could be told that it could not.
func (w *WebApp) finish(c connection, history int32) {
	w.mu.Lock()
	w.active[c.ID]--
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = w.records.use(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "UPDATE guacamole_connection_history SET end_date = $1 WHERE history_id = $2", time.Now(), history)
		return err
	})
}

// relay opens the console through guacd, and lets both sides talk.
func (w *WebApp) relay(ctx context.Context, cancel context.CancelCauseFunc, ws *websocket.Conn, s *session, c connection, d display) error {
	id := newUUID()
	parameters, err := w.parameters(ctx, s, c, id)
	if err != nil {
		return err
	}
	w.opening.Lock()
	l, err := dial(ctx, w.guacd, s.Name, c.Protocol, parameters, d)
	w.opening.Unlock()
	if err != nil {
		return err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	go func() { cancel(toGuacd(ws, l)) }()
	if err := write(ws, Instruction{"", []string{id}}); err != nil {
		return err
	}
	return toClient(l, ws)
}

// parameters reads what guacd is to be told of a connection.
func (w *WebApp) parameters(ctx context.Context, s *session, c connection, id string) (map[string]string, error) {
	type pair struct{ Name, Value string }
	pairs, err := ask(ctx, &w.records, pgx.RowToStructByPos[pair],
		"SELECT parameter_name, parameter_value FROM guacamole_connection_parameter WHERE connection_id = $1", c.ID)
	parameters := map[string]string{}
	for _, p := range pairs {
		parameters[p.Name] = s.substitute(p.Value, "${HISTORY_UUID}", id)
	}
	return parameters, err
}

// newUUID gives a random UUID.
func newUUID() string {
	id := make([]byte, 16)
	rand.Read(id)
	id[6], id[8] = id[6]&0x0F|0x40, id[8]&0x3F|0x80 // version 4
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func write(ws *websocket.Conn, i Instruction) error {
	return ws.Write(context.Background(), websocket.MessageText, []byte(i.Encode()))
}

// toGuacd passes on what the client says, but answers pings, which are ours. It
// ends when the client does.
func toGuacd(ws *websocket.Conn, l *link) error {
	for {
		_, message, err := ws.Read(context.Background())
		if err != nil {
			return err
		}
		all, _ := ReadMessage(message) // like the real one, it says nothing of nonsense
		for _, i := range all {
			switch {
			case i.Opcode != "":
				err = l.send(i)
			case len(i.Args) >= 2 && i.Args[0] == "ping":
				err = write(ws, Instruction{"", []string{"ping", i.Args[1]}})
			}
			if err != nil {
				return err
			}
		}
	}
}

// toClient passes on what guacd says, many instructions at a time while it has
// more. It ends when guacd does.
func toClient(l *link, ws *websocket.Conn) error {
	var message bytes.Buffer
	for {
		i, err := ReadInstruction(l.in)
		if err != nil {
			return broken(err)
		}
		message.WriteString(i.Encode())
		if l.in.Buffered() > 0 && message.Len() < bufferSize {
			continue
		}
		if err := ws.Write(context.Background(), websocket.MessageText, message.Bytes()); err != nil {
			return &failure{status: serverError, message: err.Error()}
		}
		message.Reset()
	}
}
