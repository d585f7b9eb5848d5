package rest

import (
	"encoding/json"
	"log/slog"
	"net/http"

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

// fail answers with err's Problem and the status of its kind.
func fail(w http.ResponseWriter, err error) {
	reply(w, statuses[lab.KindOf(err)], lab.ProblemOf(err))
}

func reply(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		slog.Error("encode answer", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		slog.Debug("send answer", "error", err)
	}
}
