package lab

// CloseMode says what closing the window does.
type CloseMode string

// What closing the window does. Nodes go on running in any case.
const (
	CloseAuto CloseMode = "auto" // it hides where a tray shows how to bring it back, and ends the program elsewhere
	CloseHide CloseMode = "hide" // it hides; where no tray is, it ends the program
	CloseQuit CloseMode = "quit" // it ends the program
	CloseAsk  CloseMode = "ask"  // it asks which of the two
)

// CloseModes lists them.
var CloseModes = []CloseMode{CloseAuto, CloseHide, CloseQuit, CloseAsk}

// Notice is a kind of desktop notification.
type Notice string

// The kinds of desktop notification.
const (
	NoticeStopped Notice = "stopped" // a node stopped by itself, or failed
	NoticeImages  Notice = "images"  // an image is there, or could not be made
	NoticeWipes   Notice = "wipes"   // a wipe is done, and can be undone
	NoticeDisk    Notice = "disk"    // the disk of the pool is nearly full
)

// Notices lists them.
var Notices = []Notice{NoticeStopped, NoticeImages, NoticeWipes, NoticeDisk}

// Desktop is what a person chooses of how the program behaves on their desktop.
type Desktop struct {
	Close   CloseMode `json:"close"`
	Tray    bool      `json:"tray"`    // an icon in it, where the desktop has one
	Notices []Notice  `json:"notices"` // that are shown

	Language string `json:"language"` // of texts, as in "de"; empty: the desktop's
	Scheme   string `json:"scheme"`   // of colours, "dark" or "light"; empty: the desktop's
}
