package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// part is something of others that is embedded in the program.
type part struct {
	name, version string
	purl          string // https://github.com/package-url/purl-spec
	licence       string // SPDX identifier, where its publisher tells one
	text          string // of its licences and notices; may be empty where licence is not
}

// pageParts is where the page's build tells what it has bundled.
const pageParts = "frontend/dist/licences.json"

// embedded gives all that is embedded, sorted.
func (j *job) embedded() ([]part, error) {
	modules, err := j.goParts()
	if err != nil {
		return nil, err
	}
	packages, err := npmParts(filepath.Join(j.root, pageParts))
	if err != nil {
		return nil, err
	}
	all := append(modules, packages...)
	for _, p := range all {
		if p.text == "" && p.licence == "" {
			return nil, fmt.Errorf("%s %s has no licence that is found", p.name, p.version)
		}
	}
	slices.SortFunc(all, func(a, b part) int { return cmp.Compare(a.purl, b.purl) })
	return all, nil
}

// npmParts reads what Vite tells of the packages in the page (build.license).
func npmParts(file string) ([]part, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w\n  Build the page: make build", err)
	}
	var told []struct{ Name, Version, Identifier, Text string }
	if err := json.Unmarshal(content, &told); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var parts []part
	for _, p := range told {
		purl := "pkg:npm/" + strings.Replace(p.Name, "@", "%40", 1) + "@" + p.Version
		parts = append(parts, part{p.Name, p.Version, purl, p.Identifier, p.Text})
	}
	return parts, nil
}

// goParts finds the licences of the modules in the program, and of Go itself.
func (j *job) goParts() ([]part, error) {
	dirs, err := j.packageDirs()
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	version := strings.TrimPrefix(j.build.GoVersion, "go")
	text, err := licencesIn(strings.TrimSpace(string(root)))
	parts := []part{{"Go", version, "pkg:golang/std@" + version, "BSD-3-Clause", text}}
	for _, m := range j.build.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		text, dirErr := licencesOf(dirs[m.Path])
		err = errors.Join(err, dirErr)
		parts = append(parts, part{m.Path, m.Version, "pkg:golang/" + m.Path + "@" + m.Version, "", text})
	}
	return parts, err
}

// packageDirs gives the folders of the packages in the program, and those above
// them up to their module's, by the path of the module.
func (j *job) packageDirs() (map[string][]string, error) {
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}\t{{.Dir}}"}
	for _, s := range j.build.Settings {
		if s.Key == "-tags" {
			args = append(args, "-tags", s.Value)
		}
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = j.root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	dirs := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 {
			continue // Go's own, or ours
		}
		module, top, dir := fields[0], fields[1], fields[2]
		for ; len(dir) >= len(top); dir = filepath.Dir(dir) {
			if !slices.Contains(dirs[module], dir) {
				dirs[module] = append(dirs[module], dir)
			}
		}
	}
	return dirs, nil
}

func licencesOf(dirs []string) (text string, err error) {
	slices.Sort(dirs)
	var texts []string
	for _, dir := range dirs {
		t, dirErr := licencesIn(dir)
		err = errors.Join(err, dirErr)
		if t != "" {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, "\n\n"), err
}

// licenceName is how files are called that have to go along.
var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|unlicense)([.-].*)?$`)

// licencesIn gives the text of a folder's licences and notices.
func licencesIn(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var texts []string
	for _, e := range entries {
		if !licenceName.MatchString(e.Name()) || !e.Type().IsRegular() || filepath.Ext(e.Name()) == ".go" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(string(content)))
	}
	return strings.Join(texts, "\n\n"), nil
}

// notices writes what has to go along with a binary: who has written what is in
// it, and on what terms.
func (j *job) notices(s *stage) error {
	var b bytes.Buffer
	b.WriteString("SandBoxLabs contains the following work of others.\n")
	for _, p := range j.parts {
		fmt.Fprintf(&b, "\n%s\n%s %s\n", strings.Repeat("=", 78), p.name, p.version)
		if p.licence != "" {
			fmt.Fprintf(&b, "Licence: %s\n", p.licence)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", strings.Repeat("=", 78), cmp.Or(strings.TrimSpace(p.text), "Its publisher gives no text of it."))
	}
	packed, err := pressed(b.Bytes())
	if err != nil {
		return err
	}
	return s.put("share/doc/sandboxlabs/third-party-licences.gz", 0o644, packed)
}
