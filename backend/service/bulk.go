package service

import (
	"context"
	"sync"

	"sandboxlabs/backend/lab"
)

// Bulk does one verb on many nodes, a few at once, and waits for each to reach
// its state. It gives one result for each node, in the order of the request; a
// node that is named twice comes once. What had not begun when ctx ended
// answers that it was cancelled.
func (s *Service) Bulk(ctx context.Context, in BulkInput) ([]BulkResult, error) {
	verb, ok := s.bulkVerbs()[in.Verb]
	if !ok {
		return nil, lab.Errorf(lab.KindInvalid, "there is no bulk verb %q", in.Verb).WithHint("Choose one of %v.", BulkVerbs)
	}
	nodes := s.distinct(in.Nodes)
	results := make([]BulkResult, len(nodes))
	slots := make(chan struct{}, s.tuned().BulkLimit)
	var wg sync.WaitGroup
	for i, node := range nodes {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			results[i] = BulkResult{Node: node, Problem: &lab.Problem{Kind: lab.KindUnavailable, Message: "cancelled before it was begun"}}
			continue
		}
		wg.Go(func() {
			results[i] = doOne(ctx, node, verb)
			<-slots
		})
	}
	wg.Wait()
	return results, nil
}

func doOne(ctx context.Context, node string, verb func(context.Context, string) (lab.Node, error)) BulkResult {
	v, err := verb(ctx, node)
	if err != nil {
		return BulkResult{Node: node, Problem: lab.ProblemOf(err)}
	}
	return BulkResult{Node: node, Value: &v}
}

func (s *Service) bulkVerbs() map[BulkVerb]func(context.Context, string) (lab.Node, error) {
	return map[BulkVerb]func(context.Context, string) (lab.Node, error){
		BulkStart:  s.andWait(s.Start),
		BulkStop:   s.andWait(s.Stop),
		BulkWipe:   s.andWait(s.Wipe),
		BulkDelete: func(ctx context.Context, node string) (lab.Node, error) { return s.Delete(ctx, node, false) },
	}
}

func (s *Service) andWait(verb func(context.Context, string) (lab.Node, error)) func(context.Context, string) (lab.Node, error) {
	return func(ctx context.Context, node string) (lab.Node, error) {
		v, err := verb(ctx, node)
		if err != nil || !v.State.Changing() { // what failed before is no failure of the verb
			return v, err
		}
		return s.Wait(ctx, v.ID)
	}
}

// distinct drops what names a node that was named before.
func (s *Service) distinct(refs []string) []string {
	seen := make(map[string]bool, len(refs))
	distinct := make([]string, 0, len(refs))
	for _, ref := range refs {
		id, err := s.resolve(ref, false)
		if err != nil {
			id = ref
		}
		if !seen[id] {
			seen[id] = true
			distinct = append(distinct, ref)
		}
	}
	return distinct
}
