package images

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// Files that are to become volumes are made in the staging folder, one folder
// for each addition, named as the image: job.json with what is added, and what
// has been made of it. Whoever works in one has the image's name reserved, so
// that one with a free name was left by a process that died.
const (
	jobFile    = "job.json"
	partFile   = "part"       // what is being downloaded
	unpackFile = "unpacked"   // what was packed
	diskFile   = "disk.qcow2" // what was converted
	copyFile   = "copy"       // what is copied as it is
	fetchFile  = "fetched"    // a disk of the pool that can not be read in place
)

// stage is the folder of one addition.
type stage struct {
	dir    string
	placer lab.Placer // nil: what is made here must be uploaded
	free   func(dir string) (int64, error)
	keep   bool // what is here is of use to a later addition
}

// staging gives the folder of all additions: on the pool's file system where
// that can be written to, else beside the records.
func (l *Library) staging(ctx context.Context) (dir string, placer lab.Placer, err error) {
	if placer, ok := l.pool.(lab.Placer); ok {
		dir, err := placer.Staging(ctx)
		if lab.KindOf(err) != lab.KindUnavailable {
			return dir, placer, err
		}
	}
	return l.aside(), nil, nil
}

// aside is the folder of additions where the pool can not be written to.
func (l *Library) aside() string { return filepath.Join(l.dir, ".staging") }

// newStage makes the folder of an addition. What an earlier one of the name left
// stays if it was of the same address, and goes otherwise.
func (l *Library) newStage(ctx context.Context, in lab.Addition) (*stage, error) {
	root, placer, err := l.staging(ctx)
	if err != nil {
		return nil, err
	}
	s := &stage{dir: filepath.Join(root, in.Name), placer: placer, free: l.free}
	if left, err := readJob(s.dir); err != nil || !resumes(left, in) {
		if err := s.remove(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, explainStage(err)
	}
	content, err := json.MarshalIndent(in, "", "  ")
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "can not write what is added as JSON").WithCause(err)
	}
	return s, durable.Write(s.path(jobFile), append(content, '\n'))
}

func explainStage(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return lab.Errorf(lab.KindDenied, "the folder for new images can not be made").WithHint("Make the folder above it yours and writable.").WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "the folder for new images can not be made").WithHint(readable).WithCause(err)
}

// resumes reports whether an addition can go on from what another left.
func resumes(left, now lab.Addition) bool {
	return left.Remote != nil && now.Remote != nil && left.Remote.Addresses[0] == now.Remote.Addresses[0]
}

func readJob(dir string) (lab.Addition, error) {
	var in lab.Addition
	content, err := durable.Read(filepath.Join(dir, jobFile), maxBytes)
	if err == nil {
		err = json.Unmarshal(content, &in)
	}
	if err == nil && in.Remote != nil && len(in.Remote.Addresses) == 0 {
		err = errors.New("no address")
	}
	return in, err
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) remove() error {
	if err := os.RemoveAll(s.dir); err != nil {
		return lab.Errorf(lab.KindUnavailable, "what was made for an image can not be removed").WithHint(readable).WithCause(err)
	}
	return nil
}

// close leaves nothing, or what is worth to go on from.
func (s *stage) close() error {
	if s.keep {
		return nil
	}
	return s.remove()
}

// reserve is what must stay free on the disk, in bytes: other programs need some.
const reserveBytes = 16 << 20

// room is how many bytes may be written to the stage.
func (s *stage) room() (int64, error) {
	free, err := s.free(s.dir)
	return free - reserveBytes, err
}

// freeBytes measures the file system of a folder.
func freeBytes(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, explainStage(&os.PathError{Op: "statfs", Path: dir, Err: err})
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// mustFit refuses what there is no room for.
func (s *stage) mustFit(bytes int64) (room int64, err error) {
	room, err = s.room()
	if err == nil && bytes > room {
		err = lab.Errorf(lab.KindUnavailable, "there is no room for it: it takes %s, and %s are free", lab.Size(bytes), lab.Size(max(room, 0))).
			WithHint("Make room on the disk of %s.", s.dir)
	}
	return room, err
}

// create makes a file for which there is room.
func (s *stage) create(name string, bytes int64) (*os.File, error) {
	if _, err := s.mustFit(bytes); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(s.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, explainStage(err)
	}
	return f, nil
}

// Interrupted implements lab.Resumer.
func (l *Library) Interrupted(ctx context.Context) (all []lab.Interrupted, err error) {
	root, placer, err := l.staging(ctx)
	if err == nil {
		all, err = l.interruptedIn(root, true)
	}
	if err != nil || placer == nil {
		return all, err
	}
	more, err := l.interruptedIn(l.aside(), false) // made while the pool could not be reached
	return append(all, more...), err
}

// interruptedIn judges a folder of additions; usable says that new ones are made
// there too.
func (l *Library) interruptedIn(root string, usable bool) (all []lab.Interrupted, err error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, explainStage(err)
	}
	for _, e := range entries {
		i, err := l.interrupted(filepath.Join(root, e.Name()), e.Name(), usable)
		if err != nil {
			return all, err
		}
		if i != nil {
			all = append(all, *i)
		}
	}
	return all, nil
}

// interrupted judges one folder; nil if somebody works in it, or it is not ours.
func (l *Library) interrupted(dir, name string, usable bool) (*lab.Interrupted, error) {
	if lab.CheckName(name) != nil {
		return nil, nil
	}
	unlock, err := l.reserve(name)
	if lab.KindOf(err) == lab.KindBusy {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	s := &stage{dir: dir}
	in, err := readJob(dir)
	if err != nil { // it died before it began
		return nil, s.remove()
	}
	i := &lab.Interrupted{Addition: in, Remaking: in.Path == "" && in.Remote == nil && in.Disk == nil}
	if info, err := os.Stat(s.path(partFile)); err == nil && in.Remote != nil && usable {
		i.Resumed, i.Bytes = true, info.Size()
		return i, nil
	}
	return i, s.remove()
}
