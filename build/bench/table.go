package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const header = "| what | ours | command | baseline | ours / baseline | baseline is | aim |\n|---|---|---|---|---|---|---|"

// row is one line of the table; an empty sample is printed as a hyphen.
type row struct {
	what                    string
	ours, command, baseline sample
	means                   string // what the baseline does
	text                    string // ours, where it is no time
	aim                     string
}

func (r row) String() string {
	ratio := "-"
	if len(r.ours) > 0 && len(r.baseline) > 0 {
		ratio = fmt.Sprintf("%.2f", float64(r.ours.median())/float64(r.baseline.median()))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |",
		r.what, cmp.Or(r.text, r.ours.String()), r.command, r.baseline, ratio, r.means, r.aim)
}

// note is a row for what is no time.
func note(what, text string) row { return row{what: what, text: text} }

// spread is a row of the median and the 95th percentile.
func spread(what string, s sample, aim string) row {
	return row{what: what, text: fmt.Sprintf("%s; 95 %%: %s", s, inMillis(s.percentile(95))), aim: aim}
}

type sample []time.Duration

func (s *sample) add(d time.Duration) { *s = append(*s, d) }

func (s sample) median() time.Duration { return s.percentile(50) }

// percentile gives the least that is not less than p of a hundred.
func (s sample) percentile(p int) time.Duration {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

func (s sample) String() string {
	if len(s) == 0 {
		return "-"
	}
	return inMillis(s.median())
}

func inMillis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
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
