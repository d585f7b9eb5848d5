package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tempPattern names half written files. Its prefix keeps them out of every
// listing of records.
const (
	tempPrefix  = ".tmp-"
	tempPattern = tempPrefix + "*"
)

// staleAfter is how old a temporary file must be to belong to no living writer.
const staleAfter = time.Hour

// Write makes content the file at path (mode 0600), and its folder (0700) where
// that is missing. It returns when the file is safe on disk; on failure what was
// there before is still there.
func Write(path string, content []byte) error {
	return explain(write(path, content), "write", path)
}

func write(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, tempPattern)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(temp, content), temp.Close()); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDir(dir)
}

func fill(f *os.File, content []byte) error {
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Read gives the content of a file that may be anything: it never waits on a
// pipe or device, and refuses what is larger than limit bytes.
func Read(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return os.ReadFile(path)
}

// Remove deletes the file at path for good. What is already gone is a success.
func Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return explain(err, "remove", path)
}

// SetAside renames the file at path to path.unreadable-N with the lowest free N
// from 1, so that something else can take its place and nothing is lost. What
// is already gone is a success.
func SetAside(path string) error {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.unreadable-%d", path, n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		err := os.Rename(path, aside)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return explain(err, "set aside", path)
	}
}

// Names lists the files of a folder whose names end in suffix, sorted, and
// removes the temporary files a killed writer left. A missing folder is empty.
func Names(dir, suffix string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, explain(err, "read", dir)
	}
	var names []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), tempPrefix):
			if err := sweep(dir, e); err != nil {
				return nil, err
			}
		case strings.HasSuffix(e.Name(), suffix):
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func sweep(dir string, e fs.DirEntry) error {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < staleAfter {
		return nil
	}
	return Remove(filepath.Join(dir, e.Name()))
}
