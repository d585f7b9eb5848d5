// Command tally reads `go test -json`, shows what failed and what was skipped, and ends with
// one line that counts the tests. It exits with 1 if a test or a package failed, and, where CI
// is set, if a test was skipped: a machine that is there to test must be able to.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	t, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
	t.slowest(os.Stdout)
	fmt.Print(strings.Join(t.causes, ""))
	fmt.Println(t)
	if !t.good(os.Getenv("CI") != "") {
		os.Exit(1)
	}
}

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

type name struct{ pkg, test string }

// tally counts tests; one that has subtests counts by itself too. broken are packages that
// failed without a failed test, as when they do not compile.
type tally struct {
	passed, failed, skipped, broken int
	took                            []event  // tests to their end
	causes                          []string // a line for each test that failed
}

func (t tally) good(strict bool) bool {
	return t.failed == 0 && t.broken == 0 && t.passed > 0 && (!strict || t.skipped == 0)
}

func (t tally) String() string {
	s := fmt.Sprintf("%d passed, %d failed", t.passed, t.failed+t.broken)
	if t.skipped > 0 {
		s = fmt.Sprintf("%d skipped, %s", t.skipped, s)
	}
	return s
}

// slowest shows the tests that took longest, without those that others are within: a limit on
// the whole is kept by looking here first.
func (t tally) slowest(w io.Writer) {
	const many, seconds = 25, 5
	within := func(e event) bool {
		return slices.ContainsFunc(t.took, func(o event) bool {
			return o.Package == e.Package && strings.HasPrefix(o.Test, e.Test+"/")
		})
	}
	slow := slices.DeleteFunc(slices.Clone(t.took), func(e event) bool { return e.Elapsed < seconds || within(e) })
	slices.SortFunc(slow, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	for _, e := range slow[:min(many, len(slow))] {
		fmt.Fprintf(w, "%6.1fs %s %s\n", e.Elapsed, e.Package, e.Test)
	}
}

// read counts the events of r, and shows on w each package's result with the output of what
// did not pass. What the compiler says is shown as it is.
func read(r io.Reader, w io.Writer) (tally, error) {
	var t tally
	output := map[name][]string{}
	failures := map[string]int{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(w, lines.Text())
			continue
		}
		n := name{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "output":
			output[n] = append(output[n], e.Output)
		case "pass", "fail", "skip":
			t.count(e, failures)
			t.blame(e, output[n])
			if e.Test != "" {
				t.took = append(t.took, e)
			}
			show(w, e, output[n])
			delete(output, n)
		}
	}
	return t, lines.Err()
}

func (t *tally) count(e event, failures map[string]int) {
	switch {
	case e.Test == "" && e.Action == "fail" && failures[e.Package] == 0:
		t.broken++
	case e.Test == "":
	case e.Action == "pass":
		t.passed++
	case e.Action == "fail":
		t.failed++
		failures[e.Package]++
	case e.Action == "skip":
		t.skipped++
	}
}

// place begins a line that names a place in the sources of a test.
var place = regexp.MustCompile(`^\s+\S+\.(go|txt):\d+: `)

// blame keeps the first line in which a failed test named a place in its sources: of a long
// run the end may be all that is kept.
func (t *tally) blame(e event, output []string) {
	if i := slices.IndexFunc(output, place.MatchString); e.Action == "fail" && e.Test != "" && i >= 0 {
		t.causes = append(t.causes, fmt.Sprintf("FAIL  %s %s: %s\n", e.Package, e.Test, strings.TrimSpace(output[i])))
	}
}

func show(w io.Writer, e event, output []string) {
	switch {
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(w, "ok    %s %.1fs\n", e.Package, e.Elapsed)
	case e.Action == "fail":
		fmt.Fprintf(w, "FAIL  %s %s\n%s", e.Package, e.Test, strings.Join(output, ""))
	case e.Action == "skip" && e.Test != "":
		fmt.Fprintf(w, "skip  %s %s\n%s", e.Package, e.Test, strings.Join(output, ""))
	}
}
