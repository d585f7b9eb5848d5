package service

// Temporary: the shape every face builds on, until each verb has its file.

import (
	"context"
	"errors"

	"sandboxlabs/backend/lab"
)

// Options wires a service.
type Options struct {
	Hypervisor lab.Hypervisor
	Pool       lab.Pool
	Library    lab.Library
	Store      lab.Store
	Consoles   lab.Consoles
	URI        string
}

type Service struct{}

var errTODO = errors.New("skeleton")

func New(o Options) *Service                                      { return &Service{} }
func (s *Service) Run(ctx context.Context) error                  { return errTODO } // connects, reconciles, sweeps; until ctx ends
func (s *Service) Ready(ctx context.Context) error                { return errTODO } // waits for the first reconciliation or the reason there is none
func (s *Service) Settle(ctx context.Context) error               { return errTODO } // waits for operations under way
func (s *Service) Subscribe(ctx context.Context) <-chan lab.Event { return nil }
func (s *Service) List(ctx context.Context) ([]lab.Node, error)   { return nil, errTODO }
func (s *Service) Show(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Create(ctx context.Context, in CreateInput) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Start(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Stop(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) ForceOff(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Reboot(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Pause(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Resume(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Wipe(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) UndoWipe(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}

// Delete undefines the node; Restore makes it again until its undo time is over. purge leaves nothing.
func (s *Service) Delete(ctx context.Context, node string, purge bool) (lab.Node, error) {
	return lab.Node{}, errTODO
}

// Restore makes a missing or deleted node again from its spec.
func (s *Service) Restore(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Rename(ctx context.Context, node, name string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Set(ctx context.Context, node string, in SetInput) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Clone(ctx context.Context, node string, in CloneInput) (lab.Node, error) {
	return lab.Node{}, errTODO
}

// Wait returns when the node is in no changing state, with its Problem as error if it failed.
func (s *Service) Wait(ctx context.Context, node string) (lab.Node, error) {
	return lab.Node{}, errTODO
}
func (s *Service) Bulk(ctx context.Context, in BulkInput) ([]BulkResult, error) {
	return nil, errTODO
}
func (s *Service) Images(ctx context.Context) ([]lab.Image, error) { return nil, errTODO }

// AddImage returns at once with the image in ImageAdding; WaitImage waits for it.
func (s *Service) AddImage(ctx context.Context, in AddImageInput) (lab.Image, error) {
	return lab.Image{}, errTODO
}
func (s *Service) WaitImage(ctx context.Context, name string) (lab.Image, error) {
	return lab.Image{}, errTODO
}
func (s *Service) RemoveImage(ctx context.Context, name string) error { return errTODO }

// CancelImage ends an Add under way.
func (s *Service) CancelImage(ctx context.Context, name string) error { return errTODO }
func (s *Service) Health(ctx context.Context) (lab.Health, error)     { return lab.Health{}, errTODO }
func (s *Service) Screenshot(ctx context.Context, node string) (mime string, picture []byte, err error) {
	return "", nil, errTODO
}
func (s *Service) Console(ctx context.Context, node string, kind lab.ConsoleKind) (lab.Ticket, error) {
	return lab.Ticket{}, errTODO
}
