package rest

import (
	"log/slog"
	"net/http"

	"sandboxlabs/backend/service"
)

// Screenshots answers GET /screenshot/{node} with a picture of the node's
// display. The window serves it too: a picture is too large for a call.
func Screenshots(s *service.Service) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /screenshot/{node}", func(w http.ResponseWriter, r *http.Request) {
		mime, picture, err := s.Screenshot(r.Context(), r.PathValue("node"))
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Cache-Control", "no-store")
		if _, err := w.Write(picture); err != nil {
			slog.Debug("send screenshot", "error", err)
		}
	})
	return mux
}
