package prototype

import (
	"context"
	"net/http"
	"slices"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/rest"
)

// The sentences of the prototype.
const (
	notFound   = "Node not found"
	running    = "Node is already running"
	notRunning = "Node is not running"
)

type listAnswer struct {
	Success bool   `json:"success"`
	Nodes   []node `json:"nodes"`
	Count   int    `json:"count"`
}

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	nodes, err := h.service.List(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	slices.SortStableFunc(nodes, func(a, b lab.Node) int { return b.CreatedAt.Compare(a.CreatedAt) })
	answer := listAnswer{Success: true, Nodes: []node{}, Count: len(nodes)}
	osTypes := h.osTypes(r.Context())
	for _, n := range nodes {
		answer.Nodes = append(answer.Nodes, h.told(r.Context(), n, osTypes))
	}
	rest.Reply(w, http.StatusOK, answer)
}

func (h *handler) create(w http.ResponseWriter, r *http.Request) {
	body, err := rest.Body(w, r, maxBody)
	if err != nil {
		fail(w, err)
		return
	}
	in, err := parse(r.Header.Get("Content-Type"), body)
	if err != nil {
		fail(w, err)
		return
	}
	ctx := context.WithoutCancel(r.Context())
	image, err := h.imageFor(ctx, in.OSType)
	if err != nil {
		fail(w, err)
		return
	}
	n, err := h.service.Create(ctx, in.input(image))
	h.answer(ctx, w, http.StatusCreated, "", n, err)
}

func (h *handler) show(w http.ResponseWriter, r *http.Request) {
	if n, ok := h.find(w, r); ok {
		h.answer(r.Context(), w, http.StatusOK, "", n, nil)
	}
}

func (h *handler) run(w http.ResponseWriter, r *http.Request) {
	ctx := context.WithoutCancel(r.Context())
	n, ok := h.find(w, r)
	if !ok {
		return
	}
	if n.State.Active() {
		say(w, http.StatusBadRequest, running)
		return
	}
	n, err := h.done(ctx, n.ID, h.service.Start)
	h.answer(ctx, w, http.StatusOK, "", h.registered(ctx, n), err)
}

func (h *handler) stop(w http.ResponseWriter, r *http.Request) {
	ctx := context.WithoutCancel(r.Context())
	n, ok := h.find(w, r)
	if !ok {
		return
	}
	if !n.State.Active() {
		say(w, http.StatusBadRequest, notRunning)
		return
	}
	n, err := h.done(ctx, n.ID, h.service.Stop)
	h.answer(ctx, w, http.StatusOK, "", n, err)
}

// wipe leaves the node off, as the prototype did: the service would start it again.
func (h *handler) wipe(w http.ResponseWriter, r *http.Request) {
	ctx := context.WithoutCancel(r.Context())
	n, ok := h.find(w, r)
	if !ok {
		return
	}
	var err error
	if n.State.Active() {
		n, err = h.done(ctx, n.ID, h.service.ForceOff)
	}
	if err == nil {
		n, err = h.done(ctx, n.ID, h.service.Wipe)
	}
	h.answer(ctx, w, http.StatusOK, "Node wiped successfully", n, err)
}

type removed struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	ID      string `json:"id"`
}

func (h *handler) remove(w http.ResponseWriter, r *http.Request) {
	n, ok := h.find(w, r)
	if !ok {
		return
	}
	if _, err := h.service.Delete(context.WithoutCancel(r.Context()), n.ID, false); err != nil {
		fail(w, err)
		return
	}
	rest.Reply(w, http.StatusOK, removed{true, "Node deleted successfully", n.ID})
}

// find gives the node of the path. The prototype knew them by their IDs alone.
func (h *handler) find(w http.ResponseWriter, r *http.Request) (n lab.Node, ok bool) {
	id := r.PathValue("id")
	if lab.CheckID(id) != nil {
		say(w, http.StatusNotFound, notFound)
		return n, false
	}
	n, err := h.service.Show(r.Context(), id)
	switch {
	case lab.KindOf(err) == lab.KindNotFound:
		say(w, http.StatusNotFound, notFound)
	case err != nil:
		fail(w, err)
	}
	return n, err == nil
}

// done does what goes on after its verb has returned, and waits for its end.
func (h *handler) done(ctx context.Context, id string, verb func(context.Context, string) (lab.Node, error)) (lab.Node, error) {
	if n, err := verb(ctx, id); err != nil {
		return n, err
	}
	return h.service.Wait(ctx, id)
}

// registerLimit is how long run waits for the gateway to know the node.
const registerLimit = 5 * time.Second

// registered waits until the gateway knows a node that runs, if it is about to.
func (h *handler) registered(ctx context.Context, n lab.Node) lab.Node {
	if n.Gateway.State != lab.Registering {
		return n
	}
	limited, cancel := context.WithTimeout(ctx, registerLimit)
	defer cancel()
	if h.service.SettleGateway(limited) != nil {
		return n
	}
	if known, err := h.service.Show(ctx, n.ID); err == nil {
		return known
	}
	return n
}

// answer tells what became of a node.
func (h *handler) answer(ctx context.Context, w http.ResponseWriter, status int, message string, n lab.Node, err error) {
	switch {
	case lab.KindOf(err) == lab.KindNotFound:
		say(w, http.StatusNotFound, notFound) // it went meanwhile
	case err != nil:
		fail(w, err)
	default:
		rest.Reply(w, status, nodeAnswer{true, message, h.told(ctx, n, h.osTypes(ctx))})
	}
}

type nodeAnswer struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
	node
}
