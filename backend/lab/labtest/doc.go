// Package labtest helps to test whatever uses or implements the ports of lab:
// one conformance suite for each port, to be run on every implementation, and
// fakes in memory that pass them. The fakes are state machines that refuse
// illegal moves, record the calls made to them, and fail or die where a test
// wants; a World is one host with all of them.
package labtest
