// Package upkeep looks after what the program leaves on this machine: the folders
// it takes, its log, and a report where it ended unexpectedly. It implements
// lab.Upkeep.
package upkeep

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"

	"sandboxlabs/backend/lab"
)

// Options say where everything is.
type Options struct {
	Folders map[lab.FolderName]string // without the pool's
	Skip    string                    // a folder within them that is measured otherwise: the pool's
	Log     string                    // file of the log
	Crashes string                    // folder of the reports
}

// Upkeep implements lab.Upkeep.
type Upkeep struct{ o Options }

// New makes an Upkeep.
func New(o Options) *Upkeep { return &Upkeep{o} }

// Folders implements lab.Upkeep.
func (u *Upkeep) Folders() []lab.Folder {
	var all []lab.Folder
	for _, name := range lab.FolderNames {
		if path, ok := u.o.Folders[name]; ok {
			all = append(all, lab.Folder{Name: name, Path: path})
		}
	}
	return all
}

// Measure implements lab.Upkeep.
func (u *Upkeep) Measure(ctx context.Context, name lab.FolderName) (lab.Folder, error) {
	folders := u.Folders()
	i := slices.IndexFunc(folders, func(f lab.Folder) bool { return f.Name == name })
	if i < 0 {
		return lab.Folder{}, lab.Errorf(lab.KindNotFound, "there is no folder %q", name)
	}
	f := folders[i]
	err := filepath.WalkDir(f.Path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist): // it went while we looked
			return nil
		case err != nil:
			return err
		case path == u.o.Skip:
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			return nil // what is gone takes nothing, and a folder next to nothing
		}
		f.Files++
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			f.Bytes += stat.Blocks * 512 // sparse files take less than their length: stat(2)
		}
		return nil
	})
	if err != nil {
		return f, lab.Errorf(lab.KindUnavailable, "%s can not be measured", f.Path).WithCause(err)
	}
	return f, nil
}
