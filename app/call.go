package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"

	"sandboxlabs/backend/lab"
)

// The promise of a bound method that panics would never settle, so that every
// call runs through one of these, by the number of the verb's inputs.

func none[Out any](a *App, verb func(context.Context) (Out, error)) (out Out, err error) {
	defer recovered(&err)
	return verb(a.ctx)
}

func one[In, Out any](a *App, verb func(context.Context, In) (Out, error), in In) (out Out, err error) {
	defer recovered(&err)
	return verb(a.ctx, in)
}

func two[In1, In2, Out any](a *App, verb func(context.Context, In1, In2) (Out, error), in1 In1, in2 In2) (out Out, err error) {
	defer recovered(&err)
	return verb(a.ctx, in1, in2)
}

func only[In any](a *App, verb func(context.Context, In) error, in In) (err error) {
	defer recovered(&err)
	return verb(a.ctx, in)
}

func idle(a *App, verb func(context.Context) error) (err error) {
	defer recovered(&err)
	return verb(a.ctx)
}

func recovered(err *error) {
	if p := recover(); p != nil {
		slog.Error("panic in call", "panic", p, "stack", string(debug.Stack()))
		*err = lab.Errorf(lab.KindInternal, "SandBoxLabs made a mistake: %v", p).WithHint("Please report it.")
	}
}

// formatError turns an error into the JSON string of its Problem: an object
// would reach the page as "[object Object]".
func formatError(err error) any {
	problem, encodeErr := json.Marshal(lab.ProblemOf(err))
	if encodeErr != nil {
		return encodeErr.Error()
	}
	return string(problem)
}
