package rest

import (
	"bytes"
	_ "embed"
	"net/http"

	"sandboxlabs/backend/page"
)

//go:embed shim.js
var shim []byte

const shimTag = `<head><script src="/shim.js"></script>`

// page serves the page's files, its index with the script that gives it what the
// window would have.
func (s *Server) page(p *page.Page) http.Handler {
	index := func(w http.ResponseWriter, r *http.Request) {
		now := s.service.Desktop()
		body := p.Index(page.Beginning{Language: now.Language, Scheme: now.Scheme})
		send("text/html; charset=utf-8", bytes.Replace(body, []byte("<head>"), []byte(shimTag), 1))(w, r)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(p))
	mux.HandleFunc("GET /{$}", index)
	mux.HandleFunc("GET /shim.js", send("text/javascript; charset=utf-8", shim))
	return mux
}

func send(mime string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Cache-Control", "no-cache")
		write(w, body)
	}
}
