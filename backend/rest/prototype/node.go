package prototype

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// node is one as the prototype told it.
type node struct {
	ID               string    `json:"id"`
	Name             string    `json:"name"`
	OSType           string    `json:"osType"`
	Status           string    `json:"status"` // running or stopped
	OverlayPath      string    `json:"overlayPath"`
	VNCPort          *int      `json:"vncPort"` // these three: null while stopped
	GuacConnectionID *int      `json:"guacConnectionId"`
	GuacURL          *string   `json:"guacUrl"`
	CreatedAt        *moment   `json:"createdAt"`
	UpdatedAt        *moment   `json:"updatedAt"`
	StartedAt        *moment   `json:"startedAt"` // these three: null if it never was
	StoppedAt        *moment   `json:"stoppedAt"`
	WipedAt          *moment   `json:"wipedAt"`
	Resources        resources `json:"resources"`
}

type resources struct {
	RAM  int `json:"ram"` // MiB
	CPUs int `json:"cpus"`
}

// moment is a time as JavaScript writes it (Date.prototype.toISOString).
type moment time.Time

// MarshalText writes it.
func (m moment) MarshalText() ([]byte, error) {
	return []byte(time.Time(m).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

func at(t *time.Time) *moment { return (*moment)(t) }

// told is a node in the prototype's words. What its history does not tell, or
// the gateway does not, is null.
func (h *handler) told(ctx context.Context, n lab.Node, osTypes map[string]string) node {
	v := node{
		ID: n.ID, Name: n.Name, OSType: cmp.Or(osTypes[n.Image], n.Image), Status: "stopped", OverlayPath: n.Overlay.Path,
		CreatedAt: at(&n.CreatedAt), StartedAt: at(n.StartedAt), WipedAt: at(n.WipedAt),
		Resources: resources{RAM: n.MemoryMiB, CPUs: n.VCPUs},
	}
	last := n.CreatedAt
	for _, t := range []*time.Time{n.StartedAt, n.WipedAt} {
		if t != nil && t.After(last) {
			last = *t
		}
	}
	if moments, err := h.service.History(ctx, n.ID); err == nil {
		v.StoppedAt = lastStop(moments)
		for _, m := range moments {
			if m.At.After(last) {
				last = m.At
			}
		}
	}
	v.UpdatedAt = at(&last)
	if n.State.Active() {
		v.Status = "running"
		h.reach(ctx, &v, n)
	}
	return v
}

// lastStop is when a node was stopped last.
func lastStop(moments []lab.Moment) *moment {
	for _, m := range slices.Backward(moments) {
		if m.Kind == lab.MomentStopped {
			return at(&m.At)
		}
	}
	return nil
}

// reach tells how the console of a node that runs is reached.
func (h *handler) reach(ctx context.Context, v *node, n lab.Node) {
	if n.VNC != nil {
		v.VNCPort = &n.VNC.Port
	}
	if n.Gateway.State != lab.Registered {
		return
	}
	link, err := h.service.ConsoleLink(ctx, n.ID)
	if err != nil {
		return // the node is told of all the same
	}
	v.GuacURL, v.GuacConnectionID = &link, connectionOf(link)
}

// connectionOf reads the number of a connection from the address of its page in
// Guacamole, whose fragment is /client/ and in base64 the number, "c" and the data
// source, with zero bytes between; nil if it is not such.
func connectionOf(link string) *int {
	u, err := url.Parse(link)
	if err != nil {
		return nil
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(u.Fragment, "/client/"), "?")
	text, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(text), "\x00")
	number, err := strconv.Atoi(first)
	if err != nil {
		return nil
	}
	return &number
}
