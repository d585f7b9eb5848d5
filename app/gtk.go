package app

/*
// Of the libraries whose functions toolkit stands in for, none is wanted from the start. This must
// come before their names, as it does here: the linker is told what a package asks for before
// what its imports do.
#cgo LDFLAGS: -Wl,--as-needed
*/
import "C"

import "sandboxlabs/app/toolkit"

// useGTK loads it, and has it do what was put off until then. bus says that there is one.
func (a *App) useGTK(bus bool) error {
	if err := toolkit.Load(); err != nil {
		return err
	}
	a.looks.begin()
	if bus {
		outliveBus()
	}
	return nil
}
