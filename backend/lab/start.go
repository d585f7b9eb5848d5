package lab

import "context"

// AppID is how a desktop knows the program: the name of its .desktop file and of
// its metainfo, and its name on the session bus. The first word says that it is
// nobody's domain.
const AppID = "local.sandboxlabs.SandBoxLabs"

// View is something that the window can be asked to show.
type View string

// What the window can be asked to show.
const (
	ViewCreate   View = "create" // the dialog that makes nodes
	ViewNodes    View = "nodes"
	ViewImages   View = "images"
	ViewHealth   View = "health"
	ViewSettings View = "settings"
)

// Views lists them.
var Views = []View{ViewCreate, ViewNodes, ViewImages, ViewHealth, ViewSettings}

// Opening is what a start of the program asks its window to show; its zero value
// asks for the window as it is.
type Opening struct {
	Hidden  bool     `json:"hidden"`  // no window, but the icon in the tray
	View    View     `json:"view"`    // empty: as it is
	Console string   `json:"console"` // UUID of a node, whose console is opened; empty: none
	Node    string   `json:"node"`    // UUID of one whose details are shown; empty: none
	Files   []string `json:"files"`   // to make images of: absolute paths
}

// Autostart says whether the window is started with the desktop session.
type Autostart struct {
	On      bool   `json:"on"`
	Foreign bool   `json:"foreign"` // File is somebody else's: it decides, and is never changed
	File    string `json:"file"`    // that says so to the desktop, there or not
}

// Autostarter decides over the start with the desktop session.
type Autostarter interface {
	// Autostart tells how it is.
	Autostart(ctx context.Context) (Autostart, error)

	// SetAutostart switches it on or off; what is so already succeeds. KindExists
	// where the file is foreign and would have to be changed. On failure all is
	// as it was.
	SetAutostart(ctx context.Context, on bool) error
}
