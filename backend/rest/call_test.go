package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestCalls(t *testing.T) {
	s := mustEnter(t)
	if got, want := s.mustCall(t, "List", "[]").body, "[]"; got != want {
		t.Errorf("no nodes are %s, want %s", got, want)
	}
	a := s.mustCall(t, "Create", `[{"name":"web","image":"tiny","memoryMiB":64}]`)
	var n lab.Node
	must(t, json.Unmarshal([]byte(a.body), &n))
	if n.Name != "web" || n.State != lab.Stopped || n.MemoryMiB != 64 {
		t.Errorf("the new node is %s", a.body)
	}
	if a := s.mustCall(t, "Rename", `["web","db"]`); a.StatusCode != http.StatusOK {
		t.Errorf("a call with two arguments gives %d: %s", a.StatusCode, a.body)
	}
	if a := s.mustCall(t, "Delete", `["db",true]`); a.StatusCode != http.StatusOK {
		t.Errorf("removing the node gives %d: %s", a.StatusCode, a.body)
	}
	if got, want := s.mustCall(t, "RemoveImage", `["tiny"]`).body, "null"; got != want {
		t.Errorf("a call without a result gives %s, want %s", got, want)
	}
}

func TestWrongCalls(t *testing.T) {
	s := mustEnter(t)
	for _, c := range []struct {
		name, verb, args string
		status           int
		kind             lab.Kind
	}{
		{"unknown verb", "Explode", `[]`, http.StatusNotFound, lab.KindNotFound},
		{"verb that is no call", "Run", `[]`, http.StatusNotFound, lab.KindNotFound},
		{"no JSON", "List", `nodes`, http.StatusBadRequest, lab.KindInvalid},
		{"no array", "List", `{}`, http.StatusBadRequest, lab.KindInvalid},
		{"nothing", "List", ``, http.StatusBadRequest, lab.KindInvalid},
		{"two documents", "List", `[] []`, http.StatusBadRequest, lab.KindInvalid},
		{"too many arguments", "List", `["web"]`, http.StatusBadRequest, lab.KindInvalid},
		{"too few arguments", "Rename", `["web"]`, http.StatusBadRequest, lab.KindInvalid},
		{"wrong type", "Show", `[7]`, http.StatusBadRequest, lab.KindInvalid},
		{"unknown field", "Create", `[{"name":"web","image":"tiny","cpus":4}]`, http.StatusBadRequest, lab.KindInvalid},
		{"bad name", "Create", `[{"name":"../web","image":"tiny"}]`, http.StatusBadRequest, lab.KindInvalid},
		{"too large", "Show", `["` + strings.Repeat("x", maxBody) + `"]`, http.StatusRequestEntityTooLarge, lab.KindInvalid},
		{"absent node", "Show", `["absent"]`, http.StatusNotFound, lab.KindNotFound},
	} {
		a := s.mustCall(t, c.verb, c.args)
		if a.StatusCode != c.status {
			t.Errorf("%s gives %d, want %d: %s", c.name, a.StatusCode, c.status, a.body)
		}
		if p := a.problem(t); p.Kind != c.kind || p.Message == "" {
			t.Errorf("%s tells %+v, want %s", c.name, p, c.kind)
		}
	}
}

func TestCallMustBeJSON(t *testing.T) {
	s := mustEnter(t)
	a := s.mustDo(t, http.MethodPost, "/rpc/List", "[]", "Content-Type", "text/plain")
	if got, want := a.StatusCode, http.StatusBadRequest; got != want {
		t.Errorf("a call in plain text gives %d, want %d", got, want)
	}
	if got, want := s.mustGet(t, "/rpc/List").StatusCode, http.StatusMethodNotAllowed; got == http.StatusOK {
		t.Errorf("a call by GET gives %d, want %d", got, want)
	}
}

func TestEveryKindHasStatus(t *testing.T) {
	for _, kind := range []lab.Kind{
		lab.KindInvalid, lab.KindNotFound, lab.KindExists, lab.KindBusy,
		lab.KindUnavailable, lab.KindDenied, lab.KindInternal,
	} {
		if statuses[kind] < 400 {
			t.Errorf("%s has status %d, want a failure", kind, statuses[kind])
		}
	}
}
