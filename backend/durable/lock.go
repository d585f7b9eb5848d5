package durable

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/lab"
)

// Lock reserves the name path, for this one caller among all goroutines and
// processes of this machine, until unlock is called or the process dies.
// KindBusy at once if it is reserved already. The file is there only while it
// is reserved.
func Lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, explain(err, "make the folder of", path)
	}
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, explain(err, "reserve", path)
		}
		held, err := claim(f)
		if held {
			// Twice, it would remove what is the next holder's.
			return sync.OnceFunc(func() { release(f) }), nil
		}
		_ = f.Close() // nothing was written
		if err != nil {
			return nil, err
		}
	}
}

// claim locks f. It is not held, without error, if the holder before us removed
// the file between our opening and our locking it: then a new one is needed.
func claim(f *os.File) (held bool, err error) {
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, lab.Errorf(lab.KindBusy, "another change is under way").WithHint("Wait until it is done.")
	}
	if err != nil {
		return false, explain(err, "reserve", f.Name())
	}
	mine, err := f.Stat()
	if err != nil {
		return false, explain(err, "reserve", f.Name())
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(mine, there), nil
}

// release removes the file while it is still locked. That can not fail in a way
// the holder could mend.
func release(f *os.File) {
	_ = os.Remove(f.Name())
	letGo(f)
}

// letGo unlocks the file by name: a child process between fork and exec may
// share the descriptor and must not keep the lock. It can not fail in a way the
// holder could mend, and the kernel drops the lock with the descriptor in any case.
func letGo(f *os.File) {
	_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
	_ = f.Close()
}
