package durable

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
)

// How long Hold waits for others, who keep a file for moments only.
const (
	holdPatience = 2 * time.Second
	holdPause    = 2 * time.Millisecond
)

// Hold opens the file at path, made empty where it is missing, to read and to
// append, and keeps everyone else who does so waiting until release, among all
// goroutines and processes of this machine. Its holder may give the path another
// file by Write, or none; who waited then opens what is there. KindBusy if others
// do not let go of it.
func Hold(ctx context.Context, path string) (f *os.File, release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, explain(err, "make the folder of", path)
	}
	for begun := time.Now(); ; {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if err != nil {
			return nil, nil, explain(err, "open", path)
		}
		held, err := claim(f)
		if held {
			return f, func() { letGo(f) }, nil
		}
		_ = f.Close() // nothing was written
		if err != nil && (lab.KindOf(err) != lab.KindBusy || time.Since(begun) > holdPatience) {
			return nil, nil, err
		}
		if cancelled := lab.Cancelled(ctx); cancelled != nil {
			return nil, nil, errors.Join(cancelled, err)
		}
		time.Sleep(holdPause)
	}
}
