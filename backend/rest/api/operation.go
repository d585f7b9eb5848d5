package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// operation is what is told of one, beside its types.
type operation struct {
	method, path string
	id           string // unique, for generated clients: createNode
	tag          string // that it is shown under
	summary      string // one line
	about        string // more, in Markdown of paragraphs and `code`
	verbs        []string
	status       int            // of success; 0: 200, or 204 where there is no body
	also         map[int]string // further statuses, and when they are answered
}

// add makes an operation of do. Whatever error it gives is answered as a Failure.
func add[I, O any](a *API, o operation, do func(context.Context, *I) (*O, error)) {
	a.verbs = append(a.verbs, o.verbs...)
	slices.Sort(a.verbs)
	a.ids = append(a.ids, o.id)
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Tags: []string{o.tag},
		Summary: o.summary, Description: o.about, DefaultStatus: o.status,
		MaxBodyBytes: maxBody + 1, // read has refused what is larger
		Responses:    map[string]*huma.Response{"default": failure(a.huma.OpenAPI().Components.Schemas)},
	}
	for status, when := range o.also {
		response := &huma.Response{Description: when}
		if status >= http.StatusBadRequest {
			response.Content = op.Responses["default"].Content
		}
		op.Responses[strconv.Itoa(status)] = response
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, problemOf(err)
		}
		return out, nil
	})
}

// act is add for an operation that changes something: it outlives its request,
// for a client that goes away in the middle of a wipe must not end it there.
func act[I, O any](a *API, o operation, do func(context.Context, *I) (*O, error)) {
	add(a, o, func(ctx context.Context, in *I) (*O, error) { return do(context.WithoutCancel(ctx), in) })
}

// The shapes of answers.
type (
	answer[T any] struct {
		Body T
	}
	tagged[T any] struct {
		ETag string `header:"ETag" doc:"Changes when what can be changed does: send it back in If-Match or If-None-Match."`
		Body T
	}
	created[T any] struct {
		Location string `header:"Location" doc:"Path of what was made."`
		ETag     string `header:"ETag" doc:"Of what was made."`
		Body     T
	}
	// cached has no body where the reader has it already (304).
	cached[T any] struct {
		Status int
		ETag   string `header:"ETag" doc:"Changes when what can be changed does: send it back in If-Match or If-None-Match."`
		Body   *T
	}
	none struct{}
)

// plainly is an operation without input that gives what a verb gives.
func plainly[T any](a *API, o operation, do func(context.Context) (T, error)) {
	add(a, o, func(ctx context.Context, _ *none) (*answer[T], error) {
		v, err := do(ctx)
		return &answer[T]{v}, err
	})
}

// unlessHad gives v, or only its tag to a reader that has it.
func unlessHad[T any](v T, tag, ifNoneMatch string) (*cached[T], error) {
	had, err := parseTags(ifNoneMatch)
	if err != nil {
		return nil, err
	}
	if had.weakly(tag) {
		return &cached[T]{Status: http.StatusNotModified, ETag: tag}, nil
	}
	return &cached[T]{Status: http.StatusOK, ETag: tag, Body: &v}, nil
}
