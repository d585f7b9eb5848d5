package api

import (
	"context"
	"math"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// actions are what a node can be asked to do, without more words.
var actions = []struct {
	word, verb, summary, about string
	do                         func(*service.Service, context.Context, string) (lab.Node, error)
}{
	{"start", "Start", "Start a node", "It is answered as `starting`.", (*service.Service).Start},
	{"stop", "Stop", "Ask a node's guest to power off", "It is answered as `stopping`; after the node's stop limit it is forced off.", (*service.Service).Stop},
	{"force-off", "ForceOff", "Pull a node's plug", "", (*service.Service).ForceOff},
	{"reboot", "Reboot", "Ask a node's guest to reboot", "", (*service.Service).Reboot},
	{"pause", "Pause", "Halt a node's vCPUs", "", (*service.Service).Pause},
	{"resume", "Resume", "Let a paused node go on", "", (*service.Service).Resume},
	{"wipe", "Wipe", "Give a node a fresh disk", "UUID, name, MAC and console stay. A running node is forced off and started again, and is answered as `stopping`. The old disk is kept for `undo-wipe` until the time and size of the settings.", (*service.Service).Wipe},
	{"undo-wipe", "UndoWipe", "Give a node the disk back from before its last wipe", "The present disk is kept as long.", (*service.Service).UndoWipe},
	{"restore", "Restore", "Make a deleted or missing node again", "On the disk it had, or on a fresh one if that is gone.", (*service.Service).Restore},
}

func (a *API) addActions() {
	for _, action := range actions {
		act(a, operation{
			method: http.MethodPost, path: "/nodes/{id}/" + action.word, id: camel(action.word) + "Node", tag: tagNodes, verbs: []string{action.verb}, also: outdated,
			summary: action.summary, about: action.about,
		}, func(ctx context.Context, in *struct {
			NodeID
			Conditional
			Idempotent
		},
		) (*tagged[lab.Node], error) {
			return in.changed(ctx, func(ctx context.Context) (lab.Node, error) { return action.do(a.Service, ctx, in.ID) })
		})
	}
	a.addNaming()
	a.addConsoles()
	a.addLooks()
	a.addBulk()
}

// camel turns undo-wipe into undoWipe.
func camel(words string) string {
	out := []byte{}
	for i := 0; i < len(words); i++ {
		if words[i] == '-' && i+1 < len(words) {
			i++
			out = append(out, words[i]-'a'+'A')
			continue
		}
		out = append(out, words[i])
	}
	return string(out)
}

func (a *API) addNaming() {
	act(a, operation{
		method: http.MethodPost, path: "/nodes/{id}/rename", id: "renameNode", tag: tagNodes, verbs: []string{"Rename"}, also: outdated,
		summary: "Give a node that is off another name",
	}, func(ctx context.Context, in *struct {
		NodeID
		Conditional
		Idempotent
		Body rename
	},
	) (*tagged[lab.Node], error) {
		return in.changed(ctx, func(ctx context.Context) (lab.Node, error) { return a.Service.Rename(ctx, in.ID, in.Body.Name) })
	})
	act(a, operation{
		method: http.MethodPost, path: "/nodes/{id}/clones", id: "cloneNode", tag: tagNodes, verbs: []string{"Clone"}, status: http.StatusCreated,
		summary: "Make a node like another",
	}, func(ctx context.Context, in *struct {
		NodeID
		Idempotent
		Body struct {
			Name     string `json:"name" doc:"Of the new node." minLength:"1" maxLength:"63"`
			CopyDisk bool   `json:"copyDisk,omitempty" doc:"Take the content of the disk along, for which the node must be off. Otherwise the new one starts clean."`
		} `nameHint:"NewClone"`
	},
	) (*created[lab.Node], error) {
		v, err := a.Service.Clone(ctx, in.ID, service.CloneInput(in.Body))
		return madeNode(v), err
	})
}

func (a *API) addConsoles() {
	act(a, operation{
		method: http.MethodPost, path: "/nodes/{id}/console", id: "openConsole", tag: tagNodes, verbs: []string{"Console"}, status: http.StatusCreated,
		summary: "Get a ticket for a console of an active node",
		about:   "The ticket opens one WebSocket, once, within a short time.",
	}, func(ctx context.Context, in *struct {
		NodeID
		Idempotent
		Body struct {
			Kind lab.ConsoleKind `json:"kind" enum:"vnc,serial,tunnel,visit" doc:"vnc: RFB in binary frames. serial: the bytes of the first serial port. tunnel: the display through the gateway, in the Guacamole protocol. visit: an address for a browser."`
		} `nameHint:"ConsoleRequest"`
	},
	) (*answer[lab.Ticket], error) {
		v, err := a.Service.Console(ctx, in.ID, in.Body.Kind)
		return &answer[lab.Ticket]{v}, err
	})
	act(a, operation{
		method: http.MethodPost, path: "/nodes/{id}/console-link", id: "linkConsole", tag: tagNodes, verbs: []string{"ConsoleLink"}, status: http.StatusCreated,
		summary: "Get the address of a console in the gateway's web application",
	}, func(ctx context.Context, in *struct {
		NodeID
		Idempotent
	},
	) (*answer[lab.Ticket], error) {
		v, err := a.Service.ConsoleLink(ctx, in.ID)
		return &answer[lab.Ticket]{lab.Ticket{URL: v}}, err
	})
}

// addLooks adds what shows more of a node.
func (a *API) addLooks() {
	add(a, operation{
		method: http.MethodGet, path: "/nodes/{id}/screenshot", id: "screenshotNode", tag: tagNodes, verbs: []string{"Screenshot"},
		summary: "See the display of an active node, as PNG",
	}, a.screenshot)
	shown := a.huma.OpenAPI().Paths["/nodes/{id}/screenshot"].Get.Responses["200"]
	shown.Content = map[string]*huma.MediaType{"image/png": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	add(a, operation{
		method: http.MethodGet, path: "/nodes/{id}/inspection", id: "inspectNode", tag: tagNodes, verbs: []string{"Inspect"},
		summary: "See a node's libvirt definition and its guest's addresses",
	}, func(ctx context.Context, in *NodeID) (*answer[lab.Inspection], error) {
		v, err := a.Service.Inspect(ctx, in.ID)
		return &answer[lab.Inspection]{v}, err
	})
	add(a, operation{
		method: http.MethodGet, path: "/nodes/{id}/history", id: "nodeHistory", tag: tagNodes, verbs: []string{"History"},
		summary: "See what happened to a node, oldest first", about: "Of deleted nodes too; the newest 500 moments.",
	}, func(ctx context.Context, in *NodeID) (*answer[[]lab.Moment], error) {
		v, err := a.Service.History(ctx, in.ID)
		return &answer[[]lab.Moment]{listed(v)}, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/usage", id: "listUsage", tag: tagNodes, verbs: []string{"Usage"},
		summary: "See what the running nodes have used since their start",
		about:   "The counters only grow: two readings give a rate.",
	}, func(ctx context.Context) ([]lab.Usage, error) {
		v, err := a.Service.Usage(ctx)
		return listed(v), err
	})
}

// timeKey is a number as text of the same order.
func timeKey(n int64) string {
	text := strconv.FormatUint(uint64(n)+math.MaxInt64+1, 16)
	return ("0000000000000000" + text)[len(text):]
}

type picture struct {
	ContentType string `header:"Content-Type" doc:"image/png"`
	Body        []byte
}

func (a *API) screenshot(ctx context.Context, in *struct {
	NodeID
	Width int `query:"width" minimum:"0" maximum:"4096" doc:"No wider than so many pixels, at least 16. 0: as it is."`
},
) (*picture, error) {
	if in.Width > 0 && in.Width < 16 {
		return nil, lab.Errorf(lab.KindInvalid, "%d pixels are too few", in.Width).WithHint("Choose 16 or more, or 0.")
	}
	png, err := a.Picture(ctx, in.ID, in.Width)
	return &picture{"image/png", png}, err
}

func (a *API) addBulk() {
	act(a, operation{
		method: http.MethodPost, path: "/bulk", id: "bulk", tag: tagNodes, verbs: []string{"Bulk"},
		summary: "Start, stop, wipe or delete many nodes, and wait until it is done",
		about:   "A few are worked on at once (`bulk.limit` of the settings). There is one result for each, in the order of the request, and none fails the others.",
	}, func(ctx context.Context, in *struct {
		Idempotent
		Body struct {
			Verb  service.BulkVerb `json:"verb" enum:"start,stop,wipe,delete" doc:"What to do."`
			Nodes []string         `json:"nodes" format:"uuid" maxItems:"1000" doc:"UUIDs of the nodes."`
		} `nameHint:"BulkRequest"`
	},
	) (*answer[[]service.BulkResult], error) {
		v, err := a.Service.Bulk(ctx, service.BulkInput(in.Body))
		return &answer[[]service.BulkResult]{v}, err
	})
}

// addDeleted adds what is left of deleted nodes.
func (a *API) addDeleted() {
	add(a, operation{
		method: http.MethodGet, path: "/deleted-nodes", id: "listDeletedNodes", tag: tagNodes, verbs: []string{"Deleted"},
		summary: "List the nodes that can be restored, the one deleted last first",
	}, func(ctx context.Context, in *Paging) (*answer[page[lab.Node]], error) {
		all, err := a.Service.Deleted(ctx)
		if err != nil {
			return nil, err
		}
		return cut(all, *in, func(v lab.Node) string { return timeKey(-v.DeletedAt.UnixNano()) + v.ID })
	})
	act(a, operation{
		method: http.MethodDelete, path: "/deleted-nodes/{id}", id: "purgeNode", tag: tagNodes, verbs: []string{"Delete"},
		summary: "Remove what is left of a deleted node",
	}, func(ctx context.Context, in *NodeID) (*none, error) {
		gone, err := a.Service.Deleted(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range gone {
			if v.ID == in.ID {
				_, err := a.Service.Delete(ctx, in.ID, true)
				return nil, err
			}
		}
		return nil, lab.Errorf(lab.KindNotFound, "no deleted node has that UUID")
	})
}
