package rest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// uploads keeps the files that were dropped on a page in a browser, which tells
// no path, until they are images. Each is in a folder of its own, by its own name.
type uploads struct {
	dir string

	mu   sync.Mutex
	used map[string]bool // paths of which images are being made
}

func newUploads(dir string) *uploads { return &uploads{dir: dir, used: make(map[string]bool)} }

// stale is how old what a server that was killed has left may become.
const stale = 24 * time.Hour

// sweep removes what is stale.
func (u *uploads) sweep() {
	entries, err := os.ReadDir(u.dir)
	if err != nil {
		return // there is none yet
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && time.Since(info.ModTime()) > stale {
			err = os.RemoveAll(filepath.Join(u.dir, e.Name()))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			slog.Warn("what was uploaded once stays", "path", filepath.Join(u.dir, e.Name()), "error", err)
		}
	}
}

// upload answers POST /upload?name=NAME with the path of the file that was sent.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	body := patient{r.Body, http.NewResponseController(w)}
	path, err := s.uploads.take(r.URL.Query().Get("name"), r.ContentLength, body)
	if err != nil {
		fail(w, err)
		return
	}
	Reply(w, http.StatusOK, map[string]string{"path": path})
}

// discard answers DELETE /upload?path=PATH: what was sent is not wanted after all.
func (s *Server) discard(w http.ResponseWriter, r *http.Request) {
	if err := s.uploads.drop(r.URL.Query().Get("path")); err != nil {
		fail(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// drop removes a file that was sent. One that is gone already is no failure, and
// one of which an image is being made goes when that is over.
func (u *uploads) drop(path string) error {
	if !u.has(path) {
		return lab.Errorf(lab.KindInvalid, "%q was not sent to this program", path)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.used[filepath.Clean(path)] {
		return nil
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		return lab.Errorf(lab.KindUnavailable, "%s can not be removed", path).WithHint("Remove it by hand.").WithCause(err)
	}
	return nil
}

// use keeps a file from being dropped until it is released.
func (u *uploads) use(path string) (release func()) {
	path = filepath.Clean(path)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used[path] = true
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.used, path)
	}
}

// take writes a file of size bytes; on failure nothing stays.
func (u *uploads) take(name string, size int64, content io.Reader) (path string, err error) {
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return "", lab.Errorf(lab.KindInvalid, "%q is not the name of a file", name).WithHint("Give it another name.")
	}
	if err := os.MkdirAll(u.dir, 0o700); err != nil {
		return "", lab.Errorf(lab.KindDenied, "the folder for what is dropped can not be made").WithCause(err)
	}
	dir, err := os.MkdirTemp(u.dir, "")
	if err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "the folder for what is dropped can not be made").WithCause(err)
	}
	path = filepath.Join(dir, name)
	n, err := fillFile(path, content)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		err = lab.Errorf(lab.KindUnavailable, "there is no room for %s", name).WithHint("Make room on the disk of %s.", u.dir)
	case err != nil || size >= 0 && n != size:
		err = lab.Errorf(lab.KindUnavailable, "%s did not come whole", name).WithHint("Drop it again.").WithCause(err)
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return path, nil
}

func fillFile(path string, content io.Reader) (n int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(f, content)
	return n, errors.Join(err, f.Close())
}

// addImage adds an image; what was uploaded for it goes when that is over.
func (s *Server) addImage(svc *service.Service, ctx context.Context, in service.AddImageInput) (lab.Image, error) {
	if !s.uploads.has(in.Path) {
		return svc.AddImage(ctx, in)
	}
	release := s.uploads.use(in.Path)
	image, err := svc.AddImage(ctx, in)
	if err != nil {
		release()
		return image, err
	}
	go func() {
		_, err := svc.WaitImage(ctx, image.Name) // why it failed is told with the image
		release()
		if err := s.uploads.drop(in.Path); err != nil {
			slog.Warn("what was uploaded stays", "path", in.Path, "error", err)
		}
		slog.Debug("an uploaded file is no longer needed", "path", in.Path, "error", err)
	}()
	return image, nil
}

func (u *uploads) has(path string) bool {
	return path != "" && filepath.Dir(filepath.Dir(filepath.Clean(path))) == filepath.Clean(u.dir)
}
