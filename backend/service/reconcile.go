package service

import (
	"context"
	"errors"
	"sync"

	"sandboxlabs/backend/lab"
)

// reconcile reads every node and publishes what differs. Afterwards the service
// is ready, or knows why it is not.
func (s *Service) reconcile(ctx context.Context) error {
	noticed, err := s.readAll(ctx)
	s.mu.Lock()
	s.ready, s.trouble = err == nil, err
	s.changed()
	if s.o.Resident {
		ring(s.gate.again)
		ring(s.gate.relogin) // which finds out that it is gone, and keeps the token from idling out
	}
	s.mu.Unlock()
	for id, seen := range noticed {
		s.adopt(ctx, id, seen.started)
	}
	return err
}

// readAll reads every node, and gives those of which something is to be written down.
// The specs come first: whoever makes a node defines it before it is saved, so
// a spec without a domain means something then.
func (s *Service) readAll(ctx context.Context) (noticed map[string]sight, err error) {
	number := s.reading()
	specs, _, err := s.o.Store.Specs(ctx)
	if err != nil {
		return nil, err
	}
	domains, err := s.o.Hypervisor.Domains(ctx)
	if err != nil {
		return nil, err
	}
	doubtful, noticed := s.merge(number, specs, domains)
	for _, id := range doubtful {
		if _, err := s.look(ctx, id); err != nil {
			return nil, err
		}
	}
	return noticed, nil
}

// merge takes what a reading of everything found. It gives the nodes that seem
// to have lost their domain, which is to be made sure of, and those of which
// something is to be written down.
func (s *Service) merge(number uint64, specs []lab.NodeSpec, domains []lab.Domain) (doubtful []string, noticed map[string]sight) {
	noticed = make(map[string]sight)
	stored := make(map[string]*lab.NodeSpec, len(specs))
	for _, spec := range specs {
		stored[spec.ID] = &spec
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := make(map[string]bool, len(domains))
	for _, d := range domains {
		id := d.Spec.ID
		there[id] = true
		if !s.outdated(id, number) {
			s.at(id).stored = stored[id]
		}
		if seen := s.observe(number, &d); (seen.unsaved || seen.started) && s.changes[id] == nil {
			noticed[id] = seen
		}
	}
	for id := range stored {
		s.at(id)
	}
	for id, n := range s.nodes {
		if there[id] || s.outdated(id, number) {
			continue
		}
		spec := stored[id]
		if spec == nil || spec.DeletedAt != nil || n.gone {
			s.observeGone(number, id, spec)
		} else {
			doubtful = append(doubtful, id)
		}
	}
	return doubtful, noticed
}

// outdated reports whether what a reading of everything found says nothing
// about a node: a verb is at work on it, or was since. s.mu must be held.
func (s *Service) outdated(id string, number uint64) bool {
	return s.changes[id] != nil || s.seen[id] > number
}

// stock reads the volumes, the images and the host, and publishes what differs.
// An error tells of what could not be read; the rest is up to date all the same.
func (s *Service) stock(ctx context.Context) (volumes []lab.Volume, err error) {
	var wg sync.WaitGroup
	var hostErr, imagesErr error
	wg.Go(func() { hostErr = s.readHost(ctx) })
	wg.Go(func() { imagesErr = s.readImages(ctx) })
	number := s.reading()
	volumes, err = s.o.Pool.Volumes(ctx)
	if err == nil {
		s.restock(number, volumes)
	}
	wg.Wait()
	return volumes, errors.Join(err, hostErr, imagesErr)
}

func (s *Service) readHost(ctx context.Context) error {
	host, err := s.o.Hypervisor.Host(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host = &host
	if room := host.Room(); s.room == nil || s.room.Status != room.Status || s.room.Path != room.Path {
		s.room = &room
		s.hub.send(lab.Event{Kind: lab.EventRoom, Room: &room})
	}
	return nil
}

// remeasure reads what is free on the pool's disk, after something of ours grew.
func (s *Service) remeasure(ctx context.Context) {
	if err := s.readHost(ctx); err != nil {
		s.o.Log.Debug("the room on the disk could not be measured", "error", err)
	}
}

// restock takes the sizes of all volumes but those of nodes in change, which
// the changes measure themselves.
func (s *Service) restock(number uint64, volumes []lab.Volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := make(map[string]lab.Volume, len(volumes))
	for _, v := range volumes {
		fresh[v.Name] = v
	}
	for name, v := range s.volumes {
		if id, _, ok := lab.ParseOverlayVolume(name); ok && s.outdated(id, number) {
			fresh[name] = v
		}
	}
	s.volumes = fresh
	s.showNodes()
}
