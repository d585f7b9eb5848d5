package lab

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestKindOf(t *testing.T) {
	busy := Errorf(KindBusy, "web is running")
	tests := []struct {
		name string
		err  error
		want Kind
	}{
		{"nothing", nil, ""},
		{"an Error", busy, KindBusy},
		{"an Error in another's words", fmt.Errorf("start: %w", busy), KindBusy},
		{"the outermost decides", Errorf(KindDenied, "no").WithCause(busy), KindDenied},
		{"cancelled", context.Canceled, KindUnavailable},
		{"too late", fmt.Errorf("read: %w", context.DeadlineExceeded), KindUnavailable},
		{"unknown", errors.New("boom"), KindInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := KindOf(tt.err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestProblemOf(t *testing.T) {
	if got := ProblemOf(nil); got != nil {
		t.Errorf("no error gives %+v", got)
	}
	err := Errorf(KindDenied, "may not read %s", "disk").WithHint("Ask %s.", "root").WithCause(errors.New("permission denied"))
	want := Problem{Kind: KindDenied, Message: "may not read disk: permission denied", Hint: "Ask root."}
	if got := ProblemOf(fmt.Errorf("start: %w", err)); *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if got, want := *ProblemOf(errors.New("boom")), (Problem{Kind: KindInternal, Message: "boom"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Those made of one Error do not change it: it may be a variable of a package.
func TestErrorsAreCopied(t *testing.T) {
	err := Errorf(KindBusy, "web is running")
	_ = err.WithHint("Stop it.").WithCause(errors.New("boom"))
	if *err != (Error{Kind: KindBusy, Message: "web is running"}) {
		t.Errorf("got %+v, want it as it was", *err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := Cancelled(ctx); err != nil {
		t.Errorf("got %v before the end", err)
	}
	cancel()
	if err := Cancelled(ctx); KindOf(err) != KindUnavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
}
