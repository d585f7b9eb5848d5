package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// Failure is every failure, as application/problem+json (RFC 9457).
type Failure struct {
	Type   string   `json:"type" format:"uri-reference" doc:"Where the kind is explained."`
	Title  string   `json:"title" doc:"The kind in words."`
	Status int      `json:"status" doc:"The HTTP status."`
	Detail string   `json:"detail" doc:"What failed, as a sentence."`
	Kind   lab.Kind `json:"kind" doc:"What went wrong, for programs."`
	Hint   string   `json:"hint,omitempty" doc:"What mends it, as a sentence."`
	Errors []Fault  `json:"errors,omitempty" doc:"Each thing in the request that breaks the rules of this document."`
}

// Fault is one thing in a request that breaks the rules.
type Fault struct {
	Where   string `json:"where" doc:"In the request, such as body.vcpus or query.limit."`
	Message string `json:"message" doc:"What is wrong with it."`
}

// Error gives the sentence.
func (p *Failure) Error() string { return p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Failure) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457, for huma.
func (p *Failure) ContentType(string) string { return failureType }

const failureType = "application/problem+json"

// statuses gives every kind its HTTP status.
var statuses = map[lab.Kind]int{
	lab.KindInvalid:     http.StatusUnprocessableEntity,
	lab.KindNotFound:    http.StatusNotFound,
	lab.KindExists:      http.StatusConflict,
	lab.KindBusy:        http.StatusConflict,
	lab.KindUnavailable: http.StatusServiceUnavailable,
	lab.KindDenied:      http.StatusForbidden,
	lab.KindInternal:    http.StatusInternalServerError,
}

// titles gives every kind its words.
var titles = map[lab.Kind]string{
	lab.KindInvalid:     "The request can not succeed as it is",
	lab.KindNotFound:    "There is no such thing",
	lab.KindExists:      "The name is taken",
	lab.KindBusy:        "Not now: it is in change, in use, or in another state",
	lab.KindUnavailable: "Something that is needed can not be used now",
	lab.KindDenied:      "Not permitted",
	lab.KindInternal:    "A fault of SandBoxLabs",
}

// problemOf makes the Failure of an error.
func problemOf(err error) *Failure {
	if p := (*Failure)(nil); errors.As(err, &p) {
		return p
	}
	p := lab.ProblemOf(err)
	status := statuses[p.Kind]
	if errors.Is(err, service.ErrOutdated) {
		status = http.StatusPreconditionFailed
	}
	if p.Kind == lab.KindInternal {
		slog.Error("the API failed", "error", err)
	}
	return problem(p.Kind, status, p.Message, p.Hint)
}

func problem(kind lab.Kind, status int, detail, hint string) *Failure {
	return &Failure{Type: Prefix + "/docs#kind-" + string(kind), Title: titles[kind], Status: status, Detail: detail, Kind: kind, Hint: hint}
}

// newError is what huma says, as a Failure. Values are not repeated: they may be secret.
func newError(status int, message string, errs ...error) huma.StatusError {
	kind := lab.KindInvalid
	switch {
	case status == http.StatusNotFound:
		kind = lab.KindNotFound
	case status >= http.StatusInternalServerError:
		kind = lab.KindInternal
	}
	p := problem(kind, status, message, "")
	for _, err := range errs {
		if err == nil {
			continue
		}
		fault := Fault{Where: "request", Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			fault = Fault{Where: d.ErrorDetail().Location, Message: d.ErrorDetail().Message}
		}
		p.Errors = append(p.Errors, fault)
	}
	if len(p.Errors) > 0 {
		p.Detail = strings.TrimPrefix(p.Errors[0].Where+": ", ": ") + p.Errors[0].Message
		p.Hint = "See what the document says of it: " + Prefix + "/docs."
	}
	return p
}

// fail answers what never reached an operation.
func fail(w http.ResponseWriter, p *Failure) {
	body, err := json.Marshal(p)
	if err != nil {
		slog.Error("encode problem", "error", err)
	}
	w.Header().Set("Content-Type", failureType)
	w.WriteHeader(p.Status)
	if _, err := w.Write(body); err != nil {
		slog.Debug("send problem", "error", err)
	}
}

// failure documents it.
func failure(r huma.Registry) *huma.Response {
	return &huma.Response{
		Description: "What went wrong; `kind` tells programs.",
		Content:     map[string]*huma.MediaType{failureType: {Schema: r.Schema(reflect.TypeFor[Failure](), true, "Failure")}},
	}
}

// Refuse answers a request that is let through to no operation, with the status
// of the guard before us.
func Refuse(w http.ResponseWriter, status int, err error) {
	f := problemOf(err)
	f.Status = status
	fail(w, f)
}
