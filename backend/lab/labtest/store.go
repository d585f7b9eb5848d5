package labtest

import (
	"context"
	"encoding/json"
	"sync"

	"sandboxlabs/backend/lab"
)

// Store is a lab.Store in memory.
type Store struct {
	script *Script

	mu       sync.Mutex
	specs    map[string][]byte
	problems map[string]lab.Problem // of the records that can not be read, by id
	locked   map[string]int         // by id, the number of the lock that holds it
	locks    int
}

func newStore(s *Script) *Store {
	return &Store{
		script: s, specs: make(map[string][]byte),
		problems: make(map[string]lab.Problem), locked: make(map[string]int),
	}
}

// Corrupt makes the record of a node unreadable.
func (s *Store) Corrupt(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.specs, id)
	s.problems[id] = lab.Problem{Kind: lab.KindInternal, Message: "the record of " + id + " can not be read"}
}

// Lose removes the record of a node.
func (s *Store) Lose(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.specs, id)
}

// Spec gives the record of a node without being recorded; ok is false if there is none.
func (s *Store) Spec(id string) (spec lab.NodeSpec, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.specs[id]
	if ok {
		spec = decode(b)
	}
	return spec, ok
}

func decode(b []byte) (spec lab.NodeSpec) {
	if err := json.Unmarshal(b, &spec); err != nil {
		panic("a spec that was encoded here does not decode: " + err.Error())
	}
	return spec
}

func (s *Store) unlockAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.locked)
}

func (s *Store) do(ctx context.Context, method, id string, work func() error) error {
	return s.script.call(ctx, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return work()
	}, "Store."+method, id)
}

// Specs gives every spec.
func (s *Store) Specs(ctx context.Context) (specs []lab.NodeSpec, problems []lab.Problem, err error) {
	err = s.do(ctx, "Specs", "", func() error {
		for _, b := range s.specs {
			specs = append(specs, decode(b))
		}
		for _, p := range s.problems {
			problems = append(problems, p)
		}
		return nil
	})
	return specs, problems, err
}

// Save writes a spec.
func (s *Store) Save(ctx context.Context, spec lab.NodeSpec) error {
	return s.do(ctx, "Save", spec.ID, func() error {
		if err := spec.Check(); err != nil {
			return err
		}
		b, err := json.Marshal(spec)
		if err != nil {
			return lab.Errorf(lab.KindInternal, "the spec can not be encoded").WithCause(err)
		}
		s.specs[spec.ID] = b
		return nil
	})
}

// Delete removes a spec.
func (s *Store) Delete(ctx context.Context, id string) error {
	return s.do(ctx, "Delete", id, func() error {
		if err := lab.CheckID(id); err != nil {
			return err
		}
		delete(s.specs, id)
		return nil
	})
}

// Lock reserves a node.
func (s *Store) Lock(ctx context.Context, id string) (unlock func(), err error) {
	err = s.do(ctx, "Lock", id, func() error {
		if err := lab.CheckID(id); err != nil {
			return err
		}
		if s.locked[id] != 0 {
			return lab.Errorf(lab.KindBusy, "node %s is reserved", id)
		}
		s.locks++
		s.locked[id] = s.locks
		unlock = s.unlocker(id, s.locks)
		return nil
	})
	if err != nil && unlock != nil {
		unlock()
	}
	return unlock, err
}

// unlocker gives back one reservation, and none that came after it.
func (s *Store) unlocker(id string, lock int) func() {
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.locked[id] == lock {
			delete(s.locked, id)
		}
	}
}
