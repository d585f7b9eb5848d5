package labtest

import (
	"context"

	"sandboxlabs/backend/lab"
)

// Autostart is a lab.Autostarter in memory.
type Autostart struct{ state lab.Autostart }

// Autostart implements lab.Autostarter.
func (a *Autostart) Autostart(context.Context) (lab.Autostart, error) {
	a.state.File = "/autostart/" + lab.AppID + ".desktop"
	return a.state, nil
}

// SetAutostart implements lab.Autostarter.
func (a *Autostart) SetAutostart(_ context.Context, on bool) error {
	a.state.On = on
	return nil
}
