package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Wait returns when the node is in no state of change and no verb is at work on
// it. If what was done to it failed, its Problem is the error. A node that goes
// meanwhile is KindNotFound.
func (s *Service) Wait(ctx context.Context, node string) (v lab.Node, err error) {
	id, err := s.resolve(node, false)
	if err != nil {
		return v, err
	}
	var failed error
	there := true
	err = s.await(ctx, func() bool {
		n := s.nodes[id]
		if there = n != nil && n.shown != nil; !there {
			return s.changes[id] == nil
		}
		v, failed = *n.shown, nil
		if n.problem != nil || v.State == lab.Failed {
			failed = errorOf(v.Problem)
		}
		return s.changes[id] == nil && !v.State.Changing()
	})
	switch {
	case err != nil:
		return v, err
	case !there:
		return lab.Node{}, unknown(node)
	}
	return v, failed
}
