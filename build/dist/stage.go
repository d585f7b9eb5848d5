package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/template"

	"sandboxlabs/backend/lab"
)

//go:embed share
var share embed.FS

// iconSizes are those of the hicolor theme that desktops ask for, in pixels.
var iconSizes = []int{48, 64, 96, 128, 192, 256, 512}

// stage is a folder with the files of an installation as they lie below a prefix.
type stage struct {
	dir    string // temporary
	prefix string // where it is to be installed, such as /usr
}

// staged lays out everything that is installed, for do to take it from there.
func (j *job) staged(prefix string, do func(*stage) error) error {
	dir, err := os.MkdirTemp("", "sandboxlabs-dist-")
	if err != nil {
		return err
	}
	s := &stage{dir, prefix}
	err = errors.Join(j.desktop(s), j.icons(s), j.manual(s), j.notices(s), s.program(j.program))
	if err == nil {
		err = do(s)
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func (s *stage) program(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return s.put("bin/sandboxlabs", 0o755, content)
}

// put writes one file, at its path below the prefix.
func (s *stage) put(path string, mode os.FileMode, content []byte) error {
	file := filepath.Join(s.dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(file, content, mode), os.Chmod(file, mode))
}

// pressed is content in gzip's format, without a time.
func pressed(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// desktop writes what a desktop reads: how to start it, by menu, by bus and by
// systemd, and what to tell of it in a catalogue of software.
func (j *job) desktop(s *stage) error {
	for _, f := range []struct{ from, to string }{
		{"sandboxlabs.desktop", "share/applications/" + lab.AppID + ".desktop"},
		{"dbus.service", "share/dbus-1/services/" + lab.AppID + ".service"},
		{"metainfo.xml", "share/metainfo/" + lab.AppID + ".metainfo.xml"},
		{"sandboxlabs.service", units + "sandboxlabs.service"},
		{"sandboxlabs.socket", units + "sandboxlabs.socket"},
	} {
		content, err := j.fill(f.from, s.prefix)
		if err != nil {
			return err
		}
		if err := s.put(f.to, 0o644, content); err != nil {
			return err
		}
	}
	return nil
}

// units is where systemd finds what a user may have started.
const units = "lib/systemd/user/"

// fill fills in one of the files of share.
func (j *job) fill(name, prefix string) ([]byte, error) {
	t, err := template.ParseFS(share, "share/"+name)
	if err != nil {
		return nil, err
	}
	kind := "stable"
	if bytes.ContainsRune([]byte(j.version), '~') {
		kind = "development"
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{
		"ID": lab.AppID, "Prefix": prefix, "Site": j.site, "Version": j.version, "Kind": kind,
		"Date": j.time.UTC().Format("2006-01-02"), "Year": j.time.UTC().Format("2006"), "Stamp": j.time.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"),
	})
	return b.Bytes(), err
}

// icons draws the icon in all sizes.
func (j *job) icons(s *stage) error {
	for _, f := range []struct{ from, to string }{
		{"build/appicon.svg", "scalable/apps/sandboxlabs.svg"},
		{"build/icons/sandboxlabs-symbolic.svg", "symbolic/apps/sandboxlabs-symbolic.svg"},
		{"build/icons/sandboxlabs-attention-symbolic.svg", "symbolic/apps/sandboxlabs-attention-symbolic.svg"},
	} {
		content, err := os.ReadFile(filepath.Join(j.root, f.from))
		if err != nil {
			return err
		}
		if err := s.put("share/icons/hicolor/"+f.to, 0o644, content); err != nil {
			return err
		}
	}
	for _, size := range iconSizes {
		picture, err := draw(filepath.Join(j.root, "build/appicon.svg"), size)
		if err != nil {
			return err
		}
		if err := s.put(fmt.Sprintf("share/icons/hicolor/%dx%d/apps/sandboxlabs.png", size, size), 0o644, picture); err != nil {
			return err
		}
	}
	return nil
}

func draw(svg string, size int) ([]byte, error) {
	cmd := exec.Command("rsvg-convert", "--width", strconv.Itoa(size), "--height", strconv.Itoa(size), svg)
	var told bytes.Buffer
	cmd.Stderr = &told
	picture, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("rsvg-convert: %w %s\n  Install what is missing: build/setup.sh test", err, told.Bytes())
	}
	return picture, nil
}
