// Command dist makes what people install of the built program: a .deb, an .rpm
// and a tarball for a prefix, with what a desktop wants to know of a program, its
// manual, completions for shells, the licences of what is embedded, a list of
// that for machines (CycloneDX), and the checksums of it all.
//
//	go run ./build/dist [-out FOLDER] [-site ADDRESS]
//
// `make dist` builds the program first. Same input, same bytes: the time in the
// files is that of the commit, and nothing else of the
// machine is written. Nothing that is installed runs a script, on installation or
// removal: nobody's nodes can be touched by one.
package main

import (
	"debug/buildinfo"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// job is one making of all packages.
type job struct {
	root    string // of the repository
	program string // file
	out     string // folder of the packages
	site    string // address at which the repository's files are served; empty: nowhere
	nfpm    string // program that makes .deb and .rpm
	build   *debug.BuildInfo
	release string    // as the program tells it
	version string    // as packages spell it
	time    time.Time // of the commit
	parts   []part    // of others, that are in the program
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("dist: ")
	j := job{root: "."}
	flag.StringVar(&j.program, "program", "build/bin/sandboxlabs", "the built program")
	flag.StringVar(&j.nfpm, "nfpm", "build/out/tools/nfpm", "the program nfpm")
	flag.StringVar(&j.out, "out", "build/out/dist", "folder for the packages")
	flag.StringVar(&j.site, "site", "", "address at which the files of this repository are served, for the screenshots")
	flag.Parse()
	if err := j.run(); err != nil {
		log.Fatal(err)
	}
}

// run makes everything anew.
func (j *job) run() error {
	if err := j.identify(); err != nil {
		return err
	}
	if err := os.RemoveAll(j.out); err != nil {
		return err
	}
	if err := j.staged("/usr", j.packages); err != nil {
		return err
	}
	if err := j.staged("/usr/local", j.tarball); err != nil {
		return err
	}
	if err := j.writeBOM(filepath.Join(j.out, j.name()+".cdx.json")); err != nil {
		return err
	}
	return sums(j.out)
}

// identify reads from the program which version it is.
func (j *job) identify() (err error) {
	if j.build, err = buildinfo.ReadFile(j.program); err != nil {
		return fmt.Errorf("%w\n  Build it first: make build", err)
	}
	committed, err := exec.Command("git", "-C", j.root, "log", "-1", "--format=%cI").Output()
	if err != nil {
		return fmt.Errorf("%s is no git repository: %w\n  Make the packages in a clone", j.root, err)
	}
	if j.time, err = time.Parse(time.RFC3339, strings.TrimSpace(string(committed))); err != nil {
		return err
	}
	j.time = j.time.UTC()
	told, err := exec.Command(j.program, "--version").Output()
	if err != nil {
		return fmt.Errorf("%s does not tell its version: %w", j.program, err)
	}
	j.release = strings.TrimSpace(strings.TrimPrefix(string(told), "sandboxlabs "))
	j.version = packageVersion(j.release)
	j.parts, err = j.embedded()
	return err
}

// packageVersion writes a module's version as both .deb and .rpm may have it: no
// hyphen, and what comes before a release sorts before it. v1.2.0-rc.1 is
// 1.2.0~rc.1, and a commit without a tag 0.0.0~20261128125032.2864fde12345.
func packageVersion(module string) string {
	version, before, _ := strings.Cut(strings.TrimPrefix(module, "v"), "-")
	if before != "" {
		version += "~" + strings.ReplaceAll(before, "-", ".")
	}
	return version
}

// name begins the names of the files that have no custom of their own.
func (j *job) name() string { return "sandboxlabs-" + j.version }
