package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestErrorsAreProblemsAsText(t *testing.T) {
	text, ok := formatError(lab.Errorf(lab.KindBusy, "web is running").WithHint("Stop it.")).(string)
	if !ok {
		t.Fatal("an error is no string")
	}
	var got lab.Problem
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if want := (lab.Problem{Kind: lab.KindBusy, Message: "web is running", Hint: "Stop it."}); got != want {
		t.Errorf("the error is %+v, want %+v", got, want)
	}
}

func TestPanicsAreErrors(t *testing.T) {
	a := New(nil, Folders{})
	_, noInput := none(a, func(context.Context) (int, error) { panic("boom") })
	_, oneInput := one(a, func(context.Context, string) (int, error) { panic("boom") }, "")
	_, twoInputs := two(a, func(context.Context, string, int) (int, error) { panic("boom") }, "", 0)
	noOutput := only(a, func(context.Context, string) error { panic("boom") }, "")
	for _, err := range []error{noInput, oneInput, twoInputs, noOutput} {
		if got, want := lab.ProblemOf(err).Message, "SandBoxLabs made a mistake: boom"; lab.KindOf(err) != lab.KindInternal || got != want {
			t.Errorf("a panic gives %q, want %q: its stack is for the log", got, want)
		}
	}
}

// TestNothingElseIsBound: a method that takes a context or a func is a hook, and
// exported it would be the page's to call.
func TestNothingElseIsBound(t *testing.T) {
	a := reflect.TypeFor[*App]()
	for i := range a.NumMethod() {
		m := a.Method(i)
		for in := 1; in < m.Type.NumIn(); in++ {
			if kind := m.Type.In(in).Kind(); kind == reflect.Interface || kind == reflect.Func {
				t.Errorf("the page can call %s, which takes a %s", m.Name, m.Type.In(in))
			}
		}
	}
}

func TestWindowIsGuarded(t *testing.T) {
	w := httptest.NewRecorder()
	guarded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })).
		ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if got, want := w.Code, http.StatusInternalServerError; got != want {
		t.Errorf("a panic gives %d, want %d", got, want)
	}
	if got, want := w.Header().Get("Content-Security-Policy"), "default-src 'none'"; !strings.HasPrefix(got, want) {
		t.Errorf("the policy is %q, want %q at its beginning", got, want)
	}
}

func TestNoDisplay(t *testing.T) {
	open := func(a *App) (err error) {
		defer a.noDisplay(&err)
		panic(errors.New("failed to init GTK"))
	}
	err := open(New(nil, Folders{}))
	if p := lab.ProblemOf(err); p.Kind != lab.KindUnavailable || !strings.Contains(p.Hint, "sandboxlabs serve") {
		t.Errorf("without a display the window gives %+v", p)
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic of the open window is taken for a missing display")
		}
	}()
	a := New(nil, Folders{})
	close(a.started)
	_ = open(a)
}

func TestSecondStart(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	if got, want := lab.KindOf(RaiseOther(t.Context(), socket, "", lab.Opening{})), lab.KindBusy; got != want {
		t.Errorf("without a first window, raising it is %s, want %s", got, want)
	}
	for range 2 { // the second finds what the first left
		l, err := Raisable(t.Context(), New(nil, Folders{}), socket, "test:///default")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := RaiseOther(ctx, socket, "", lab.Opening{}); err == nil {
			t.Error("a start that was given up has raised a window")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
