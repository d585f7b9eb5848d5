package lab

import (
	"context"
	"time"
)

// FolderName names a folder of the program.
type FolderName string

// The folders of the program.
const (
	FolderData     FolderName = "data"     // of nodes and images: what is known of them
	FolderImages   FolderName = "images"   // the bases, in the pool
	FolderOverlays FolderName = "overlays" // what nodes have written, in the pool
	FolderSettings FolderName = "settings"
	FolderState    FolderName = "state" // history, log and crash reports
	FolderLog      FolderName = "log"
	FolderCrashes  FolderName = "crashes"
	FolderCache    FolderName = "cache" // of the window: WebKit makes it, and makes it anew
)

// FolderNames lists them.
var FolderNames = []FolderName{FolderData, FolderImages, FolderOverlays, FolderSettings, FolderState, FolderLog, FolderCrashes, FolderCache}

// Folder is one of them.
type Folder struct {
	Name  FolderName `json:"name"`
	Path  string     `json:"path"`
	Bytes int64      `json:"bytes"` // on the disk
	Files int        `json:"files"`
}

// CrashReport tells how the program ended unexpectedly.
type CrashReport struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	Text string    `json:"text"` // version, what happened, and the end of the log; no secret
}

// Upkeep looks after what the program leaves on this machine beside nodes and images.
type Upkeep interface {
	// Folders gives those there are, the pool's left out, unmeasured.
	Folders() []Folder
	// Measure walks through one and gives what it takes, without what is in the
	// pool. KindNotFound for another name; one that is not there takes nothing.
	Measure(ctx context.Context, name FolderName) (Folder, error)
	// LogTail gives the last lines of the log.
	LogTail(ctx context.Context, lines int) (string, error)
	// Crashes gives the reports that nobody has read, newest first.
	Crashes(ctx context.Context) ([]CrashReport, error)
	// CrashRead notes that one was read; what is gone already MUST succeed.
	CrashRead(ctx context.Context, name string) error
}
