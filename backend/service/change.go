package service

import (
	"context"
	"errors"
	"path"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
)

// Another process may hold a node's lock only to look after it; that is soon over.
const (
	lockPatience = 500 * time.Millisecond
	lockPause    = 10 * time.Millisecond
)

// change is one verb at work on one node, which it has reserved.
type change struct {
	s      *Service
	id     string
	doing  string // "being wiped", for whoever comes meanwhile
	making bool   // the node is not yet to be seen
	quiet  bool   // housekeeping: nobody asked, and it is soon over

	known  bool         // there is a domain or a spec
	spec   lab.NodeSpec // of the node, as read after it was reserved
	domain *lab.Domain  // nil: there is none
	state  lab.State

	rest   func(context.Context) error // of the work, to be done after the verb has returned
	unlock func()
	force  chan struct{} // to whom stops it: do not wait for the guest

	shown  lab.State     // what the node is on its way to; empty: it is what it is. Guarded by s.mu
	waits  bool          // for the guest to power off. Guarded by s.mu
	takes  string        // volume of an image that the node is about to use. Guarded by s.mu
	hinted chan struct{} // the node was read again
	held   bool          // the node is reserved. Guarded by s.mu
}

// change runs a verb on a listed node. If the verb leaves a rest, that goes on
// after the node, then in change, has been returned. The verb is not cut short
// when the request is: only its beginning is.
func (s *Service) change(ctx context.Context, ref, doing string, verb func(context.Context, *change) error) (lab.Node, error) {
	id, err := s.resolve(ref, false)
	if err != nil {
		return lab.Node{}, err
	}
	return s.changeID(ctx, id, doing, verb)
}

func (s *Service) changeID(ctx context.Context, id, doing string, verb func(context.Context, *change) error) (lab.Node, error) {
	c := s.newChange(id, doing)
	defer c.releaseUnlessLater()
	if err := c.begin(ctx); err != nil {
		return lab.Node{}, err
	}
	if !c.known {
		return lab.Node{}, unknown(id)
	}
	if err := c.expected(ctx); err != nil {
		return lab.Node{}, err
	}
	return c.run(context.WithoutCancel(ctx), verb)
}

// tend does a chore on a node that nobody works on. If somebody does, or there
// is no more time, it is left for the next time.
func (s *Service) tend(ctx context.Context, id string, chore func(context.Context, *change) error) {
	c := s.newChange(id, "being looked after")
	c.quiet = true
	defer c.release()
	err := c.begin(ctx)
	if err == nil {
		_, err = c.run(context.WithoutCancel(ctx), chore)
	}
	if err != nil && !errors.Is(err, errClosing) && lab.KindOf(err) != lab.KindBusy {
		s.o.Log.Warn("a chore failed", "node", id, "error", err)
	}
}

func (s *Service) newChange(id, doing string) *change {
	return &change{s: s, id: id, doing: doing, hinted: make(chan struct{}, 1), force: make(chan struct{}, 1)}
}

// begin reserves the node and reads it. Whatever comes of it, release must follow.
func (c *change) begin(ctx context.Context) error {
	if err := c.reserve(ctx, func() error { return nil }); err != nil {
		return err
	}
	if err := c.lock(ctx); err != nil {
		return err
	}
	return c.read(ctx)
}

// reserve makes this the one change of the node in this process, if check, which
// is called under s.mu, allows it. It waits for a chore, and for nothing else.
func (c *change) reserve(ctx context.Context, check func() error) (err error) {
	s := c.s
	waited := s.await(ctx, func() bool {
		other := s.changes[c.id]
		switch {
		case s.ended:
			err = errClosing
		case other != nil && other.quiet && !c.quiet:
			return false
		case other != nil:
			err = lab.Errorf(lab.KindBusy, "%s is %s", s.nameOf(c.id), other.doing).WithHint("Wait until that is done.")
		default:
			err = check()
		}
		if err == nil {
			s.changes[c.id], c.held = c, true
			s.work.Add(1)
		}
		return true
	})
	if waited != nil {
		return waited
	}
	return err
}

func (s *Service) nameOf(id string) string {
	if n := s.nodes[id]; n != nil && n.shown != nil {
		return n.shown.Name
	}
	return "the node"
}

// lock reserves the node across processes.
func (c *change) lock(ctx context.Context) (err error) {
	for begun := time.Now(); ; {
		c.unlock, err = c.s.o.Store.Lock(ctx, c.id)
		if lab.KindOf(err) != lab.KindBusy {
			return err
		}
		if c.quiet || time.Since(begun) > lockPatience {
			c.s.mu.Lock()
			defer c.s.mu.Unlock()
			return lab.Errorf(lab.KindBusy, "%s is being changed by another SandBoxLabs", c.s.nameOf(c.id)).WithHint("Wait until that is done.")
		}
		select {
		case <-ctx.Done():
		case <-time.After(lockPause):
		}
	}
}

// read takes the node as it is now.
func (c *change) read(ctx context.Context) error {
	if _, err := c.s.look(ctx, c.id); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if n := c.s.nodes[c.id]; n != nil && (n.domain != nil || n.stored != nil) {
		c.known, c.spec, c.domain, c.state = true, n.spec(), n.domain, n.state()
	}
	return nil
}

// run does the verb's work, or its beginning.
func (c *change) run(ctx context.Context, verb func(context.Context, *change) error) (lab.Node, error) {
	err := verb(ctx, c)
	if err == nil && c.rest != nil {
		return c.goOn(ctx)
	}
	c.rest = nil
	c.finish(ctx, err, false)
	if err != nil {
		return lab.Node{}, err
	}
	return c.value(), nil
}

// goOn does the rest of the work while the node is returned as it is meanwhile.
func (c *change) goOn(ctx context.Context) (lab.Node, error) {
	v := c.value()
	go func() {
		defer c.release()
		c.finish(ctx, c.rest(ctx), true)
	}()
	return v, nil
}

func (c *change) value() lab.Node {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if n := c.s.nodes[c.id]; n != nil && (n.domain != nil || n.stored != nil) {
		return c.s.value(n)
	}
	return lab.Node{NodeSpec: told(c.spec), State: lab.Missing}
}

// later leaves the rest of the work for after the verb has returned; until it
// is done the node is in the given state.
func (c *change) later(state lab.State, rest func(context.Context) error) {
	c.rest = rest
	c.show(state)
}

// show tells what the node is on its way to.
func (c *change) show(state lab.State) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.shown = state
	c.s.show(c.id)
}

// finish reads what has become of the node, publishes it and gives it free. The
// failure of work nobody waits for is told by the node.
func (c *change) finish(ctx context.Context, failure error, alone bool) {
	s := c.s
	seen, err := s.look(ctx, c.id)
	if err != nil {
		s.o.Log.Warn("a node could not be read after its change", "node", c.id, "error", err)
	}
	s.mu.Lock()
	n := s.nodes[c.id]
	if n != nil && (alone || failure == nil && !c.quiet) {
		n.problem, n.problemIn = lab.ProblemOf(failure), n.state()
	}
	if n != nil && failure != nil && !c.quiet && (alone || broken(failure)) {
		s.remember(entry{id: c.id, moment: lab.Moment{At: now(), Kind: lab.MomentFailed, Problem: lab.ProblemOf(failure)}})
	}
	s.mu.Unlock()
	c.release()
	if c.quiet {
		return // what rings for chores must not be rung by them
	}
	ring(s.aside)
	if seen.unsaved {
		ring(s.again)
	}
}

// broken reports whether a verb failed for more than what it was asked, or when:
// that belongs to a node's history, a refusal does not.
func broken(err error) bool {
	switch lab.KindOf(err) {
	case lab.KindUnavailable, lab.KindDenied, lab.KindInternal:
		return true
	}
	return false
}

// releaseUnlessLater is for the end of a verb, however it came.
func (c *change) releaseUnlessLater() {
	if c.rest == nil {
		c.release()
	}
}

// release gives the node free and publishes it. It may be called again.
func (c *change) release() {
	s := c.s
	if c.unlock != nil {
		c.unlock()
		c.unlock = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.held {
		return
	}
	c.held = false
	delete(s.changes, c.id)
	s.show(c.id)
	s.turned(c.id)
	s.work.Done()
}

// in refuses the verb unless the node is in one of the states.
func (c *change) in(states ...lab.State) error {
	if slices.Contains(states, c.state) {
		return nil
	}
	return refusal(c.spec.Name, c.state)
}

// there refuses the verb if the node is missing.
func (c *change) there() error {
	if c.domain == nil {
		return refusal(c.spec.Name, lab.Missing)
	}
	return nil
}

// usable refuses the verb if the node is missing, or if its spec breaks the
// rules, as virsh can make it: Rename or Set mends that.
func (c *change) usable() error {
	if err := c.there(); err != nil {
		return err
	}
	return c.spec.Check()
}

// ownDisk refuses the verb if others put the node on a disk that is no overlay
// of ours, as a snapshot in a file of its own does: it could not be brought back.
func (c *change) ownDisk() error {
	if c.domain == nil || c.domain.Overlay == "" {
		return nil
	}
	if id, _, ok := lab.ParseOverlayVolume(path.Base(c.domain.Overlay)); ok && id == c.id {
		return nil
	}
	return lab.Errorf(lab.KindBusy, "%s stands on %s, a disk that another program gave it", c.spec.Name, c.domain.Overlay).
		WithHint("Merge that into %s, if it is a snapshot, and put the node back on it with virsh edit.", c.spec.OverlayVolume(c.spec.Generation))
}

// refusal tells that a state is the wrong one, and the way out of it.
func refusal(name string, state lab.State) error {
	switch state {
	case lab.Running:
		return lab.Errorf(lab.KindBusy, "%s is running already", name)
	case lab.Paused:
		return lab.Errorf(lab.KindBusy, "%s is paused", name).WithHint("Resume it first.")
	case lab.Missing:
		return lab.Errorf(lab.KindBusy, "%s is gone from libvirt", name).WithHint("Make it again from its spec, or forget it.")
	case lab.Stopped, lab.Failed:
		return lab.Errorf(lab.KindBusy, "%s is not running", name)
	}
	return lab.Errorf(lab.KindBusy, "%s is %s", name, state).WithHint("Wait until that is done.")
}

// save makes spec the stored one.
func (c *change) save(ctx context.Context, spec lab.NodeSpec) error {
	if err := c.s.o.Store.Save(ctx, spec); err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.at(c.id).stored = &spec
	return nil
}

// put makes spec the node's, in its domain and in the store. If it can not be
// saved, the domain is given its old one back.
func (c *change) put(ctx context.Context, spec lab.NodeSpec, disk lab.Disk) error {
	if err := c.s.o.Hypervisor.Define(ctx, spec, disk); err != nil {
		return err
	}
	if err := c.save(ctx, spec); err != nil {
		old := disk
		if c.domain != nil && disk != (lab.Disk{}) {
			old.Overlay = c.domain.Overlay
			old.Seed = c.seedBeside(old.Overlay)
		}
		if back := c.s.o.Hypervisor.Define(ctx, c.spec, old); back != nil {
			c.s.o.Log.Warn("a domain could not be given its spec back", "node", c.id, "error", back)
		}
		return err
	}
	c.spec = spec
	return nil
}
