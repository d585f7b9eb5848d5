package rest

import (
	"net/http"
	"strconv"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// shootLimit is how many pictures are worked on at once: each takes a
// processor, and QEMU pauses its display for it.
const shootLimit = 2

// Screenshots answers GET /screenshot/{node} with a PNG of the node's display,
// with ?width=N (16 to 4096) no wider than that many pixels. The window serves it
// too: a picture is too large for a call.
func Screenshots(s *service.Service) http.Handler {
	slots := make(chan struct{}, shootLimit)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /screenshot/{node}", func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-r.Context().Done():
			return // nobody waits for it any more
		}
		picture, err := shoot(s, r)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Cache-Control", "no-store")
		write(w, picture)
	})
	return mux
}

func shoot(s *service.Service, r *http.Request) ([]byte, error) {
	width := 0
	if asked := r.URL.Query().Get("width"); asked != "" {
		var err error
		if width, err = strconv.Atoi(asked); err != nil || width < 16 || width > 4096 {
			return nil, lab.Errorf(lab.KindInvalid, "%q is not a width from 16 to 4096", asked)
		}
	}
	mime, picture, err := s.Screenshot(r.Context(), r.PathValue("node"))
	if err != nil {
		return nil, err
	}
	return pngOf(mime, picture, width)
}
