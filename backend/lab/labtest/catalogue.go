package labtest

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Catalogue is a lab.Catalogue that a test fills.
type Catalogue struct {
	Has    lab.Offers
	Checks map[string]lab.EntryCheck // by id; an entry without one is as it should be
}

// Offers gives what the catalogue has.
func (c *Catalogue) Offers(ctx context.Context) (lab.Offers, error) {
	return c.Has, lab.Cancelled(ctx)
}

// CheckEntry gives the check of an entry.
func (c *Catalogue) CheckEntry(ctx context.Context, id string) (lab.EntryCheck, error) {
	e, err := c.Has.Find(id)
	if err != nil {
		return lab.EntryCheck{}, err
	}
	if check, ok := c.Checks[id]; ok {
		return check, lab.Cancelled(ctx)
	}
	return lab.EntryCheck{ID: id, Bytes: e.Remote.Bytes, Sum: e.Remote.Sum}, lab.Cancelled(ctx)
}
