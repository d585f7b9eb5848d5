package labtest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sandboxlabs/backend/lab"
)

// Stack is a lab.Stack in memory, whose gateway is the world's.
type Stack struct {
	script  *Script
	gateway *Gateway

	mu     sync.Mutex
	made   bool
	up     bool
	holdUp chan struct{} // Up waits for it, or for its context; nil: for nothing
}

// Up implements lab.Stack.
func (s *Stack) Up(ctx context.Context, _ lab.GatewaySettings, progress func(string)) error {
	return s.script.call(ctx, func() error {
		progress("Pulling the images")
		s.mu.Lock()
		hold := s.holdUp
		s.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-ctx.Done():
				return lab.Cancelled(ctx)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.made, s.up = true, true
		return nil
	}, "Stack.Up")
}

// HoldUp makes Up wait until release is called.
func (s *Stack) HoldUp() (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := make(chan struct{})
	s.holdUp = hold
	return sync.OnceFunc(func() { close(hold) })
}

// Down implements lab.Stack.
func (s *Stack) Down(ctx context.Context, progress func(string)) error {
	return s.script.call(ctx, func() error {
		progress("Stopping")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.up = false
		return nil
	}, "Stack.Down")
}

// Services implements lab.Stack.
func (s *Stack) Services(ctx context.Context) (services []lab.StackService, err error) {
	err = s.script.call(ctx, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		services = []lab.StackService{}
		if s.up {
			services = append(services, lab.StackService{Name: "guacamole", State: "running", Health: "healthy"})
		}
		return nil
	}, "Stack.Services")
	return services, err
}

// Logs implements lab.Stack.
func (s *Stack) Logs(ctx context.Context, lines int) (text string, err error) {
	err = s.script.call(ctx, func() error {
		text = strings.Repeat("a line\n", lines)
		return nil
	}, "Stack.Logs")
	return text, err
}

// Access implements lab.Stack.
func (s *Stack) Access() (lab.GatewayAccess, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.made {
		return lab.GatewayAccess{}, lab.Errorf(lab.KindNotFound, "the stack was never brought up")
	}
	a := s.gateway.Access()
	a.Owner = ""
	return a, nil
}

// Keeper is a lab.SettingsKeeper in memory.
type Keeper struct {
	script *Script

	mu      sync.Mutex
	gateway lab.GatewaySettings
	tuning  lab.Tuning
	fault   error
	altered chan struct{} // closed when a person has written something; nil: nobody watches
}

// Tune has the settings say t from now on, as if a person had written that.
func (k *Keeper) Tune(t lab.Tuning) { k.written(func() { k.tuning, k.fault = t, nil }) }

// Spoil has the settings be unreadable, as if a person had written nonsense.
func (k *Keeper) Spoil(fault error) { k.written(func() { k.fault = fault }) }

func (k *Keeper) written(write func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	write()
	if k.altered != nil {
		close(k.altered)
		k.altered = nil
	}
}

// Watch implements lab.SettingsKeeper.
func (k *Keeper) Watch(ctx context.Context, changed func()) error {
	for {
		k.mu.Lock()
		if k.altered == nil {
			k.altered = make(chan struct{})
		}
		altered := k.altered
		k.mu.Unlock()
		select {
		case <-altered:
			changed()
		case <-ctx.Done():
			return nil
		}
	}
}

// Settings implements lab.SettingsKeeper.
func (k *Keeper) Settings(ctx context.Context) (s lab.Settings, t lab.Tuning, err error) {
	err = k.script.call(ctx, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		s = lab.Settings{File: "memory", Items: k.items()}
		t = k.tuning
		return k.fault
	}, "Keeper.Settings")
	return s, t, err
}

func (k *Keeper) items() []lab.Setting {
	return []lab.Setting{{Key: "bulk.limit", Kind: lab.SettingNumber, Value: strconv.Itoa(k.tuning.BulkLimit), Default: "0", Max: 64}}
}

// ChangeSettings implements lab.SettingsKeeper: it knows bulk.limit alone.
func (k *Keeper) ChangeSettings(ctx context.Context, change lab.SettingsChange) (lab.Settings, lab.Tuning, error) {
	err := k.script.call(ctx, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		for key, value := range change.Set {
			n, err := strconv.Atoi(value)
			if key != "bulk.limit" || err != nil {
				return lab.Errorf(lab.KindInvalid, "%s can not be set to %q", key, value)
			}
			k.tuning.BulkLimit = n
		}
		if slices.Contains(change.Reset, "bulk.limit") {
			k.tuning.BulkLimit = 0
		}
		return nil
	}, "Keeper.ChangeSettings", change)
	if err != nil {
		return lab.Settings{}, lab.Tuning{}, err
	}
	return k.Settings(ctx)
}

// Gateway implements lab.SettingsKeeper.
func (k *Keeper) Gateway() lab.GatewaySettings {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.gateway
}

// SaveGateway implements lab.SettingsKeeper.
func (k *Keeper) SaveGateway(ctx context.Context, s lab.GatewaySettings) error {
	return k.script.call(ctx, func() error {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.gateway = s
		return nil
	}, "Keeper.SaveGateway", s.Mode)
}
