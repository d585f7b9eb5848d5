package service

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"sandboxlabs/backend/lab"
)

// diary is what is to be written to the journal. Nobody waits for that: a verb
// answers before, and Run ends after it.
type diary struct {
	waiting []entry // in the order in which it happened
	writing bool
	running map[string]bool // by the node's ID, what was told last
}

type entry struct {
	id     string
	moment lab.Moment
	forget bool // the node is gone for good, and its history with it
}

// remember has an entry written, and tells that there is one more moment: a
// verb that failed need not have changed the node. s.mu must be held, and work
// be under way.
func (s *Service) remember(e entry) {
	if s.o.Journal == nil {
		return
	}
	s.diary.waiting = append(s.diary.waiting, e)
	if !e.forget {
		s.hub.send(lab.Event{Kind: lab.EventHistory, ID: e.id})
	}
	if !s.diary.writing {
		s.diary.writing = true
		s.work.Go(func() { s.writeDown(context.WithoutCancel(s.ctx)) })
	}
}

// writeDown goes on until nothing waits. A history is a convenience, so a
// failure fails nothing else.
func (s *Service) writeDown(ctx context.Context) {
	for {
		s.mu.Lock()
		batch := s.diary.waiting
		s.diary.waiting = nil
		if len(batch) == 0 {
			s.diary.writing = false
			s.changed()
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, e := range batch {
			if err := s.write(ctx, e); err != nil {
				s.o.Log.Warn("a node's history could not be written", "node", e.id, "error", err)
			}
		}
	}
}

func (s *Service) write(ctx context.Context, e entry) error {
	if e.forget {
		return s.o.Journal.Forget(ctx, e.id)
	}
	return s.o.Journal.Append(ctx, e.id, e.moment)
}

// turned tells that a node that no verb works on has got a process, or lost it,
// whoever did that. s.mu must be held.
func (s *Service) turned(id string) {
	n := s.nodes[id]
	switch {
	case s.changes[id] != nil: // it tells when it is done: what it passes through is no news
	case n != nil && n.domain != nil:
		var why *lab.Problem
		if n.domain.State == lab.Failed {
			why = n.domain.Problem
		}
		s.turn(id, n.domain.State.Active(), why)
	case s.diary.running[id]:
		s.turn(id, false, nil)
	}
}

// turn tells that a node runs or not, unless that was told last. What is so when
// a node is first seen is told by a process that stays: a command would open the
// history of every node to tell nothing, most often. s.mu must be held.
func (s *Service) turn(id string, running bool, why *lab.Problem) {
	before, known := s.diary.running[id]
	s.diary.running[id] = running
	if known && before == running || !known && !s.o.Resident {
		return
	}
	m := lab.Moment{At: now(), Kind: lab.MomentStarted}
	if !running {
		m.Kind, m.Problem = lab.MomentStopped, why
	}
	s.remember(entry{id: id, moment: m})
}

// tell adds to the node's history what the verb has done.
func (c *change) tell(kind lab.MomentKind, detail string) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.remember(entry{id: c.id, moment: lab.Moment{At: now(), Kind: kind, Detail: detail}})
}

// tellOff tells that the verb has ended the node's process, if it had one.
func (c *change) tellOff() {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.state.Active() {
		c.s.turn(c.id, false, nil)
	}
}

// putAside says how much an overlay holds that the node stands on no longer.
func (c *change) putAside() string {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return lab.Size(c.s.volumes[c.spec.OverlayVolume(c.spec.Generation)].Bytes) + " put aside"
}

// stopLimit is that of a node in words.
func stopLimit(spec lab.NodeSpec) string {
	if spec.StopSeconds == 0 {
		return "the settings'"
	}
	return fmt.Sprintf("%d s", spec.StopSeconds)
}

// differences says in words what of a node's resources was changed.
func differences(before, after lab.NodeSpec) string {
	var all []string
	say := func(differ bool, format string, args ...any) {
		if differ {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	say(before.VCPUs != after.VCPUs, "vCPUs %d to %d", before.VCPUs, after.VCPUs)
	say(before.MemoryMiB != after.MemoryMiB, "memory %d to %d MiB", before.MemoryMiB, after.MemoryMiB)
	say(before.StopSeconds != after.StopSeconds, "stop limit %s to %s", stopLimit(before), stopLimit(after))
	say(before.Keymap != after.Keymap, "keymap")
	say(before.Clipboard != after.Clipboard, "clipboard %s", map[bool]string{true: "on", false: "off"}[after.Clipboard])
	say(before.Medium != after.Medium && after.Medium != "", "medium %s into the drive", after.Medium)
	say(before.Medium != after.Medium && after.Medium == "", "medium %s out of the drive", before.Medium)
	say(before.Notes != after.Notes, "notes")
	say(!maps.Equal(before.Guacamole, after.Guacamole), "parameters at the gateway")
	return strings.Join(all, ", ")
}
