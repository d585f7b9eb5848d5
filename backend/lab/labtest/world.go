package labtest

import "sandboxlabs/backend/lab"

// World is one host with everything on it, in memory: the fakes over one
// script. Its state outlives the processes that use it, as a real host's does.
type World struct {
	*Script
	Hypervisor *Hypervisor
	Pool       *Pool
	Library    *Library
	Store      *Store
	Journal    *Journal
	Page       *Page
	Gateway    *Gateway
	Stack      *Stack
	Keeper     *Keeper
	Prototype  *Prototype
}

// NewWorld gives a host with libvirt up and nothing on it.
func NewWorld() *World {
	script := &Script{}
	pool := newPool(script)
	w := &World{
		Script: script, Pool: pool,
		Hypervisor: newHypervisor(script, pool),
		Library:    newLibrary(script, pool),
		Store:      newStore(script),
		Journal:    &Journal{moments: make(map[string][]lab.Moment)},
		Page:       &Page{},
		Gateway:    newGateway(script),
		Prototype:  &Prototype{script: script},
	}
	w.Stack = &Stack{script: script, gateway: w.Gateway}
	w.Keeper = &Keeper{script: script, gateway: lab.GatewaySettings{Mode: lab.GatewayOff}}
	script.onDie = []func(){w.Store.unlockAll, w.Hypervisor.unwatchAll, w.Gateway.forget, w.Library.forsake}
	return w
}
