package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	heartbeat    = 15 * time.Second // between comments on an idle stream, so that a dead reader is noticed
	writeLimit   = 10 * time.Second // for an event, or an answer, to be taken by the network
	reconnectMil = 1000             // milliseconds a page waits before it connects again
)

// events answers GET /events: every lab.Event, the snapshot first, one JSON
// value each, until the reader goes or the server ends.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	stream := stream{w: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	// From before the answer begins: whoever has it misses nothing that comes after.
	events := s.service.Subscribe(r.Context())
	if stream.send("retry: %d\n\n", reconnectMil) != nil {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			err = stream.send(": still here\n\n")
		case event, ok := <-events:
			if !ok {
				return
			}
			err = stream.event(event)
		}
		if err != nil {
			return // the reader is gone, and nobody is left to tell
		}
	}
}

type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s stream) event(e lab.Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return s.send("data: %s\n\n", data)
}

func (s stream) send(format string, args ...any) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.control.Flush()
}
