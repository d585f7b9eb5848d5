package lab

import (
	"context"
	"errors"
	"fmt"
)

// Kind says to a machine what went wrong; callers choose their reaction by it.
type Kind string

// The kinds of error.
const (
	KindInvalid     Kind = "invalid"     // the request can never succeed as it is
	KindNotFound    Kind = "not_found"   // no such node, image or volume
	KindExists      Kind = "exists"      // the name is taken
	KindBusy        Kind = "busy"        // in change, in use, or in the wrong state: later it may do
	KindUnavailable Kind = "unavailable" // libvirt, the disk or another service can not be used now
	KindDenied      Kind = "denied"      // no permission
	KindInternal    Kind = "internal"    // a fault of ours
)

// Error is every error that crosses a package border. Message is a sentence for
// a person that names what failed, Hint one that names the remedy (may be
// empty), Err the cause in the words of whoever found it (may be nil); it
// follows the sentence wherever that is told.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Err     error
}

// Error gives the sentence, followed by its cause where there is one.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without cause or hint.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// WithHint gives a copy of e with the remedy.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// WithCause gives a copy of e that wraps err.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Cancelled gives the error of a call whose context has ended; nil while it has not.
func Cancelled(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return Errorf(KindUnavailable, "the request was cancelled").WithCause(err)
	}
	return nil
}

// KindOf finds the kind of err: the outermost Error in its chain decides, a
// cancelled or expired context is KindUnavailable, anything else KindInternal.
// KindOf(nil) is empty.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindUnavailable
	}
	return KindInternal
}

// Problem is the only form in which an error leaves the process: on Wails, over
// HTTP and on the command line alike.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// ProblemOf turns err into its Problem; nil stays nil.
func ProblemOf(err error) *Problem {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return &Problem{Kind: e.Kind, Message: e.Error(), Hint: e.Hint}
	}
	return &Problem{Kind: KindOf(err), Message: err.Error()}
}
