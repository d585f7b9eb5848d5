package service

import (
	"cmp"
	"encoding/json"
	"slices"

	"sandboxlabs/backend/lab"
)

// node is what is known of one node. Its values are replaced, never changed in place.
type node struct {
	stored    *lab.NodeSpec // what the store holds; nil: nothing
	domain    *lab.Domain   // as last read; nil: not read yet, or gone
	gone      bool          // libvirt was asked and does not have it
	problem   *lab.Problem  // how the last verb's work failed, if it did
	problemIn lab.State     // the domain's state then; in any other the problem is over
	alone     bool          // its guest powered off, and no SandBoxLabs had asked it to
	shown     *lab.Node     // as last published; nil: not listed
}

// sound reports whether the domain's spec can be trusted. A problem may mean
// that it could not be read whole, except where it explains the state.
func sound(d *lab.Domain) bool {
	explains := d.State == lab.Failed || d.State == lab.Paused
	return d.Spec.Check() == nil && (d.Problem == nil || explains)
}

// spec is the domain's if that is sound, otherwise the stored one, with what can
// be told of the domain.
func (n *node) spec() lab.NodeSpec {
	switch {
	case n.domain == nil && n.stored == nil:
		return lab.NodeSpec{}
	case n.domain == nil:
		return *n.stored
	case n.stored == nil || sound(n.domain):
		return n.domain.Spec
	}
	spec, told := *n.stored, n.domain.Spec
	spec.Name = cmp.Or(told.Name, spec.Name)
	spec.VCPUs, spec.MemoryMiB = cmp.Or(told.VCPUs, spec.VCPUs), cmp.Or(told.MemoryMiB, spec.MemoryMiB)
	spec.Clipboard, spec.Medium, spec.DeletedAt = told.Clipboard, told.Medium, nil
	return spec
}

// deleted reports whether the node is gone but can be restored.
func (n *node) deleted() bool {
	return n.domain == nil && n.stored != nil && n.stored.DeletedAt != nil
}

// unsaved reports whether the store lacks what the domain says.
func (n *node) unsaved() bool {
	return n.domain != nil && sound(n.domain) && (n.stored == nil || !same(*n.stored, n.domain.Spec))
}

// state is the node's own, whatever a verb is about to make of it.
func (n *node) state() lab.State {
	switch {
	case n.domain != nil:
		return n.domain.State
	case n.gone:
		return lab.Missing
	}
	return lab.Stopped
}

// at gives the entry of a node, made where there is none. s.mu must be held.
func (s *Service) at(id string) *node {
	n := s.nodes[id]
	if n == nil {
		n = &node{}
		s.nodes[id] = n
	}
	return n
}

// value is what the node is now. s.mu must be held.
func (s *Service) value(n *node) lab.Node {
	spec := n.spec()
	overlay := s.volumes[spec.OverlayVolume(spec.Generation)]
	v := lab.Node{
		NodeSpec: told(spec), State: n.state(), Problem: n.problem, Undo: s.undo(spec), Gateway: s.registration(spec.ID),
		Overlay: lab.Overlay{Path: overlay.Path, Bytes: overlay.Bytes},
	}
	v.Image = s.imageOf(spec)
	if d := n.domain; d != nil {
		v.VNC, v.Inserted, v.Overlay.Path, v.Problem = d.VNC, d.Inserted, d.Overlay, cmp.Or(n.problem, d.Problem)
	}
	v.PoweredOff = n.alone && v.State == lab.Stopped
	switch {
	case v.State == lab.Missing:
		v.Problem = cmp.Or(n.problem, missing(spec.Name))
	case v.State == lab.Stopped && n.problem != nil:
		v.State = lab.Failed
	}
	if c := s.changes[spec.ID]; c != nil && c.shown != "" {
		v.State, v.Problem = c.shown, nil
	}
	return v
}

func missing(name string) *lab.Problem {
	return &lab.Problem{
		Kind: lab.KindNotFound, Message: name + " is gone from libvirt; its spec is still here",
		Hint: "Make it again from its spec, or forget it.",
	}
}

// told is a spec as others may see it.
func told(spec lab.NodeSpec) lab.NodeSpec {
	spec.FirstBoot = spec.FirstBoot.Told()
	return spec
}

// undo is what UndoWipe would bring back; nil: nothing.
func (s *Service) undo(spec lab.NodeSpec) *lab.Undo {
	kept, ok := lastWiped(spec)
	if !ok {
		return nil
	}
	bytes := s.volumes[spec.OverlayVolume(kept.Generation)].Bytes
	return &lab.Undo{Generation: kept.Generation, Bytes: bytes, At: kept.At, Until: kept.At.Add(s.tuning.UndoTime)}
}

// lastWiped finds the newest overlay that a wipe put aside.
func lastWiped(spec lab.NodeSpec) (kept lab.KeptOverlay, ok bool) {
	for _, k := range slices.Backward(spec.Kept) {
		if k.Reason == lab.KeptByWipe {
			return k, true
		}
	}
	return kept, false
}

// same compares values as they are written, so that a nil slice is an empty one.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// show publishes what has become of a node, if that is not what was published
// last. s.mu must be held.
func (s *Service) show(id string) {
	defer s.changed()
	n := s.nodes[id]
	if n == nil {
		return
	}
	if n.domain == nil && n.stored == nil {
		delete(s.nodes, id)
	}
	if !s.listed(id, n) {
		s.hide(id, n)
		return
	}
	v := s.value(n)
	before := n.shown
	if before != nil && same(*before, v) {
		return
	}
	n.shown = &v
	s.hub.send(lab.Event{Kind: lab.EventNode, Node: &v})
	if v.State.Active() != (before != nil && before.State.Active()) {
		ring(s.stirred)
	}
	if before == nil || before.Name != v.Name || before.Base != v.Base || before.Medium != v.Medium || before.Inserted != v.Inserted {
		s.showImages()
	} else {
		s.showImagesOn(v.Base) // its overlays may take another room
	}
}

// showNodes publishes what has become of the nodes. s.mu must be held.
func (s *Service) showNodes() {
	for id := range s.nodes {
		s.show(id)
	}
}

// listed reports whether a node is for others to see. s.mu must be held.
func (s *Service) listed(id string, n *node) bool {
	c := s.changes[id]
	return (n.domain != nil || n.stored != nil) && !n.deleted() && (c == nil || !c.making)
}

func (s *Service) hide(id string, n *node) {
	if n.shown == nil {
		return
	}
	n.shown = nil
	s.hub.send(lab.Event{Kind: lab.EventNodeRemoved, ID: id})
	s.showImages()
}

// snapshot is the event that tells everything. s.mu must be held.
func (s *Service) snapshot() lab.Event {
	gateway, desktop := s.gate.status, s.tuning.Desktop
	e := lab.Event{Kind: lab.EventSnapshot, Nodes: s.list(), Images: s.library(), Link: s.link, Gateway: &gateway, Desktop: &desktop, Room: s.room}
	if s.moving != nil {
		e.Migration = s.moving.shown
	}
	if e.Link == nil {
		e.Link = &lab.Link{URI: s.o.URI}
	}
	return e
}
