// Package store keeps the specs of nodes as JSON files, one per node, that a
// person can read and edit: <dir>/<uuid>.json, mode 0600.
//
// A file that can not be read (bad JSON, an unknown field or schema, an id that
// is not its name, a broken rule of the spec) stays where it is and is told as
// a Problem by every Specs until somebody mends or removes it. Only when its
// place is needed, by Save or Delete, is it renamed to
// <uuid>.json.unreadable-N; those are no longer told, and never touched again.
package store

import (
	"context"
	"path/filepath"
	"strings"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

const suffix = ".json"

// Store is a lab.Store.
type Store struct {
	dir   string
	locks string
}

var _ lab.Store = (*Store)(nil)

// New gives the store in the folder dir, which is made at the first save. The
// folder locks holds a file per node while it is reserved; it should not
// survive a reboot, and must be the same for all who use dir.
func New(dir, locks string) *Store { return &Store{dir: dir, locks: locks} }

// Specs implements lab.Store. It also removes what a killed Save left half
// written.
func (s *Store) Specs(ctx context.Context) ([]lab.NodeSpec, []lab.Problem, error) {
	names, err := durable.Names(s.dir, suffix)
	if err != nil {
		return nil, nil, err
	}
	var specs []lab.NodeSpec
	var problems []lab.Problem
	for _, name := range names {
		if err := lab.Cancelled(ctx); err != nil {
			return nil, nil, err
		}
		spec, err := read(filepath.Join(s.dir, name))
		switch {
		case err == nil:
			specs = append(specs, spec)
		case lab.KindOf(err) != lab.KindNotFound: // else deleted since it was listed
			problems = append(problems, *lab.ProblemOf(err))
		}
	}
	return specs, problems, nil
}

// Save implements lab.Store.
func (s *Store) Save(ctx context.Context, spec lab.NodeSpec) error {
	if err := spec.Check(); err != nil {
		return err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	content, err := encode(spec)
	if err != nil {
		return err
	}
	if err := s.clear(spec.ID); err != nil {
		return err
	}
	return durable.Write(s.path(spec.ID), content)
}

// Delete implements lab.Store.
func (s *Store) Delete(ctx context.Context, id string) error {
	if err := lab.CheckID(id); err != nil {
		return err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	if err := s.clear(id); err != nil {
		return err
	}
	return durable.Remove(s.path(id))
}

// Lock implements lab.Store.
func (s *Store) Lock(ctx context.Context, id string) (unlock func(), err error) {
	if err := lab.CheckID(id); err != nil {
		return nil, err
	}
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	return durable.Lock(filepath.Join(s.locks, id))
}

// clear makes sure that no unreadable file is at the place of id.
func (s *Store) clear(id string) error {
	_, err := read(s.path(id))
	if err == nil || lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	return durable.SetAside(s.path(id))
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, id+suffix) }

func idOf(path string) string { return strings.TrimSuffix(filepath.Base(path), suffix) }
