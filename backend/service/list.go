package service

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// List gives every node, sorted by name. It asks nobody: what it tells is kept
// true by events.
func (s *Service) List(context.Context) ([]lab.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(), nil
}

func (s *Service) list() []lab.Node {
	all := make([]lab.Node, 0, len(s.nodes))
	for _, n := range s.nodes {
		if n.shown != nil {
			all = append(all, *n.shown)
		}
	}
	slices.SortFunc(all, func(a, b lab.Node) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all
}

// Show gives one node, by name or UUID. What an active one has written is
// measured afresh: it grows without an event.
func (s *Service) Show(ctx context.Context, node string) (lab.Node, error) {
	v, err := s.shown(node)
	if err != nil || !v.State.Active() {
		return v, err
	}
	s.measureNode(ctx, v.ID)
	return s.shown(v.ID)
}

func (s *Service) shown(ref string) (lab.Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(ref)
	if n == nil {
		return lab.Node{}, unknown(ref)
	}
	return *n.shown, nil
}

// find gives the listed node of that UUID or name; nil if there is none. Where
// virsh gave a domain the name of a missing node, the domain is meant. s.mu must
// be held.
func (s *Service) find(ref string) (found *node) {
	if n := s.nodes[strings.ToLower(ref)]; n != nil && n.shown != nil {
		return n
	}
	for _, n := range s.nodes {
		if n.shown != nil && n.shown.Name == ref && (found == nil || n.domain != nil) {
			found = n
		}
	}
	return found
}

// findDeleted gives the deleted node of that UUID or name, the one deleted last
// if there are several; nil if there is none. s.mu must be held.
func (s *Service) findDeleted(ref string) *node {
	var last *node
	for id, n := range s.nodes {
		if !n.deleted() || n.stored.Name != ref && id != strings.ToLower(ref) {
			continue
		}
		if last == nil || n.stored.DeletedAt.After(*last.stored.DeletedAt) {
			last = n
		}
	}
	return last
}

// resolve turns a name or UUID into the ID of a listed node, or, where deleted
// ones are meant too, of one of those.
func (s *Service) resolve(ref string, deletedToo bool) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.find(ref)
	if n == nil && deletedToo {
		n = s.findDeleted(ref)
	}
	if n == nil {
		return "", unknown(ref)
	}
	return n.spec().ID, nil
}

func unknown(ref string) error {
	return lab.Errorf(lab.KindNotFound, "there is no node %q", ref).WithHint("List the nodes to see their names.")
}

// checkFree makes sure that no listed node has the name but the one with that
// ID. s.mu must be held.
func (s *Service) checkFree(name, id string) error {
	for _, n := range s.nodes {
		if n.shown != nil && n.shown.Name == name && n.shown.ID != id {
			return lab.Errorf(lab.KindExists, "there is a node %s already", name).WithHint("Choose another name.")
		}
	}
	return nil
}
