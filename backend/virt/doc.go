// Package virt keeps nodes in libvirt: it is the lab.Hypervisor, the lab.Pool
// and the consoles of the program, and the only importer of libvirt.
//
// What libvirt holds is the truth here. Nothing of a domain is remembered
// between calls, so that what virsh changes is seen by the next one; libvirt's
// errors and states are translated once, in the maps of fault.go and state.go.
//
// libvirt's handles die with their connection. Each call therefore borrows the
// session that is alive (see session.go) and returns it when it is through.
package virt
