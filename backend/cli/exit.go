package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// failure is an error of a command that ran; any other is cobra's, about the
// command line itself.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// errTold ends a command whose output has told already what failed.
var errTold = errors.New("told already")

// command marks the errors of a command that ran.
func (f *face) command(run func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := run(cmd, args); err != nil {
			return failure{err}
		}
		return nil
	}
}

// exit tells err and gives the exit code.
func (f *face) exit(err error, args []string) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errTold):
		return exitFailed
	case errors.Is(err, context.Canceled):
		f.tell(&lab.Problem{Kind: lab.KindUnavailable, Message: "interrupted"})
		return exitFailed
	case errors.As(err, new(failure)):
		f.tell(lab.ProblemOf(err))
		return exitFailed
	}
	// the flags after a wrong one were not read
	f.json = f.json || slices.Contains(args, "--json")
	f.tell(&lab.Problem{Kind: lab.KindInvalid, Message: err.Error(), Hint: "See sandboxlabs --help."})
	return exitUsage
}

// tell prints a problem that stands in the place of a result.
func (f *face) tell(p *lab.Problem) {
	if f.json {
		f.printJSON(p)
		return
	}
	f.warn("", p)
}

// warn prints a problem to a person, with what it concerns if there is a choice.
func (f *face) warn(of string, p *lab.Problem) {
	if of != "" {
		of += ": "
	}
	say(f.Err, "sandboxlabs: %s%s\n", of, p.Message)
	if p.Hint != "" {
		say(f.Err, "hint: %s\n", p.Hint)
	}
}

// print gives a result as JSON or as human says it.
func (f *face) print(value any, human func(io.Writer)) {
	if f.json {
		f.printJSON(value)
		return
	}
	human(f.Out)
}

func (f *face) printJSON(value any) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		panic(err) // our own values are all plain data
	}
	say(f.Out, "%s\n", text)
}

// say writes to a standard stream; where that fails nobody can be told.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
