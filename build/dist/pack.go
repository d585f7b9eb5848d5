package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// packed is one file of a package.
type packed struct {
	From, To string
	Mode     string // octal
	Type     string // of nfpm: doc is what an installation without documentation leaves out
}

// architecture is that of the program, as Go and Debian call it.
func (j *job) architecture() string {
	for _, s := range j.build.Settings {
		if s.Key == "GOARCH" {
			return s.Value
		}
	}
	return "amd64"
}

// packages makes what package managers install.
func (j *job) packages(s *stage) error {
	for _, kind := range []string{"deb", "rpm"} {
		if err := j.pack(s, kind); err != nil {
			return err
		}
	}
	return nil
}

// pack makes a .deb or an .rpm of a stage, by nfpm.
func (j *job) pack(s *stage, kind string) error {
	config, err := j.config(s, kind)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.out, 0o755); err != nil {
		return err
	}
	cmd := exec.Command(j.nfpm, "package", "--config", "/dev/stdin", "--packager", kind, "--target", j.out)
	cmd.Stdin = bytes.NewReader(config)
	if told, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nfpm: %w: %s", err, told)
	}
	return nil
}

// config fills in what nfpm reads.
func (j *job) config(s *stage, kind string) ([]byte, error) {
	if err := j.debian(s); err != nil {
		return nil, err
	}
	files, err := s.files(kind)
	if err != nil {
		return nil, err
	}
	glibc, err := glibcOf(j.program)
	if err != nil {
		return nil, err
	}
	t, err := template.ParseFS(share, "share/nfpm.yaml")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Architecture": j.architecture(), "Version": j.version, "GLibc": glibc, "Files": files,
		"Time": j.time.UTC().Format("2006-01-02T15:04:05Z"),
	})
	return b.Bytes(), err
}

// debianOnly is what Debian wants in every package, below the prefix, and where
// it comes from.
var debianOnly = map[string]string{
	"share/doc/sandboxlabs/copyright":     "copyright",
	"share/doc/sandboxlabs/changelog.gz":  "changelog",
	"share/lintian/overrides/sandboxlabs": "overrides",
}

func (j *job) debian(s *stage) error {
	for path, from := range debianOnly {
		content, err := j.fill(from, s.prefix)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".gz" {
			if content, err = pressed(content); err != nil {
				return err
			}
		}
		if err := s.put(path, 0o644, content); err != nil {
			return err
		}
	}
	return nil
}

// zshFolder is where zsh finds completions, and Debian's finds them.
const zshFolder, debianZshFolder = "share/zsh/site-functions/", "share/zsh/vendor-completions/"

// files lists the files of a stage, where they are and where they go in a kind of package.
func (s *stage) files(kind string) (files []packed, err error) {
	err = filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		within, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		if _, debian := debianOnly[within]; debian && kind != "deb" {
			return nil
		}
		if name, is := strings.CutPrefix(within, zshFolder); is && kind == "deb" {
			within = debianZshFolder + name
		}
		f := packed{path, filepath.Join(s.prefix, within), fmt.Sprintf("%#o", info.Mode().Perm()), "file"}
		if kind == "rpm" && strings.HasPrefix(within, "share/man/") {
			f.Type = "doc"
		} else if kind == "rpm" && strings.HasPrefix(within, "share/doc/") {
			f.Type = "licence"
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// glibcOf gives the oldest glibc that has all a program needs of it, such as 2.34.
func glibcOf(program string) (string, error) {
	content, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	symbols, err := file.ImportedSymbols()
	if err != nil {
		return "", err
	}
	newest := ""
	for _, s := range symbols {
		if v, ok := strings.CutPrefix(s.Version, "GLIBC_"); ok && compareVersions(v, newest) > 0 {
			newest = v
		}
	}
	if newest == "" {
		return "", fmt.Errorf("%s is not linked with glibc", program)
	}
	return newest, nil
}

// compareVersions compares numbers with dots between them.
func compareVersions(a, b string) int {
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, _ := strconv.Atoi(a) // what is no number comes first
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	})
}
