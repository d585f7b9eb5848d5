package api

import (
	"log/slog"
	"net/http"
)

// addDocument serves what the API says of itself. It is made once: it does not change.
func (a *API) addDocument() error {
	o := a.huma.OpenAPI()
	asJSON, err := clean(o)
	if err != nil {
		return err
	}
	asYAML, err := o.YAML()
	if err != nil {
		return err
	}
	page, err := readable(o, a.ids)
	if err != nil {
		return err
	}
	a.serve("/openapi.json", "application/openapi+json", asJSON)
	a.serve("/openapi.yaml", "application/openapi+yaml", asYAML)
	a.serve("/docs", "text/html; charset=utf-8", page)
	a.serve("/docs.css", "text/css; charset=utf-8", docsStyle)
	return nil
}

func (a *API) serve(path, contentType string, content []byte) {
	a.mux.HandleFunc("GET "+Prefix+path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if _, err := w.Write(content); err != nil {
			slog.Debug("send document", "error", err)
		}
	})
}
