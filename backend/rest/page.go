package rest

import (
	"bytes"
	_ "embed"
	"io/fs"
	"net/http"

	"sandboxlabs/backend/lab"
)

//go:embed shim.js
var shim []byte

const shimTag = `<head><script src="/shim.js"></script>`

// newPage serves the page's files, its index with the script that gives it
// what the window would have.
func newPage(files fs.FS) (http.Handler, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "this program was built without its page").
			WithHint("Build it with make build.").WithCause(err)
	}
	index = bytes.Replace(index, []byte("<head>"), []byte(shimTag), 1)
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /{$}", send("text/html; charset=utf-8", index))
	mux.HandleFunc("GET /shim.js", send("text/javascript; charset=utf-8", shim))
	return mux, nil
}

func send(mime string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mime)
		w.Header().Set("Cache-Control", "no-cache")
		write(w, body)
	}
}
