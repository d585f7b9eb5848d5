package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// How much of the log is kept: the file, and those before it (.1 is the newest).
const (
	maxLog  = 1 << 20 // bytes of a file
	keptLog = 3       // files beside it
)

// Log is the file that every process of this user writes its log to, a line at a
// time. It is put aside when it is full, by whoever finds it so, and everyone
// goes on in the new one: each looks before it writes whether the file it has
// open is still the one of that name. That is what libraries for one process
// leave out. No secret gets in.
type Log struct {
	path string
	max  int64

	mu   sync.Mutex
	file *os.File
}

// OpenLog opens the log at path. KindDenied if it can not be written.
func OpenLog(path string) (*Log, error) {
	l := &Log{path: path, max: maxLog}
	if err := l.reopen(); err != nil {
		return nil, lab.Errorf(lab.KindDenied, "the log can not be written").WithCause(err)
	}
	return l, nil
}

// Write writes one line.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.follow(); err != nil {
		return 0, err
	}
	if _, err := l.file.Write(Masked(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Close closes it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// follow sees to it that the open file is the one of that name, and not full.
// That a full one can not be put aside is no reason to write nothing.
func (l *Log) follow() error {
	there, err := os.Stat(l.path)
	mine, mineErr := l.file.Stat()
	if err != nil || mineErr != nil || !os.SameFile(there, mine) {
		return l.reopen()
	}
	if there.Size() < l.max {
		return nil
	}
	unlock, err := durable.Lock(l.path + ".lock")
	if err != nil {
		return nil // another puts it aside: the next line finds that
	}
	defer unlock()
	if there, err = os.Stat(l.path); err == nil && os.SameFile(there, mine) {
		l.rotate()
	}
	return l.reopen()
}

// rotate renames the files, the oldest first. What can not be renamed stays.
func (l *Log) rotate() {
	for n := keptLog; n > 0; n-- {
		from := l.path
		if n > 1 {
			from = aside(l.path, n-1)
		}
		_ = os.Rename(from, aside(l.path, n))
	}
}

func aside(path string, n int) string { return fmt.Sprintf("%s.%d", path, n) }

// reopen opens the file of that name; on failure what was open stays.
func (l *Log) reopen() error {
	file, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if l.file != nil {
		_ = l.file.Close() // all of it was written
	}
	l.file = file
	return nil
}

// tailBytes is how much of a file is read at most to find its last lines.
const tailBytes = 256 << 10

// LogTail implements lab.Upkeep.
func (u *Upkeep) LogTail(ctx context.Context, lines int) (string, error) {
	var text []byte
	for n := 1; n >= 0; n-- {
		path := u.o.Log
		if n > 0 {
			path = aside(path, n)
		}
		part, err := tail(path)
		if err != nil {
			return "", lab.Errorf(lab.KindDenied, "the log can not be read").WithCause(err)
		}
		text = append(text, part...)
	}
	return string(lastLines(text, lines)), lab.Cancelled(ctx)
}

// tail gives the end of a file; nothing of one that is not there.
func tail(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(max(0, size-tailBytes), io.SeekStart); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, tailBytes))
	if size > tailBytes {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text, err
}

func lastLines(text []byte, n int) []byte {
	at := len(bytes.TrimRight(text, "\n"))
	for range n {
		if at = bytes.LastIndexByte(text[:at], '\n'); at < 0 {
			return text
		}
	}
	return text[at+1:]
}
