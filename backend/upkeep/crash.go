package upkeep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Files of the folder of reports. A running process has one of its own, locked,
// to which the runtime writes how it ends; the next start makes a report of what
// a dead one left.
const (
	runningPrefix = "running-"
	unreadSuffix  = ".new.txt" // of a report that nobody has read
	readSuffix    = ".txt"

	keptReports = 5
	reportLines = 50 // of the log
)

// Watch has what ends this process unexpectedly written down, and makes reports
// of how earlier ones ended. end is for the end that was expected; it can be
// called also where there is an error.
func Watch(o Options, version string) (end func(), err error) {
	if err := os.MkdirAll(o.Crashes, 0o700); err != nil {
		return func() {}, err
	}
	collect(o)
	f, err := os.CreateTemp(o.Crashes, runningPrefix)
	if err != nil {
		return func() {}, err
	}
	head := fmt.Sprintf("SandBoxLabs %s, process %d, started %s\n\n", version, os.Getpid(), time.Now().Format(time.RFC3339))
	_, err = f.WriteString(head)
	if err = errors.Join(err, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), debug.SetCrashOutput(f, debug.CrashOptions{})); err != nil {
		return func() {}, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return func() {
		_ = os.Remove(f.Name()) // one that is left has nothing but its head, and is removed by the next start
		_ = f.Close()
	}, nil
}

// collect makes reports of what dead processes left, and keeps the newest.
// Nobody waits for it to work: what can not be read now may be next time.
func collect(o Options) {
	entries, err := os.ReadDir(o.Crashes)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), runningPrefix) {
			bury(o, filepath.Join(o.Crashes, e.Name()))
		}
	}
	reports := reportsIn(o.Crashes)
	for _, name := range reports[:max(0, len(reports)-keptReports)] {
		_ = os.Remove(filepath.Join(o.Crashes, name))
	}
}

// bury makes a report of the file of a process if that is dead and said why.
func bury(o Options, path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return // it lives
	}
	info, err := f.Stat()
	if err != nil {
		return
	}
	text, err := durable.Read(path, 1<<20)
	if err != nil {
		return
	}
	if _, told, _ := bytes.Cut(text, []byte("\n\n")); len(bytes.TrimSpace(told)) > 0 {
		log, _ := New(o).LogTail(context.Background(), reportLines) // a report without it is better than none
		report := fmt.Sprintf("%s\n\nThe end of the log:\n%s", bytes.TrimSpace(text), log)
		name := info.ModTime().UTC().Format("20060102-150405.000") + unreadSuffix
		if durable.Write(filepath.Join(o.Crashes, name), Masked([]byte(report))) != nil {
			return
		}
	}
	_ = os.Remove(path)
}

// reportsIn lists the reports of a folder, oldest first: their names begin with when it was.
func reportsIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), readSuffix) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// Crashes implements lab.Upkeep.
func (u *Upkeep) Crashes(ctx context.Context) ([]lab.CrashReport, error) {
	all := []lab.CrashReport{}
	for _, name := range slices.Backward(reportsIn(u.o.Crashes)) {
		if !strings.HasSuffix(name, unreadSuffix) {
			continue
		}
		path := filepath.Join(u.o.Crashes, name)
		text, err := durable.Read(path, 2<<20)
		if err != nil {
			return nil, lab.Errorf(lab.KindUnavailable, "the report %s can not be read", path).WithCause(err)
		}
		at, err := time.Parse("20060102-150405.000", strings.TrimSuffix(name, unreadSuffix))
		if err != nil {
			continue // not one of ours
		}
		all = append(all, lab.CrashReport{Name: name, At: at, Text: string(text)})
	}
	return all, lab.Cancelled(ctx)
}

// CrashRead implements lab.Upkeep.
func (u *Upkeep) CrashRead(_ context.Context, name string) error {
	read, unread := strings.CutSuffix(name, unreadSuffix)
	if name != filepath.Base(name) || !unread {
		return lab.Errorf(lab.KindInvalid, "%q is not the name of a report", name)
	}
	err := os.Rename(filepath.Join(u.o.Crashes, name), filepath.Join(u.o.Crashes, read+readSuffix))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return lab.Errorf(lab.KindDenied, "the report can not be put aside").WithCause(err)
	}
	return nil
}
