package virt

import (
	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// states translates libvirt's states.
var states = map[libvirt.DomainState]lab.State{
	libvirt.DOMAIN_NOSTATE:     lab.Running,
	libvirt.DOMAIN_RUNNING:     lab.Running,
	libvirt.DOMAIN_BLOCKED:     lab.Running,
	libvirt.DOMAIN_PAUSED:      lab.Paused,
	libvirt.DOMAIN_PMSUSPENDED: lab.Paused,
	libvirt.DOMAIN_SHUTDOWN:    lab.Stopping,
	libvirt.DOMAIN_SHUTOFF:     lab.Stopped,
	libvirt.DOMAIN_CRASHED:     lab.Failed,
}

// condition is a state of libvirt with its reason.
type condition struct {
	state  libvirt.DomainState
	reason int
}

// outcomes are the conditions that mean more than their state does.
var outcomes = map[condition]struct {
	state   lab.State
	problem *lab.Problem
}{
	{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_CRASHED)}: {lab.Failed, problemCrashed},
	{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_FAILED)}:  {lab.Failed, problemNotStarted},
	{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_STARTING_UP)}: {
		lab.Starting, nil,
	},
	{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_IOERROR)}: {lab.Paused, &lab.Problem{
		Kind: lab.KindUnavailable, Message: "the node stands still because its disk could not be written",
		Hint: "Free some space on the pool's disk, then resume the node.",
	}},
	{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_CRASHED)}: {lab.Failed, problemCrashed},
}

var (
	problemCrashed = &lab.Problem{
		Kind: lab.KindInternal, Message: "the node crashed: its process ended by itself or its guest panicked",
		Hint: "Start it again; libvirt's log of the node tells more.",
	}
	problemNotStarted = &lab.Problem{
		Kind: lab.KindInternal, Message: "the node's last start failed",
		Hint: "Start it again to see why.",
	}
)

func (c condition) translate() (lab.State, *lab.Problem) {
	if o, ok := outcomes[c]; ok {
		return o.state, o.problem
	}
	state := states[c.state]
	if state == lab.Failed {
		return state, problemCrashed
	}
	return state, nil
}

// active reports whether the domain has a process.
func (c condition) active() bool {
	return c.state != libvirt.DOMAIN_SHUTOFF && c.state != libvirt.DOMAIN_CRASHED
}

func conditionOf(d *libvirt.Domain) (condition, error) {
	state, reason, err := d.GetState()
	return condition{state, reason}, err
}
