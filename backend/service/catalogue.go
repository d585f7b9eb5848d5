package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Catalogue gives the images that publishers offer to everyone, and why the
// person's own entries are not among them if they can not be read.
func (s *Service) Catalogue(ctx context.Context) (lab.Offers, error) {
	if s.o.Catalogue == nil {
		return lab.Offers{Entries: []lab.CatalogueEntry{}}, nil
	}
	return s.o.Catalogue.Offers(ctx)
}

// CheckEntry asks the publishers whether an entry of the catalogue can be had.
func (s *Service) CheckEntry(ctx context.Context, id string) (lab.EntryCheck, error) {
	if s.o.Catalogue == nil {
		_, err := lab.Offers{}.Find(id)
		return lab.EntryCheck{}, err
	}
	return s.o.Catalogue.CheckEntry(ctx, id)
}

// entryAddition is how an entry becomes an image.
func (s *Service) entryAddition(ctx context.Context, in AddImageInput) (lab.Addition, error) {
	offers, err := s.Catalogue(ctx)
	if err != nil {
		return lab.Addition{}, err
	}
	entry, err := offers.Find(in.Entry)
	if err != nil {
		return lab.Addition{}, err
	}
	if in.Sum != "" {
		entry.Remote.Sum = in.Sum
	}
	return entry.Addition(in.Name), nil
}
