package stack

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

const (
	composeFile = "docker-compose.yml"
	helpers     = "build/gateway"
	helperLimit = 1 << 20
)

// writeFiles brings the folder to what the program has, and leaves alone what is
// so already: containers look at these files. They are readable for everybody,
// since each container has a user of its own; the folder above them is not.
func (s *Stack) writeFiles() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unwritable(err, s.dir)
	}
	if err := s.writeFile(composeFile); err != nil {
		return err
	}
	if err := fs.WalkDir(s.files, helpers, s.writeEntry); err != nil {
		return err
	}
	if err := s.removeStrays(); err != nil {
		return unwritable(err, s.dir)
	}
	_, err := durable.Names(s.dir, envFile) // sweeps what a killed writer left
	return err
}

func (s *Stack) writeEntry(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return lab.Errorf(lab.KindInternal, "the program lacks the gateway's files").WithCause(err)
	}
	if !entry.IsDir() {
		return s.writeFile(name)
	}
	path := filepath.Join(s.dir, name)
	return unwritable(errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, 0o755)), path)
}

func (s *Stack) writeFile(name string) error {
	content, err := fs.ReadFile(s.files, name)
	if err != nil {
		return lab.Errorf(lab.KindInternal, "the program lacks the gateway's file %s", name).WithCause(err)
	}
	path := filepath.Join(s.dir, name)
	if isFile(path, content) {
		return nil
	}
	if err := durable.Write(path, content); err != nil {
		return err
	}
	return unwritable(os.Chmod(path, 0o644), path)
}

// isFile says whether the file is there just as writeFile leaves it.
func isFile(path string, content []byte) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o644 {
		return false
	}
	there, err := durable.Read(path, helperLimit)
	return err == nil && bytes.Equal(there, content)
}

// removeStrays removes what an older program has left: the database runs every
// script that it finds.
func (s *Stack) removeStrays() error {
	return filepath.WalkDir(filepath.Join(s.dir, helpers), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		if _, err := fs.Stat(s.files, filepath.ToSlash(name)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}

// unwritable makes a sentence of what the system says.
func unwritable(err error, path string) error {
	if err == nil {
		return nil
	}
	kind := lab.KindUnavailable
	if errors.Is(err, fs.ErrPermission) {
		kind = lab.KindDenied
	}
	return lab.Errorf(kind, "can not write %s", path).
		WithHint("See whether the folder is yours and its disk has space.").WithCause(err)
}
