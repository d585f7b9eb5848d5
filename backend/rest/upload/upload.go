// Package upload keeps files that are sent over HTTP, in pieces or at once, until
// they are images. Each has a folder of its own, where it has its own name, and a
// record beside it: a server that begins anew knows them all.
package upload

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// Upload is a file that is being sent.
type Upload struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`  // of the file
	Bytes   int64     `json:"bytes"` // of the whole file
	Offset  int64     `json:"offset"`
	Expires time.Time `json:"expires"`
}

// Whole reports whether all of it is there.
func (u Upload) Whole() bool { return u.Offset == u.Bytes }

// Expiry is how long an upload is kept to which nothing is added.
const Expiry = 24 * time.Hour

// record is the name of what is kept of an upload beside its file, which can not
// have it: it begins with a dot.
const record = ".upload.json"

// Store keeps uploads in a folder.
type Store struct {
	dir string

	mu   sync.Mutex
	used map[string]bool // ids of those that images are being made of
}

// Open gives the store of a folder, which is made when the first comes, without
// what has expired.
func Open(dir string) *Store {
	s := &Store{dir: dir, used: make(map[string]bool)}
	s.sweep()
	return s
}

// Begin makes room for a file of so many bytes. What has expired goes.
func (s *Store) Begin(name string, bytes int64) (Upload, error) {
	if err := checkName(name); err != nil {
		return Upload{}, err
	}
	if bytes < 1 || bytes > lab.MaxDiskBytes {
		return Upload{}, lab.Errorf(lab.KindInvalid, "a file of %d bytes can not be sent", bytes).WithHint("Send 1 byte to %s.", lab.Size(lab.MaxDiskBytes))
	}
	s.sweep()
	u := Upload{ID: rand.Text(), Name: name, Bytes: bytes, Expires: time.Now().Add(Expiry)}
	text, err := json.Marshal(u)
	if err == nil {
		err = os.MkdirAll(s.folder(u.ID), 0o700)
	}
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(s.file(u), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err == nil {
		err = errors.Join(f.Close(), durable.Write(filepath.Join(s.folder(u.ID), record), text))
	}
	if err != nil {
		return Upload{}, errors.Join(unwritten(err, name, s.dir), os.RemoveAll(s.folder(u.ID)))
	}
	return u, nil
}

// maxName is what file systems take, in bytes.
const maxName = 255

func checkName(name string) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if name == "" || len(name) > maxName || name != filepath.Base(name) || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, control) || !utf8.ValidString(name) {
		return lab.Errorf(lab.KindInvalid, "%q is not the name of a file", name).WithHint("Give it another name.")
	}
	return nil
}

var idPattern = regexp.MustCompile(`^[A-Z2-7]{26}$`) // rand.Text

// Find gives an upload as far as it is.
func (s *Store) Find(id string) (Upload, error) {
	var u Upload
	if !idPattern.MatchString(id) {
		return u, unknown(id)
	}
	text, err := os.ReadFile(filepath.Join(s.folder(id), record))
	if err == nil {
		err = json.Unmarshal(text, &u)
	}
	if err == nil && (u.ID != id || checkName(u.Name) != nil) {
		err = errors.New("its record is not its own")
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(s.file(u))
	}
	if err != nil {
		return Upload{}, unknown(id).WithCause(err)
	}
	u.Offset, u.Expires = info.Size(), info.ModTime().Add(Expiry).UTC().Truncate(time.Second)
	return u, nil
}

func unknown(id string) *lab.Error {
	return lab.Errorf(lab.KindNotFound, "there is no upload %.80q", id).WithHint("It may have expired, or be an image by now. Begin another.")
}

// ErrOffset is given by Write for a piece that does not begin where the upload ends.
var ErrOffset = lab.Errorf(lab.KindBusy, "the piece does not begin where the upload ends").WithHint("Ask how much is there, and go on from that.")

// Write adds a piece at offset, which must be where the upload ends, and gives
// the upload as it is then: on the disk, whatever came of the piece, even with an
// error. KindBusy while another piece is being written.
func (s *Store) Write(id string, offset int64, piece io.Reader) (Upload, error) {
	u, err := s.Find(id)
	if err != nil {
		return u, err
	}
	f, err := os.OpenFile(s.file(u), os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return u, unwritten(err, u.Name, s.dir)
	}
	err = s.write(f, u, offset, piece)
	err = errors.Join(err, f.Close()) // which gives the lock back
	now, gone := s.Find(id)
	if gone != nil && err == nil {
		err = gone
	}
	return now, err
}

func (s *Store) write(f *os.File, u Upload, offset int64, piece io.Reader) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return lab.Errorf(lab.KindBusy, "another piece of the upload is being written").WithHint("Send one after the other.").WithCause(err)
	}
	end, err := f.Seek(0, io.SeekEnd)
	switch {
	case err != nil:
		return unwritten(err, u.Name, s.dir)
	case end != offset:
		return ErrOffset
	}
	_, err = io.Copy(f, io.LimitReader(piece, u.Bytes-offset))
	if synced := f.Sync(); err == nil {
		err = synced
	}
	if err != nil {
		return unwritten(err, u.Name, s.dir)
	}
	if n, _ := io.ReadFull(piece, make([]byte, 1)); n > 0 {
		return lab.Errorf(lab.KindInvalid, "%s is larger than was said", u.Name).WithHint("Begin another upload with its size.")
	}
	return nil
}

func unwritten(err error, name, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return lab.Errorf(lab.KindUnavailable, "there is no room for %s", name).WithHint("Make room on the disk of %s.", dir)
	case errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "the folder for what is dropped can not be made").WithCause(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, os.ErrDeadlineExceeded):
		return lab.Errorf(lab.KindInvalid, "%s did not come whole", name).WithHint("Send the rest.").WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "%s can not be written", name).WithCause(err)
}

// Whole gives the path of the file of an upload that is whole.
func (s *Store) Whole(id string) (path string, err error) {
	u, err := s.Find(id)
	if err == nil && !u.Whole() {
		err = lab.Errorf(lab.KindBusy, "%s of the upload's %s are there", lab.Size(u.Offset), lab.Size(u.Bytes)).WithHint("Send the rest first.")
	}
	return s.file(u), err
}

// Take keeps a file that is sent at once, of size bytes, and gives its path; on
// failure nothing stays.
func (s *Store) Take(name string, size int64, content io.Reader) (path string, err error) {
	u, err := s.Begin(name, size)
	if err != nil {
		return "", err
	}
	now, err := s.Write(u.ID, 0, content)
	if err == nil && !now.Whole() {
		err = lab.Errorf(lab.KindInvalid, "%s did not come whole", name).WithHint("Drop it again.")
	}
	if err != nil {
		return "", errors.Join(err, s.Drop(u.ID))
	}
	return s.file(u), nil
}

// Of gives the upload whose file has that path; ok is false for any other path.
func (s *Store) Of(path string) (id string, ok bool) {
	folder := filepath.Dir(filepath.Clean(path))
	id = filepath.Base(folder)
	return id, path != "" && idPattern.MatchString(id) && filepath.Dir(folder) == filepath.Clean(s.dir)
}

// AddImage begins to make an image of an upload that is whole; the upload goes
// when that is over, however it ended.
func (s *Store) AddImage(ctx context.Context, to *service.Service, id string, in service.AddImageInput) (lab.Image, error) {
	var err error
	if in.Path, err = s.Whole(id); err != nil {
		return lab.Image{}, err
	}
	s.use(id, true)
	image, err := to.AddImage(ctx, in)
	if err != nil {
		s.use(id, false)
		return image, err
	}
	go func() {
		_, failed := to.WaitImage(context.WithoutCancel(ctx), image.Name) // why it failed is told with the image
		s.use(id, false)
		if err := s.Drop(id); err != nil {
			slog.Warn("what was uploaded stays", "upload", id, "error", err)
		}
		slog.Debug("an uploaded file is no longer needed", "upload", id, "error", failed)
	}()
	return image, nil
}

func (s *Store) use(id string, used bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if used {
		s.used[id] = true
	} else {
		delete(s.used, id)
	}
}

// Drop removes an upload. One that is gone already is no failure, and one that an
// image is being made of goes when that is over.
func (s *Store) Drop(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !idPattern.MatchString(id) || s.used[id] {
		return nil
	}
	if err := os.RemoveAll(s.folder(id)); err != nil {
		return lab.Errorf(lab.KindUnavailable, "%s can not be removed", s.folder(id)).WithHint("Remove it by hand.").WithCause(err)
	}
	return nil
}

// sweep removes what has expired.
func (s *Store) sweep() {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return // there is none yet
	}
	for _, e := range entries {
		if s.expired(e) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				slog.Warn("what was uploaded once stays", "path", filepath.Join(s.dir, e.Name()), "error", err)
			}
		}
	}
}

// expired reports whether an entry of the folder is an upload to which nothing was
// added for long, or something as old that is none.
func (s *Store) expired(e fs.DirEntry) bool {
	if u, err := s.Find(e.Name()); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.used[u.ID] && time.Now().After(u.Expires)
	}
	info, err := e.Info()
	return err == nil && time.Since(info.ModTime()) > Expiry
}

func (s *Store) folder(id string) string { return filepath.Join(s.dir, id) }

func (s *Store) file(u Upload) string { return filepath.Join(s.dir, u.ID, u.Name) }
