package rest

import (
	"context"
	"net/http"
	"path/filepath"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// upload answers POST /upload?name=NAME with the path of the file that was sent: one
// dropped on a page in a browser, which tells no path.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	body := patient{r.Body, http.NewResponseController(w)}
	path, err := s.uploads.Take(r.URL.Query().Get("name"), r.ContentLength, body)
	if err != nil {
		fail(w, err)
		return
	}
	Reply(w, http.StatusOK, map[string]string{"path": path})
}

// discard answers DELETE /upload?path=PATH: what was sent is not wanted after all.
func (s *Server) discard(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Query().Get("path")
	id, ok := s.uploads.Of(path)
	if !ok {
		fail(w, lab.Errorf(lab.KindInvalid, "%q was not sent to this program", path))
		return
	}
	if err := s.uploads.Drop(id); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// addImage adds an image; what was uploaded for it goes when that is over.
func (s *Server) addImage(svc *service.Service, ctx context.Context, in service.AddImageInput) (lab.Image, error) {
	if id, ok := s.uploads.Of(in.Path); ok {
		return s.uploads.AddImage(ctx, svc, id, in)
	}
	return svc.AddImage(ctx, in)
}

// sent reports whether a path is of a file that was sent, and is whole.
func (s *Server) sent(path string) bool {
	id, ok := s.uploads.Of(path)
	whole, err := s.uploads.Whole(id)
	return ok && err == nil && filepath.Clean(path) == whole
}
