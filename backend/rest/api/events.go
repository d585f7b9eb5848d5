package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sandboxlabs/backend/lab"
)

const (
	heartbeat    = 15 * time.Second // between comments on an idle stream, so that a dead reader is noticed
	writeLimit   = 10 * time.Second // for one event to be taken by the network
	reconnectMil = 1000             // milliseconds a reader waits before it connects again
)

const tagEvents = "Events"

// aboutEvents tells how the stream is to be read.
const aboutEvents = `A stream of server-sent events, each with an ` + "`id`" + ` and, as ` + "`data`" + `, one Event in JSON. An Event carries the whole new value of one thing, never a difference.

A stream begins with a ` + "`snapshot`" + `: forget what you knew, this is everything. With ` + "`Last-Event-ID`" + `, which browsers send by themselves, it begins with what was missed instead: the last value of each thing that changed, in the order of the changes. Where that is not known any more, since it was too long ago or the program began anew, it begins with a ` + "`snapshot`" + ` again; so whoever treats a snapshot as everything is always right.

Who reads slowly loses values between, never the last one. Who takes nothing for 10 seconds is disconnected, and can resume. Lines that begin with a colon keep the connection alive.`

func (a *API) addEvents() {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[lab.Event](), true, "Event")
	op := operation{
		method: http.MethodGet, path: "/events", id: "followEvents", tag: tagEvents, verbs: []string{"Subscribe"},
		summary: "Follow everything that changes", about: aboutEvents,
	}
	add(a, op, func(_ context.Context, in *struct {
		LastEventID string `header:"Last-Event-ID" maxLength:"100" doc:"The id of the last event that was seen."`
	},
	) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) { a.stream(ctx, in.LastEventID) }}, nil
	})
	a.huma.OpenAPI().Paths[op.path].Get.Responses["200"] = &huma.Response{
		Description: "The stream. The schema is that of the `data` of each event.",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: schema}},
	}
}

// stream tells a reader what it missed and whatever changes, until it goes or the
// server ends.
func (a *API) stream(ctx huma.Context, lastID string) {
	r, w := humago.Unwrap(ctx)
	w.Header().Set("Content-Type", "text/event-stream")
	out := stream{w, http.NewResponseController(w)}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	after, known := a.board.resume(lastID)
	err := out.send("retry: %d\n\n", reconnectMil)
	for err == nil {
		next := a.board.missed
		if !known {
			next = func(uint64) ([]byte, uint64, <-chan struct{}) { return a.board.snapshot() }
		}
		data, number, news := next(after)
		if data != nil {
			after, known = number, true
			err = out.send("id: %s\ndata: %s\n\n", a.board.id(number), data)
			continue
		}
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			err = out.send(": still here\n\n")
		case <-news:
		}
	}
}

type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send writes to a reader; its error means that the reader is gone, and nobody is
// left to tell.
func (s stream) send(format string, args ...any) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.control.Flush()
}
