package labtest

import (
	"context"
	"slices"
	"sync"

	"sandboxlabs/backend/lab"
)

// Journal is a lab.Journal in memory. Its calls are not the script's: they are
// made beside a verb, at no certain time.
type Journal struct {
	mu      sync.Mutex
	moments map[string][]lab.Moment
	failure error
}

// Fail makes every call fail from now on; nil mends it.
func (j *Journal) Fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.failure = err
}

func (j *Journal) do(ctx context.Context, id string, work func()) error {
	if err := lab.CheckID(id); err != nil {
		return err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failure == nil {
		work()
	}
	return j.failure
}

// Append adds a moment.
func (j *Journal) Append(ctx context.Context, id string, m lab.Moment) error {
	return j.do(ctx, id, func() {
		all := j.moments[id]
		if lab.AlreadyTold(all, m) {
			return
		}
		all = append(slices.Clone(all), m)
		j.moments[id] = all[max(0, len(all)-lab.MaxMoments):]
	})
}

// Moments gives a history.
func (j *Journal) Moments(ctx context.Context, id string) (moments []lab.Moment, err error) {
	err = j.do(ctx, id, func() { moments = append([]lab.Moment{}, j.moments[id]...) })
	return moments, err
}

// Forget removes a history.
func (j *Journal) Forget(ctx context.Context, id string) error {
	return j.do(ctx, id, func() { delete(j.moments, id) })
}

// Page is a lab.PreferenceKeeper in memory.
type Page struct {
	mu   sync.Mutex
	kept lab.Preferences
}

// Preferences gives all.
func (p *Page) Preferences(ctx context.Context) (lab.Preferences, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept.With(nil)
}

// Prefer sets some.
func (p *Page) Prefer(ctx context.Context, set lab.Preferences) error {
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	all, err := p.kept.With(set)
	if err == nil {
		p.kept = all
	}
	return err
}
