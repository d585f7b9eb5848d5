package service

import (
	"context"
	"path/filepath"

	"sandboxlabs/backend/lab"
)

// tailLines is how much of the log is shown.
const tailLines = 200

// maxComplaint is how much a page may say of what went wrong in it, in bytes.
const maxComplaint = 8 << 10

var errNoUpkeep = lab.Errorf(lab.KindUnavailable, "this SandBoxLabs keeps no log")

// Folders tells where the program keeps what. What they take is told by MeasureFolder.
func (s *Service) Folders(ctx context.Context) ([]lab.Folder, error) {
	all := []lab.Folder{}
	for _, name := range []lab.FolderName{lab.FolderImages, lab.FolderOverlays} {
		if f := s.poolFolder(name); f.Path != "" {
			all = append(all, f)
		}
	}
	if s.o.Upkeep != nil {
		all = append(all, s.o.Upkeep.Folders()...)
	}
	return all, lab.Cancelled(ctx)
}

// MeasureFolder tells what one of them takes. Of the pool libvirt has told that already.
func (s *Service) MeasureFolder(ctx context.Context, name lab.FolderName) (lab.Folder, error) {
	if name == lab.FolderImages || name == lab.FolderOverlays {
		return s.poolFolder(name), lab.Cancelled(ctx)
	}
	if s.o.Upkeep == nil {
		return lab.Folder{}, errNoUpkeep
	}
	return s.o.Upkeep.Measure(ctx, name)
}

// poolFolder tells what the images, or all else, take in the pool.
func (s *Service) poolFolder(name lab.FolderName) lab.Folder {
	f := lab.Folder{Name: name}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.volumes {
		if f.Path == "" {
			f.Path = filepath.Dir(v.Path)
		}
		if _, _, _, image := lab.ParseImageVolume(v.Name); image == (name == lab.FolderImages) {
			f.Files++
			f.Bytes += v.Bytes
		}
	}
	return f
}

// Log gives the last lines of the program's log.
func (s *Service) Log(ctx context.Context) (string, error) {
	if s.o.Upkeep == nil {
		return "", errNoUpkeep
	}
	return s.o.Upkeep.LogTail(ctx, tailLines)
}

// Crashes gives the reports of how the program ended unexpectedly that nobody has read.
func (s *Service) Crashes(ctx context.Context) ([]lab.CrashReport, error) {
	if s.o.Upkeep == nil {
		return []lab.CrashReport{}, nil
	}
	return s.o.Upkeep.Crashes(ctx)
}

// CrashRead notes that a report was read.
func (s *Service) CrashRead(ctx context.Context, name string) error {
	if s.o.Upkeep == nil {
		return errNoUpkeep
	}
	return s.o.Upkeep.CrashRead(ctx, name)
}

// Complain writes what went wrong in a page to the log.
func (s *Service) Complain(ctx context.Context, text string) error {
	s.o.Log.Error("a page has failed", "error", text[:min(len(text), maxComplaint)])
	return lab.Cancelled(ctx)
}
