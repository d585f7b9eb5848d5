package main

import (
	"fmt"
	"slices"
	"time"
)

const header = "| what | ours | command | baseline | ours / baseline | baseline is |\n|---|---|---|---|---|---|"

// row is one line of the table; an empty sample is printed as a hyphen.
type row struct {
	what                    string
	ours, command, baseline sample
	means                   string // what the baseline does
}

func (r row) String() string {
	ratio := "-"
	if len(r.ours) > 0 && len(r.baseline) > 0 {
		ratio = fmt.Sprintf("%.2f", float64(r.ours.median())/float64(r.baseline.median()))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", r.what, r.ours, r.command, r.baseline, ratio, r.means)
}

// note is a row of one text, for what is no time.
func note(what, text string) row { return row{what: what + ": " + text} }

type sample []time.Duration

func (s *sample) add(d time.Duration) { *s = append(*s, d) }

func (s sample) median() time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

func (s sample) String() string {
	if len(s) == 0 {
		return "-"
	}
	ms := float64(s.median()) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// timed runs do and adds how long it took to s.
func timed(s *sample, do func() error) error {
	begin := time.Now()
	if err := do(); err != nil {
		return err
	}
	s.add(time.Since(begin))
	return nil
}
