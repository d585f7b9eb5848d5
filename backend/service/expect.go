package service

import (
	"context"

	"sandboxlabs/backend/lab"
)

// ErrOutdated is given by a verb whose node or image is not as it was expected.
// Nothing was changed.
var ErrOutdated = lab.Errorf(lab.KindBusy, "it was changed meanwhile").WithHint("Read it again, and decide again.")

type (
	nodeExpected  struct{}
	imageExpected struct{}
)

// ExpectNode has a verb that changes a node do so only if the node, as it is once
// the verb has reserved it, passes the check: nobody can change it between the two.
func ExpectNode(ctx context.Context, check func(lab.Node) bool) context.Context {
	return context.WithValue(ctx, nodeExpected{}, check)
}

// ExpectImage is the same for verbs that change an image.
func ExpectImage(ctx context.Context, check func(lab.Image) bool) context.Context {
	return context.WithValue(ctx, imageExpected{}, check)
}

// expected makes sure that the reserved node is what the caller believes.
func (c *change) expected(ctx context.Context) error {
	if check, ok := ctx.Value(nodeExpected{}).(func(lab.Node) bool); ok && !check(c.value()) {
		return ErrOutdated
	}
	return nil
}

// expectedImage makes sure that an image is what the caller believes. s.mu must be held.
func (s *Service) expectedImage(ctx context.Context, name string) error {
	check, ok := ctx.Value(imageExpected{}).(func(lab.Image) bool)
	if i := s.images[name]; ok && i != nil && i.shown != nil && !check(*i.shown) {
		return ErrOutdated
	}
	return nil
}
