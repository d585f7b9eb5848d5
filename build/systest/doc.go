// Package systest tests the built program as a person has it: build/bin/sandboxlabs
// on real libvirt and QEMU, with the tiny guest. It has tests only; what `make
// build` and `make image` leave is what they need.
//
// There are two profiles: system as root, session as an ordinary user. What goes the
// same way in both is done in one, where another test has gone it in each; the scripts
// are played in both. Run as root, the tests make that user and remove it again; run
// as an ordinary user, they become root by sudo where that needs no password, and
// where it does the tests of the system profile fail and say so.
//
// Each test has a world of its own: XDG directories, a storage pool, a prefix
// for the names of its nodes, and in the session profile a libvirt daemon.
package systest
