// Package lab holds the nouns of SandBoxLabs (Node, Image, Event, Error), the
// rules that bind them, and the ports through which the service reaches the
// world. It knows no libvirt, no disk layout and no network: adapters translate
// their own errors and states into the ones spelled here, once, at their edge.
//
// Two words run through it. A spec is what was asked: it is persisted and a
// person can read it. A value (Node, Image) is what is: a spec with what was
// observed, and it is never persisted.
package lab
