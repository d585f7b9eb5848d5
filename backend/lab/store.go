package lab

import "context"

// Store keeps the specs of nodes on this machine. Each is whole or absent,
// whenever the process or the machine dies.
type Store interface {
	// Specs gives every readable spec in any order, deleted ones (DeletedAt)
	// too. What can not be read MUST be set aside, MUST NOT be overwritten, and
	// is told as one Problem each; it MUST NOT hide the others.
	Specs(ctx context.Context) ([]NodeSpec, []Problem, error)

	// Save writes a spec, replacing the one with its ID, and returns when it is
	// safe on disk. KindInvalid if it breaks its own rules (NodeSpec.Check).
	Save(ctx context.Context, spec NodeSpec) error

	// Delete removes a spec. Removing what is already gone MUST succeed.
	Delete(ctx context.Context, id string) error

	// Lock reserves a node for one change, across all processes of this user on
	// this machine, until unlock is called or the process dies. KindBusy at
	// once if it is reserved already.
	Lock(ctx context.Context, id string) (unlock func(), err error)
}
