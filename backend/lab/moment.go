package lab

import (
	"context"
	"slices"
	"time"
)

// MomentKind says what happened to a node.
type MomentKind string

// What can happen to a node.
const (
	MomentCreated  MomentKind = "created"  // from an image, or as a clone
	MomentStarted  MomentKind = "started"  // it has a process, whoever started it
	MomentStopped  MomentKind = "stopped"  // it has none any more
	MomentWiped    MomentKind = "wiped"    // it got a fresh overlay
	MomentUndone   MomentKind = "undone"   // an overlay put aside came back
	MomentRenamed  MomentKind = "renamed"  // Detail: from what to what
	MomentChanged  MomentKind = "changed"  // Detail: what of its resources
	MomentDeleted  MomentKind = "deleted"  // it can be restored
	MomentRestored MomentKind = "restored" // made again
	MomentFailed   MomentKind = "failed"   // Problem: why
)

// MomentKinds lists everything that can happen to a node.
var MomentKinds = []MomentKind{
	MomentCreated, MomentStarted, MomentStopped, MomentWiped, MomentUndone,
	MomentRenamed, MomentChanged, MomentDeleted, MomentRestored, MomentFailed,
}

// Turn reports whether it begins or ends a node's running.
func (k MomentKind) Turn() bool { return k == MomentStarted || k == MomentStopped }

// Moment is one line of a node's history.
type Moment struct {
	At      time.Time  `json:"at" ts_type:"string"`
	Kind    MomentKind `json:"kind"`
	Detail  string     `json:"detail,omitempty"` // in words for a person
	Problem *Problem   `json:"problem,omitempty"`
}

// MaxMoments is how many a journal keeps of a node: the newest.
const MaxMoments = 500

// Journal keeps what happened to nodes. It is a convenience: no node depends on it.
type Journal interface {
	// Append adds a moment to a node's history. Several processes see the same
	// node: what AlreadyTold finds in its history MUST be dropped.
	Append(ctx context.Context, id string, m Moment) error

	// Moments gives a node's history, oldest first and the newest MaxMoments of
	// it; empty if there is none. A
	// line that can not be read MUST NOT hide the others.
	Moments(ctx context.Context, id string) ([]Moment, error)

	// Forget removes a node's history. Removing what is already gone MUST succeed.
	Forget(ctx context.Context, id string) error
}

// AlreadyTold reports whether a moment is in a history already, as another
// process told it: a start after a start, or a stop after a stop. A stop before
// any start tells nothing, and one from before what was told last comes too late.
func AlreadyTold(history []Moment, m Moment) bool {
	if !m.Kind.Turn() {
		return false
	}
	for _, before := range slices.Backward(history) {
		if before.Kind.Turn() {
			return before.Kind == m.Kind || m.At.Before(before.At)
		}
	}
	return m.Kind == MomentStopped
}
