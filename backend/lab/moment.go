package lab

import (
	"context"
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
	// node: a start after a start, or a stop after a stop, is the same one told
	// twice, and MUST be dropped.
	Append(ctx context.Context, id string, m Moment) error

	// Moments gives a node's history, oldest first; empty if there is none. A
	// line that can not be read MUST NOT hide the others.
	Moments(ctx context.Context, id string) ([]Moment, error)

	// Forget removes a node's history. Removing what is already gone MUST succeed.
	Forget(ctx context.Context, id string) error
}
