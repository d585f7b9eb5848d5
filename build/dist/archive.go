package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tarball writes a stage as an archive to be unpacked at its prefix.
func (j *job) tarball(s *stage) error {
	var b bytes.Buffer
	press := gzip.NewWriter(&b)
	w := tar.NewWriter(press)
	top := fmt.Sprintf("%s-linux-%s", j.name(), j.architecture())
	err := filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		return j.archive(w, path, filepath.Join(top, within), e)
	})
	if err = errors.Join(err, w.Close(), press.Close()); err != nil {
		return err
	}
	file := filepath.Join(j.out, top+".tar.gz")
	return errors.Join(os.WriteFile(file, b.Bytes(), 0o644), os.Chmod(file, 0o644))
}

// archive adds a file or a folder, as root's and of the commit's time.
func (j *job) archive(w *tar.Writer, path, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	header := tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: j.time, Format: tar.FormatPAX}
	if e.IsDir() {
		return w.WriteHeader(&header)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header.Typeflag, header.Name = tar.TypeReg, name
	header.Mode, header.Size = int64(info.Mode().Perm()), int64(len(content))
	if err := w.WriteHeader(&header); err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// sums writes the checksums of the files in a folder, as sha256sum -c reads them.
func sums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(content), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(b.String()), 0o644)
}
