package lab

import "time"

// EventKind says which field of an Event is set.
type EventKind string

// The kinds of event.
const (
	EventSnapshot     EventKind = "snapshot"      // Nodes, Images, Link, Gateway, Desktop, Room, Migration: everything, a subscriber's first event
	EventNode         EventKind = "node"          // Node: its whole new value
	EventNodeRemoved  EventKind = "node_removed"  // ID: the node is no longer listed
	EventHistory      EventKind = "history"       // ID: one more moment is told of the node, when it is asked for
	EventImage        EventKind = "image"         // Image: its whole new value
	EventImageRemoved EventKind = "image_removed" // ID: name of the image that is no longer listed
	EventLink         EventKind = "link"          // Link: the connection to libvirt came or went, or could not be restored once more
	EventGateway      EventKind = "gateway"       // Gateway: its whole new status
	EventDesktop      EventKind = "desktop"       // Desktop: what was chosen of it, as it is now
	EventSettings     EventKind = "settings"      // what is set, also of the gateway, is other than it was, or can no longer be read: it is told when asked for
	EventRoom         EventKind = "room"          // Room: it became short, shorter, or enough again
	EventMigration    EventKind = "migration"     // Migration: its whole new value
)

// EventKinds lists every kind of event.
var EventKinds = []EventKind{EventSnapshot, EventNode, EventNodeRemoved, EventHistory, EventImage, EventImageRemoved, EventLink, EventGateway, EventDesktop, EventSettings, EventRoom, EventMigration}

// Event carries the whole new value of one thing, never a delta: a reader that
// lost some of them is right again with the next one.
type Event struct {
	Kind    EventKind      `json:"kind"`
	Nodes   []Node         `json:"nodes,omitempty"`
	Images  []Image        `json:"images,omitempty"`
	Node    *Node          `json:"node,omitempty"`
	Image   *Image         `json:"image,omitempty"`
	ID      string         `json:"id,omitempty"`
	Link    *Link          `json:"link,omitempty"`
	Gateway *GatewayStatus `json:"gateway,omitempty"`
	Desktop *Desktop       `json:"desktop,omitempty"`
	Room    *Room          `json:"room,omitempty"` // nil: not known yet

	Migration *Migration `json:"migration,omitempty"` // under way, or the last one; nil: there was none
}

// Link is the state of the connection to libvirt.
type Link struct {
	Connected bool       `json:"connected"`
	URI       string     `json:"uri"`
	Problem   *Problem   `json:"problem,omitempty"` // why not connected
	Since     *time.Time `json:"since,omitempty"`   // when it was lost, or was first found not to be there; nil while connected
	Attempts  int        `json:"attempts"`          // to connect that have failed since then
}
