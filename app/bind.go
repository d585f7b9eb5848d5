package app

import (
	"sandboxlabs/backend/lab"
)

// enumOf is what the generator of the page's types asks of a named string: its
// values, each with the name of its constant there.
type enumOf[T ~string] struct {
	Value  T
	TSName string
}

func enum[T ~string](values []T) []enumOf[T] {
	constants := make([]enumOf[T], len(values))
	for i, v := range values {
		constants[i] = enumOf[T]{v, string(v)}
	}
	return constants
}

// Bound gives what the generator reads: the values whose methods the page can
// call, and the enumerations in their inputs and results.
func Bound(a *App) (methods, enums []any) {
	return []any{a}, boundEnums()
}

func boundEnums() []any {
	return []any{
		enum(lab.States),
		enum(lab.ImageKinds),
		enum(lab.ImageStates),
		enum(lab.StepNames),
		enum(lab.OriginKinds),
		enum(lab.Firmwares),
		enum(lab.CheckStatuses),
		enum(lab.EventKinds),
		enum(lab.CloseModes),
		enum(lab.Notices),
		enum(lab.SettingKinds),
		enum(lab.FolderNames),
		enum(lab.ConsoleKinds),
		enum(lab.GatewayModes),
		enum(lab.GatewayStates),
		enum(lab.RegistrationStates),
		enum(lab.AddressSources),
		enum(lab.MomentKinds),
		enum(lab.Views),
		enum(lab.MigrationStatuses),
		enum(lab.MoveStatuses),
	}
}
