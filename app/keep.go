package app

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sandboxlabs/backend/lab"
)

// Folders says where what a person keeps of a console goes.
type Folders struct {
	Pictures string
	Videos   string
}

// Keep writes a picture (.png) or a film (.webm) of a console, given in base64,
// to the person's folder for such and gives its path. A file of that name is
// left alone: the new one gets a number.
func (a *App) Keep(name, content string) (path string, err error) {
	defer recovered(&err)
	data, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return "", lab.Errorf(lab.KindInvalid, "%s is not in base64", name).WithCause(err)
	}
	dir, err := a.folders.of(name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", notKept(name, dir, err)
	}
	if path, err = write(dir, name, data); err != nil {
		return "", notKept(name, dir, err)
	}
	return path, nil
}

func (f Folders) of(name string) (dir string, err error) {
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", lab.Errorf(lab.KindInvalid, "%q is not the name of a file", name)
	}
	switch filepath.Ext(name) {
	case ".png":
		return f.Pictures, nil
	case ".webm":
		return f.Videos, nil
	}
	return "", lab.Errorf(lab.KindInvalid, "%q is neither a picture (.png) nor a film (.webm)", name)
}

func notKept(name, dir string, err error) error {
	return lab.Errorf(lab.KindDenied, "%s can not be kept in %s", name, dir).WithCause(err).
		WithHint("Make the folder writable, and see whether its disk is full.")
}

// write makes a new file; what was begun and could not be ended is removed.
func write(dir, name string, data []byte) (path string, err error) {
	file, err := fresh(dir, name)
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// fresh opens a file that was not there.
func fresh(dir, name string) (*os.File, error) {
	ext := filepath.Ext(name)
	free := name
	for n := 2; ; n++ {
		file, err := os.OpenFile(filepath.Join(dir, free), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), n, ext)
	}
}
