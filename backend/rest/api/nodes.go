package api

import (
	"context"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// NodeID is the node that is meant.
type NodeID struct {
	ID string `path:"id" format:"uuid" doc:"UUID of the node."`
}

// newNode is service.CreateInput as it is sent: what is left out takes the
// image's defaults, and where it has none, those of the settings.
type newNode struct {
	Name        string            `json:"name" doc:"Letters, digits, dots, hyphens and underscores, up to 63." minLength:"1" maxLength:"63" example:"web"`
	Image       string            `json:"image" doc:"Name of the image. Of an installer's ISO the node gets an empty disk, and the ISO in its drive." minLength:"1" maxLength:"63" example:"debian-13"`
	VCPUs       int               `json:"vcpus,omitempty" doc:"Virtual CPUs. 0: the image's default." minimum:"0" maximum:"255"`
	MemoryMiB   int               `json:"memoryMiB,omitempty" doc:"Memory in MiB. 0: the image's default." minimum:"0" maximum:"1048576"`
	StopSeconds int               `json:"stopSeconds,omitempty" doc:"Seconds from the request to power off until it is forced off. 0: the settings'." minimum:"0" maximum:"3600"`
	Keymap      string            `json:"keymap,omitempty" doc:"Keyboard layout of its display, as QEMU names it: en-us, de." maxLength:"12"`
	Notes       string            `json:"notes,omitempty" doc:"Markdown, up to 8192 bytes." maxLength:"8192"`
	Start       bool              `json:"start,omitempty" doc:"Start it at once."`
	Clipboard   bool              `json:"clipboard,omitempty" doc:"Share the clipboard with a guest that runs spice-vdagent."`
	DiskGiB     int               `json:"diskGiB,omitempty" doc:"Size of the disk in GiB. 0: as large as the image's, or 20 before an installer's ISO." minimum:"0" maximum:"16384"`
	Firmware    string            `json:"firmware,omitempty" doc:"What it boots by. Left out: as the image wants it, else BIOS." enum:"bios,uefi"`
	TPM         *bool             `json:"tpm,omitempty" doc:"Give it a TPM 2.0. Left out: as the image wants it."`
	Guacamole   map[string]string `json:"guacamole,omitempty" doc:"Parameters of its connection at the gateway, by Guacamole's names for them: read-only, color-depth."`
	FirstBoot   *firstBootInput   `json:"firstBoot,omitempty" doc:"What cloud-init makes of it at its first boot, and again after each wipe. Left out: nothing is told to its system."`
}

// firstBootInput is lab.FirstBootInput as it is sent. Its keys are keys: no file of
// this machine can be named.
type firstBootInput struct {
	HostName      string   `json:"hostName,omitempty" doc:"Left out: the node's name, as a host can have it." maxLength:"64"`
	User          string   `json:"user,omitempty" doc:"Account to be made. Left out: the image's own." maxLength:"32"`
	Password      string   `json:"password,omitempty" doc:"Of that account, in clear. It is hashed at once and never shown." maxLength:"128"`
	SSHKeys       []string `json:"sshKeys,omitempty" doc:"Public keys as in a .pub file (TYPE BASE64 COMMENT), or auto for all that the person has who runs the program." maxItems:"100" pattern:"^(auto|[a-z0-9][a-z0-9@.-]{2,63} [A-Za-z0-9+/]+={0,2}( [^\\x00-\\x1f]*)?)$"`
	Packages      []string `json:"packages,omitempty" doc:"To be installed, by the names of the image's package manager." maxItems:"200"`
	UserData      string   `json:"userData,omitempty" doc:"User data for cloud-init, up to 16384 bytes, in the place of what would be made of the account and the packages." maxLength:"16384"`
	NetworkConfig string   `json:"networkConfig,omitempty" doc:"cloud-init's network configuration, YAML, up to 8192 bytes. Left out: DHCP." maxLength:"8192"`
}

func (n newNode) input() service.CreateInput {
	return service.CreateInput{
		Name: n.Name, Image: n.Image, VCPUs: n.VCPUs, MemoryMiB: n.MemoryMiB, StopSeconds: n.StopSeconds, Keymap: n.Keymap,
		Notes: n.Notes, Start: n.Start, Clipboard: n.Clipboard, DiskGiB: n.DiskGiB, Firmware: lab.Firmware(n.Firmware), TPM: n.TPM,
		Guacamole: n.Guacamole, FirstBoot: (*lab.FirstBootInput)(n.FirstBoot),
	}
}

// nodeChange is service.SetInput as it is sent: what is left out stays.
type nodeChange struct {
	VCPUs       *int              `json:"vcpus,omitempty" doc:"Virtual CPUs; of a running node from its next start on." minimum:"1" maximum:"255"`
	MemoryMiB   *int              `json:"memoryMiB,omitempty" doc:"Memory in MiB; of a running node from its next start on." minimum:"32" maximum:"1048576"`
	StopSeconds *int              `json:"stopSeconds,omitempty" doc:"Seconds from the request to power off until it is forced off. 0: the settings'." minimum:"0" maximum:"3600"`
	Notes       *string           `json:"notes,omitempty" doc:"Markdown, up to 8192 bytes." maxLength:"8192"`
	Keymap      *string           `json:"keymap,omitempty" doc:"Keyboard layout of its display, as QEMU names it: en-us, de. Empty: QEMU's own." maxLength:"12"`
	Clipboard   *bool             `json:"clipboard,omitempty" doc:"Share the clipboard with a guest that runs spice-vdagent; of a running node from its next start on."`
	Medium      *string           `json:"medium,omitempty" doc:"Name of the image to be in its drive. Empty: what is in it is taken out." maxLength:"63"`
	Guacamole   map[string]string `json:"guacamole,omitempty" doc:"All parameters of its connection at the gateway; those that are left out take their defaults."`
}

// rename is what something is to be called.
type rename struct {
	Name string `json:"name" doc:"Letters, digits, dots, hyphens and underscores, up to 63." minLength:"1" maxLength:"63"`
}

// listedNodes says which nodes.
type listedNodes struct {
	Paging
	State []lab.State `query:"state" enum:"stopped,starting,running,paused,stopping,failed,missing" doc:"Only those in one of these states, with commas between."`
	Name  string      `query:"name" maxLength:"63" doc:"Only those whose name contains this, in whatever case."`
	Image string      `query:"image" maxLength:"63" doc:"Only those made from the image of this name."`
	Base  string      `query:"base" maxLength:"100" doc:"Only those whose disk stands on this volume."`
}

func (l listedNodes) has(v lab.Node) bool {
	return among(l.State, v.State) && holds(v.Name, l.Name) && (l.Image == "" || l.Image == v.Image) && (l.Base == "" || l.Base == v.Base)
}

func nodeKey(v lab.Node) string { return v.Name + "\x00" + v.ID }

const tagNodes = "Nodes"

func (a *API) addNodes() {
	add(a, operation{
		method: http.MethodGet, path: "/nodes", id: "listNodes", tag: tagNodes, verbs: []string{"List"},
		summary: "List the nodes, by name",
	}, func(ctx context.Context, in *listedNodes) (*answer[page[lab.Node]], error) {
		all, err := a.Service.List(ctx)
		if err != nil {
			return nil, err
		}
		return cut(matching(all, in.has), in.Paging, nodeKey)
	})
	act(a, operation{
		method: http.MethodPost, path: "/nodes", id: "createNode", tag: tagNodes, verbs: []string{"Create"}, status: http.StatusCreated,
		summary: "Make a node from an image",
		about:   "It takes milliseconds: the node's disk is an overlay on the image. With `start` the node is answered as `starting`.",
	}, func(ctx context.Context, in *struct {
		Idempotent
		Body newNode
	},
	) (*created[lab.Node], error) {
		v, err := a.Service.Create(ctx, in.Body.input())
		return madeNode(v), err
	})
	a.addNode()
}

// addNode adds what can be asked of one node as a whole.
func (a *API) addNode() {
	add(a, operation{
		method: http.MethodGet, path: "/nodes/{id}", id: "showNode", tag: tagNodes, verbs: []string{"Show", "Wait"}, also: notModified,
		summary: "Show a node",
	}, a.showNode)
	act(a, operation{
		method: http.MethodPatch, path: "/nodes/{id}", id: "changeNode", tag: tagNodes, verbs: []string{"Set"}, also: outdated,
		summary: "Change a node's resources, notes and drive",
	}, func(ctx context.Context, in *struct {
		NodeID
		Conditional
		Body nodeChange
	},
	) (*tagged[lab.Node], error) {
		return in.changed(ctx, func(ctx context.Context) (lab.Node, error) {
			return a.Service.Set(ctx, in.ID, service.SetInput(in.Body))
		})
	})
	act(a, operation{
		method: http.MethodDelete, path: "/nodes/{id}", id: "deleteNode", tag: tagNodes, verbs: []string{"Delete"}, also: outdated,
		summary: "Delete a node",
		about:   "It is forced off and taken from libvirt. Its disks stay for a time, listed under `/deleted-nodes`, from where it can be restored; with `purge` nothing stays. The answer is the node as it was last.",
	}, func(ctx context.Context, in *struct {
		NodeID
		Conditional
		Purge bool `query:"purge" doc:"Keep nothing of it."`
	},
	) (*tagged[lab.Node], error) {
		return in.changed(ctx, func(ctx context.Context) (lab.Node, error) { return a.Service.Delete(ctx, in.ID, in.Purge) })
	})
}

func (a *API) showNode(ctx context.Context, in *struct {
	NodeID
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag that you have: if the node is still that, the answer is 304 without a body."`
	Wait        int    `query:"wait" minimum:"0" maximum:"60" doc:"Answer once nothing is being done to the node, at the latest after so many seconds."`
},
) (*cached[lab.Node], error) {
	if in.Wait > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(in.Wait)*time.Second)
		defer cancel()
		// Whatever it ends with, the node itself tells.
		_, _ = a.Service.Wait(limited, in.ID)
	}
	v, err := a.Service.Show(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return unlessHad(v, nodeTag(v), in.IfNoneMatch)
}

// madeNode is the answer for a new node.
func madeNode(v lab.Node) *created[lab.Node] {
	return &created[lab.Node]{Location: Prefix + "/nodes/" + v.ID, ETag: nodeTag(v), Body: v}
}

// changed gives the answer of a verb that changes a node, if that is what If-Match names.
func (m Conditional) changed(ctx context.Context, do func(context.Context) (lab.Node, error)) (*tagged[lab.Node], error) {
	ctx, err := m.node(ctx)
	if err != nil {
		return nil, err
	}
	v, err := do(ctx)
	return &tagged[lab.Node]{ETag: nodeTag(v), Body: v}, err
}

// Idempotent documents what replies does.
type Idempotent struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"257" doc:"Any word of your own, such as a UUID. The same request with the same key is done once: it is answered as it was the first time, for a day, or until 1000 others came, or the program ended."`
}

// matching gives the values that pass.
func matching[T any](all []T, pass func(T) bool) []T {
	some := []T{}
	for _, v := range all {
		if pass(v) {
			some = append(some, v)
		}
	}
	return some
}

// listed is a list that is one in JSON though nothing is in it.
func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
