// Package app is the desktop window: the service's verbs bound to the page, its
// events forwarded, and what only a desktop has (a file dialog, one instance, an
// icon in the tray). It is the only importer of Wails and, with what is below it,
// of D-Bus.
package app

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/app/notify"
	"sandboxlabs/app/tray"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
	"sandboxlabs/backend/words"
)

// App is bound to the page as window.go.app.App. Every exported method is a
// call the page can make; parameters are plain strings where the service has
// named ones, because the generated types do not declare those.
type App struct {
	service *service.Service
	folders Folders
	started chan struct{}   // closed when the window is there
	ctx     context.Context // of the window, from then on; runtime calls accept no other
	forward forwarder
	again   atomic.Bool // the program is to begin anew once the window is closed
	opening opening

	tray    *tray.Tray
	notices *notify.Notifier
	looks   appearance
	end     context.CancelFunc
	ready   chan struct{} // closed when what is above is there
	woken   chan struct{} // closed when the window is to be there
	wake    func()        // closes it
	hidden  atomic.Bool   // the window is in the tray
	asked   atomic.Bool   // what closing it is to do, and nobody has answered
	telling atomic.Bool   // with that, that nodes go on
	leaving atomic.Bool   // the program ends
}

// New makes the calls over a service.
func New(s *service.Service, f Folders) *App {
	a := &App{service: s, folders: f, started: make(chan struct{}), ready: make(chan struct{}), woken: make(chan struct{})}
	a.wake = sync.OnceFunc(func() { close(a.woken) })
	return a
}

// List gives every node.
func (a *App) List() ([]lab.Node, error) { return none(a, a.service.List) }

// Show gives one node.
func (a *App) Show(node string) (lab.Node, error) { return one(a, a.service.Show, node) }

// Create makes a node.
func (a *App) Create(in service.CreateInput) (lab.Node, error) { return one(a, a.service.Create, in) }

// FirstBoot tells what there is to choose from for a node's first boot.
func (a *App) FirstBoot() (lab.FirstBootChoices, error) { return none(a, a.service.FirstBoot) }

// Start boots a node.
func (a *App) Start(node string) (lab.Node, error) { return one(a, a.service.Start, node) }

// Stop asks a node to power off.
func (a *App) Stop(node string) (lab.Node, error) { return one(a, a.service.Stop, node) }

// ForceOff pulls a node's plug.
func (a *App) ForceOff(node string) (lab.Node, error) { return one(a, a.service.ForceOff, node) }

// Reboot restarts a node's guest.
func (a *App) Reboot(node string) (lab.Node, error) { return one(a, a.service.Reboot, node) }

// Pause stands a node's vCPUs still.
func (a *App) Pause(node string) (lab.Node, error) { return one(a, a.service.Pause, node) }

// Resume lets a paused node run.
func (a *App) Resume(node string) (lab.Node, error) { return one(a, a.service.Resume, node) }

// Wipe gives a node a fresh overlay.
func (a *App) Wipe(node string) (lab.Node, error) { return one(a, a.service.Wipe, node) }

// UndoWipe brings the overlay before the last wipe back.
func (a *App) UndoWipe(node string) (lab.Node, error) { return one(a, a.service.UndoWipe, node) }

// Delete removes a node; purge leaves nothing to restore.
func (a *App) Delete(node string, purge bool) (lab.Node, error) {
	return two(a, a.service.Delete, node, purge)
}

// Restore makes a missing or deleted node again.
func (a *App) Restore(node string) (lab.Node, error) { return one(a, a.service.Restore, node) }

// Rename gives a node another name.
func (a *App) Rename(node, name string) (lab.Node, error) {
	return two(a, a.service.Rename, node, name)
}

// Set changes a node's resources and notes.
func (a *App) Set(node string, in service.SetInput) (lab.Node, error) {
	return two(a, a.service.Set, node, in)
}

// Clone makes a node like another.
func (a *App) Clone(node string, in service.CloneInput) (lab.Node, error) {
	return two(a, a.service.Clone, node, in)
}

// Deleted gives the nodes that can be restored.
func (a *App) Deleted() ([]lab.Node, error) { return none(a, a.service.Deleted) }

// Usage tells what the running nodes use.
func (a *App) Usage() ([]lab.Usage, error) { return none(a, a.service.Usage) }

// Inspect tells what stands behind a node.
func (a *App) Inspect(node string) (lab.Inspection, error) { return one(a, a.service.Inspect, node) }

// History tells what happened to a node.
func (a *App) History(node string) ([]lab.Moment, error) { return one(a, a.service.History, node) }

// Host tells what the machine can do and has free now.
func (a *App) Host() (lab.Host, error) { return none(a, a.service.Host) }

// Preferences gives what the page asked to find again.
func (a *App) Preferences() (map[string]string, error) {
	p, err := none(a, a.service.Preferences)
	return p, err
}

// Prefer keeps what the page wants to find again.
func (a *App) Prefer(p map[string]string) error { return only(a, a.service.Prefer, lab.Preferences(p)) }

// Images gives the library.
func (a *App) Images() ([]lab.Image, error) { return none(a, a.service.Images) }

// Catalogue gives the images that publishers offer.
func (a *App) Catalogue() (lab.Offers, error) { return none(a, a.service.Catalogue) }

// ProbeImage tells what can be made of a local file.
func (a *App) ProbeImage(path string) (lab.Probe, error) { return one(a, a.service.ProbeImage, path) }

// ChangeImage gives an image other defaults for its nodes.
func (a *App) ChangeImage(name string, to lab.Defaults) (lab.Image, error) {
	return two(a, a.service.ChangeImage, name, to)
}

// AddImage begins to make an image of a file.
func (a *App) AddImage(in service.AddImageInput) (lab.Image, error) {
	return one(a, a.service.AddImage, in)
}

// VerifyImage begins to compare an image's checksum.
func (a *App) VerifyImage(name string) (lab.Image, error) { return one(a, a.service.VerifyImage, name) }

// CompressImage begins to make an image take less room.
func (a *App) CompressImage(name string) (lab.Image, error) {
	return one(a, a.service.CompressImage, name)
}

// ResizeImage begins to let the disk of an image grow.
func (a *App) ResizeImage(name string, bytes int64) (lab.Image, error) {
	return two(a, a.service.ResizeImage, name, bytes)
}

// RenameImage gives an image another name.
func (a *App) RenameImage(name, to string) (lab.Image, error) {
	return two(a, a.service.RenameImage, name, to)
}

// PruneImages gives what no node uses, and removes what in names of it.
func (a *App) PruneImages(in service.PruneInput) ([]lab.Unused, error) {
	return one(a, a.service.PruneImages, in)
}

// CancelImage ends an addition under way.
func (a *App) CancelImage(name string) error { return only(a, a.service.CancelImage, name) }

// RemoveImage deletes an image no node stands on.
func (a *App) RemoveImage(name string) error { return only(a, a.service.RemoveImage, name) }

// Health is the doctor's report.
func (a *App) Health() (lab.Health, error) { return none(a, a.service.Health) }

// Console gives a ticket for a console; kind is a lab.ConsoleKind.
func (a *App) Console(node, kind string) (lab.Ticket, error) {
	return two(a, a.service.Console, node, lab.ConsoleKind(kind))
}

// ConsoleLink gives the address of a node's console in the gateway's web application.
func (a *App) ConsoleLink(node string) (string, error) { return one(a, a.service.ConsoleLink, node) }

// Gateway tells all there is to tell of the gateway.
func (a *App) Gateway() (lab.GatewayReport, error) { return none(a, a.service.Gateway) }

// SetGateway keeps and applies settings of the gateway.
func (a *App) SetGateway(in lab.GatewaySettings) (lab.GatewayStatus, error) {
	return one(a, a.service.SetGateway, in)
}

// TestGateway tries settings of a gateway step by step.
func (a *App) TestGateway(in lab.GatewaySettings) ([]lab.Check, error) {
	return one(a, a.service.TestGateway, in)
}

// GatewayUp brings the gateway's containers up.
func (a *App) GatewayUp() (lab.GatewayStatus, error) { return none(a, a.service.GatewayUp) }

// GatewayDown takes the gateway's containers down.
func (a *App) GatewayDown() (lab.GatewayStatus, error) { return none(a, a.service.GatewayDown) }

// GatewayLogs gives the end of the containers' log.
func (a *App) GatewayLogs() (string, error) { return none(a, a.service.GatewayLogs) }

// Autostart tells whether the window is started with the desktop session.
func (a *App) Autostart() (lab.Autostart, error) { return none(a, a.service.Autostart) }

// SetAutostart switches that on or off.
func (a *App) SetAutostart(on bool) (lab.Autostart, error) { return one(a, a.service.SetAutostart, on) }

// Settings gives what the person sets.
func (a *App) Settings() (lab.Settings, error) { return none(a, a.service.Settings) }

// ChangeSettings sets some of it.
func (a *App) ChangeSettings(in lab.SettingsChange) (lab.Settings, error) {
	return one(a, a.service.ChangeSettings, in)
}

// Folders tells where the program keeps what.
func (a *App) Folders() ([]lab.Folder, error) { return none(a, a.service.Folders) }

// MeasureFolder tells what a folder takes; name is a lab.FolderName.
func (a *App) MeasureFolder(name string) (lab.Folder, error) {
	return one(a, a.service.MeasureFolder, lab.FolderName(name))
}

// Log gives the end of the program's log.
func (a *App) Log() (string, error) { return none(a, a.service.Log) }

// Crashes gives the reports that nobody has read.
func (a *App) Crashes() ([]lab.CrashReport, error) { return none(a, a.service.Crashes) }

// CrashRead notes that a report was read.
func (a *App) CrashRead(name string) error { return only(a, a.service.CrashRead, name) }

// Complain writes what went wrong in the page to the log.
func (a *App) Complain(text string) error { return only(a, a.service.Complain, text) }

// PickFile asks the person for a disk's file and gives its path, empty if they
// thought better of it.
func (a *App) PickFile() (path string, err error) {
	defer recovered(&err)
	return runtime.OpenFileDialog(a.ctx, runtime.OpenDialogOptions{
		Title: words.Text("Choose the image of a disk"),
		Filters: []runtime.FileFilter{
			{DisplayName: words.Text("Disk images"), Pattern: "*.qcow2;*.qcow;*.img;*.raw;*.vmdk;*.vdi;*.vhd;*.vhdx;*.ova;*.ovf;*.iso;*.gz;*.xz;*.zst;*.bz2"},
			{DisplayName: words.Text("All files"), Pattern: "*"},
		},
	})
}
