package rest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
)

// statuses gives every kind of error its HTTP status.
var statuses = map[lab.Kind]int{
	lab.KindInvalid:     http.StatusBadRequest,
	lab.KindNotFound:    http.StatusNotFound,
	lab.KindExists:      http.StatusConflict,
	lab.KindBusy:        http.StatusConflict,
	lab.KindUnavailable: http.StatusServiceUnavailable,
	lab.KindDenied:      http.StatusForbidden,
	lab.KindInternal:    http.StatusInternalServerError,
}

// Status is the HTTP status of a failure, by its kind; of a body that was too
// large it says so.
func Status(err error) int {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return statuses[lab.KindOf(err)]
}

// fail answers with err's Problem and its status.
func fail(w http.ResponseWriter, err error) { Reply(w, Status(err), lab.ProblemOf(err)) }

// Reply answers with a value as JSON, which nobody is to keep.
func Reply(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		slog.Error("encode answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	write(w, body)
}

// write sends what is left of an answer, which its reader must take within a moment.
func write(w http.ResponseWriter, body []byte) {
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		slog.Debug("limit answer", "error", err)
	}
	if _, err := w.Write(body); err != nil {
		slog.Debug("send answer", "error", err)
	}
}
